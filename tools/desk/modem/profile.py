"""What a simulated modem is and how long it takes: identity, timings and revision quirks.

Times are milliseconds of the modem's own clock, before `delay_factor`. The defaults are the
dialogues of hardware facts 4.9; a `[?]` there is a switch here.
"""

from dataclasses import dataclass, field


@dataclass
class Identity:
    """Texts the module reports about itself, its SIM and its network."""

    product: str = "SIM800 R14.18"
    model: str = "SIMCOM_SIM800L"
    revision: str = "1418B05SIM800L24"
    imei: str = "869988012345678"
    imsi: str = "262011234567890"
    iccid: str = "8949020000012345678F"
    own_number: str = "+491701234567"
    sms_centre: str = "+491710760000"
    operator: str = "Telekom.de"
    operator_short: str = "T-Mobile D"
    operator_code: str = "26201"
    lac: str = "3AA1"
    cell_id: str = "12F4"
    ip_address: str = "10.178.45.9"


@dataclass
class Timing:
    """Delays in ms. Boot times count from the previous step of the start-up."""

    boot_noise_ms: int = 900
    boot_sync_ms: int = 2100
    boot_rdy_ms: int = 300
    boot_cfun_ms: int = 50
    boot_cpin_ms: int = 40
    boot_call_ready_ms: int = 6000
    boot_sms_ready_ms: int = 0
    sim_busy_ms: int = 0
    register_ms: int = 3500
    attach_ms: int = 500
    nitz_ms: int = 800
    command_ms: int = 10
    pin_unlock_ms: int = 700
    prompt_ms: int = 20
    cipshut_ms: int = 300
    ciicr_ms: int = 900
    ciicr_refused_ms: int = 30000
    cgatt_ms: int = 1500
    cgatt_failed_ms: int = 9000
    dns_ms: int = 400
    dns_failed_ms: int = 8000
    connect_ms: int = 700
    connect_timeout_ms: int = 75000
    ack_ms: int = 400
    no_ack_give_up_ms: int = 645000
    close_ms: int = 150
    bearer_loss_ms: int = 5000
    downlink_ms: int = 150
    sms_send_ms: int = 2500
    sms_refused_ms: int = 3000
    sms_part_ms: int = 400
    sms_report_ms: int = 3000
    sms_retry_ms: int = 2000
    sms_delete_ms: int = 100
    sms_delete_all_ms: int = 1500
    cfun_ms: int = 900
    cfun_on_ms: int = 400
    flight_ready_ms: int = 3000
    cops_ms: int = 800
    cops_scan_ms: int = 12000
    ring_ms: int = 3000
    ussd_ms: int = 2500
    dial_ms: int = 800
    power_down_ms: int = 1500
    sleep_after_ms: int = 5000
    wake_ms: int = 100
    dtr_wake_ms: int = 50
    escape_guard_ms: int = 1000
    ntp_ms: int = 3000


@dataclass
class Quirks:
    """Behaviours that differ between firmware revisions (hardware facts 4.8 and 8, doubt 3)."""

    cip_errors_are_cme: bool = False
    read_after_close_fails: bool = False
    urc_during_prompt: bool = False
    input_while_busy_merges: bool = False
    ipd_follows_payload_directly: bool = True
    ucs2_length_counts_octets: bool = False
    sms_needs_sms_ready: bool = True
    local_port_hold_ms: int = 0
    opens_ok_first: bool = False
    cut_first_echo_after_sync: bool = True


@dataclass
class Profile:
    """Everything that is fixed about one simulated modem with its SIM and subscription."""

    identity: Identity = field(default_factory=Identity)
    timing: Timing = field(default_factory=Timing)
    quirks: Quirks = field(default_factory=Quirks)
    # What kind of modem: SIM800 or SIM7000.
    dialect: str = "SIM800"
    # Registered by LTE-M, which only one of the registrations tells; else by GSM.
    has_lte: bool = False
    baud: int = 115200
    is_autobaud: bool = False
    autobaud_lost_lines: int = 1
    has_boot_noise: bool = False
    echo: bool = True
    sim_pin: str | None = None
    sim_puk: str = "12345678"
    has_sim: bool = True
    valid_apn: str | None = None
    store_capacity: int = 30
    first_message_reference: int = 1
    csq_rssi: int = 17
    registered_stat: int = 1
    network_utc_s: float = 1787559600.0
    zone_quarters: int = 8
    is_summer_time: bool = True
    has_nitz: bool = True
    ussd: dict = field(default_factory=lambda: {"*100#": "Ihr Guthaben: 4,20 EUR"})
    phonebook: list = field(default_factory=list)


def as_modem(profile: Profile, modem: str) -> Profile:
    """`profile`, turned into one of the kind of modem that a board names.

    SIM7000: hardware facts 4.10; on LTE-M, where it is harder to please than on GSM.
    """
    profile.dialect = modem
    if modem == "SIM7000":
        profile.has_lte = True
        profile.identity.product = "SIM7000G R1529"
        profile.identity.model = "SIMCOM_SIM7000G"
        profile.identity.revision = "1529B05SIM7000G"
        profile.timing.boot_sync_ms = 4500
        profile.timing.boot_call_ready_ms = 5000
    return profile
