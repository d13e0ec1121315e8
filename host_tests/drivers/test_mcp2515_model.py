"""The MCP2515 model against the data sheet's facts (hardware facts 2.1 to 2.7), byte by byte."""

from tools.simulated_board.models.mcp2515 import ACCEPTED, FILTERED, MISSED, OVERFLOW, MCP2515Model

DATA = b"\x01\x02\x03\x04\x05\x06\x07\x08"


def spi(model, *sent):
    """One CS-framed exchange; returns what came back."""
    model.select()
    answer = bytes([model.transfer(byte) for byte in sent])
    model.deselect()
    return answer


def exact_time(model):
    """Only `tick_us` moves the clock of these tests."""
    model.port.us_per_byte = 0
    return model


def read(model, address, size=1):
    return spi(model, 0x03, address, *([0] * size))[2:]


def chip(mode=0x60, accept_all=True, **options):
    """A model set up as in hardware facts 2.5, in `mode`."""
    model = exact_time(MCP2515Model(**options))
    spi(model, 0x02, 0x28, 0x03, 0xAC, 0x00)
    spi(model, 0x02, 0x60, 0x64 if accept_all else 0x04)
    spi(model, 0x02, 0x70, 0x60 if accept_all else 0x00)
    spi(model, 0x02, 0x2C, 0x00)
    spi(model, 0x02, 0x2B, 0x23)
    spi(model, 0x05, 0x0F, 0xE0, mode)
    model.tick_us(11_000_000 // model.bit_rate())
    assert read(model, 0x0E)[0] & 0xE0 == mode
    return model


def queue(model, n, arbitration_id, data, priority=0):
    base = 0x30 + n * 0x10
    spi(model, 0x05, base, 0x03, priority)
    spi(
        model, 0x40 + 2 * n, arbitration_id >> 3, (arbitration_id & 7) << 5, 0, 0, len(data), *data
    )
    spi(model, 0x80 | 1 << n)


def test_power_up_is_configuration_mode():
    model = MCP2515Model()
    assert read(model, 0x0E, 2) == b"\x80\x87"
    for row in range(8):
        assert read(model, row * 16 + 0x0E, 2) == b"\x80\x87"
    spi(model, 0x02, 0x2B, 0x23)
    spi(model, 0xC0)
    assert read(model, 0x2B) == b"\x00"


def test_address_increments_and_wraps():
    model = MCP2515Model()
    spi(model, 0x02, 0x28, 0x03, 0xAC, 0x00, 0x23)
    assert read(model, 0x28, 4) == b"\x03\xac\x00\x23"
    assert read(model, 0x7F, 2)[0] == 0x87
    spi(model, 0x02, 0x00, 0x11)
    assert read(model, 0x7F, 2) == b"\x87\x11"


def test_config_registers_are_protected_and_filters_hidden_outside_config():
    model = chip()
    spi(model, 0x02, 0x28, 0x07, 0xFF, 0x07)
    spi(model, 0x02, 0x20, 0x12, 0x34)
    assert read(model, 0x28, 3) == b"\x03\xac\x00"
    assert read(model, 0x20, 2) == b"\x00\x00"
    spi(model, 0x05, 0x0F, 0xE0, 0x80)
    spi(model, 0x02, 0x20, 0x12, 0xFF)
    # SIDL of a mask has no bits 4, 3 and 2.
    assert read(model, 0x20, 2) == b"\x12\xe3"


def test_bit_modify_masks_only_where_it_may():
    model = MCP2515Model()
    spi(model, 0x02, 0x2B, 0xF0)
    spi(model, 0x05, 0x2B, 0x0F, 0x55)
    assert read(model, 0x2B) == b"\xf5"
    spi(model, 0x02, 0x00, 0xF0)
    spi(model, 0x05, 0x00, 0x0F, 0x55)
    assert read(model, 0x00) == b"\x55"


def test_read_only_registers():
    model = chip()
    for address in (0x0E, 0x1C, 0x1D, 0x61, 0x66):
        before = read(model, address)
        spi(model, 0x02, address, 0x5A)
        assert read(model, address) == before
    spi(model, 0x02, 0x2D, 0xFF)
    assert read(model, 0x2D) == b"\x00"


def test_frame_arrives_and_cs_edge_frees_the_buffer():
    model = chip()
    assert model.bus_frame(0x155, DATA) == ACCEPTED
    assert model.is_interrupt_low
    assert spi(model, 0xA0, 0)[1] == 0x01
    assert read(model, 0x61, 13) == b"\x2a\xa0\x00\x00\x08" + DATA
    assert read(model, 0x2C) == b"\x01"
    model.select()
    answer = bytes([model.transfer(byte) for byte in [0x90] + [0] * 13])
    assert answer[1:] == b"\x2a\xa0\x00\x00\x08" + DATA
    assert model.is_interrupt_low
    model.deselect()
    assert not model.is_interrupt_low
    assert read(model, 0x2C) == b"\x00"


def test_read_rx_buffer_from_data():
    model = chip()
    model.bus_frame(0x155, DATA)
    assert spi(model, 0x92, *[0] * 8)[1:] == DATA
    assert read(model, 0x2C) == b"\x00"


def test_extended_and_remote_frames():
    model = chip()
    model.bus_frame(0x18DAF110, DATA, is_extended=True)
    model.bus_frame(0x123, b"", is_remote=True)
    assert read(model, 0x61, 5) == bytes((0xC6, 0xCA, 0xF1, 0x10, 8))
    assert read(model, 0x71, 5) == bytes((0x24, 0x70, 0, 0, 0))
    assert spi(model, 0xB0, 0)[1] == 0xD0
    spi(model, 0x90, 0)
    assert spi(model, 0xB0, 0)[1] & 0xF8 == 0x88
    spi(model, 0x94, 0)
    assert spi(model, 0xB0, 0)[1] == 0


def test_rollover_and_overflow():
    model = chip()
    results = [model.bus_frame(0x100 + i, bytes([i])) for i in range(4)]
    assert results == [ACCEPTED, ACCEPTED, OVERFLOW, OVERFLOW]
    assert read(model, 0x66) == b"\x00" and read(model, 0x76) == b"\x01"
    assert read(model, 0x2C, 2) == b"\x23\x80"
    assert not model.can_accept()
    spi(model, 0x05, 0x2D, 0xC0, 0x00)
    assert read(model, 0x2D) == b"\x00"
    assert read(model, 0x2C) == b"\x23"


def test_overflow_of_buffer_0_without_rollover():
    model = chip(mode=0x80)
    spi(model, 0x05, 0x60, 0x04, 0x00)
    spi(model, 0x05, 0x0F, 0xE0, 0x60)
    model.tick_us(22)
    assert model.bus_frame(0x100, b"") == ACCEPTED
    assert model.bus_frame(0x100, b"") == OVERFLOW
    assert read(model, 0x2C, 2) == b"\x21\x40"


def filtered_chip():
    """Mask 0 7F0 with 150, 420; mask 1 7FF with 081, 581, 599, 599."""
    model = chip(mode=0x80, accept_all=False)
    for address, arbitration_id in (
        (0x20, 0x7F0),
        (0x24, 0x7FF),
        (0x00, 0x150),
        (0x04, 0x420),
        (0x08, 0x081),
        (0x10, 0x581),
        (0x14, 0x599),
        (0x18, 0x599),
    ):
        spi(model, 0x02, address, arbitration_id >> 3, (arbitration_id & 7) << 5, 0, 0)
    spi(model, 0x05, 0x0F, 0xE0, 0x60)
    model.tick_us(22)
    return model


def test_filters_and_filter_hit():
    model = filtered_chip()
    passed = []
    for arbitration_id in range(0x800):
        if model.bus_frame(arbitration_id, DATA) == ACCEPTED:
            passed.append(arbitration_id)
            spi(model, 0x90, 0)
            spi(model, 0x94, 0)
    assert passed == (
        [0x081] + list(range(0x150, 0x160)) + list(range(0x420, 0x430)) + [0x581, 0x599]
    )
    assert model.bus_frame(0x155, DATA, is_extended=True) == FILTERED
    model.bus_frame(0x424, DATA)
    assert read(model, 0x60)[0] & 1 == 1
    model.bus_frame(0x155, DATA)
    assert read(model, 0x70)[0] & 7 == 0
    assert spi(model, 0xB0, 0)[1] & 7 == 1
    spi(model, 0x90, 0)
    assert spi(model, 0xB0, 0)[1] & 7 == 6
    spi(model, 0x94, 0)
    model.bus_frame(0x581, DATA)
    assert spi(model, 0xB0, 0)[1] == 0x80 | 3
    assert not model.can_accept(0x599) and model.can_accept(0x155) and model.can_accept(0x600)


def test_data_byte_filter_of_a_standard_frame():
    model = chip(mode=0x80, accept_all=False)
    spi(model, 0x02, 0x20, 0xFF, 0xE0, 0xFF, 0x00)
    for address in (0x00, 0x04):
        spi(model, 0x02, address, 0x155 >> 3, (0x155 & 7) << 5, 0x42, 0x00)
    spi(model, 0x02, 0x24, 0xFF, 0xE0, 0xFF, 0xFF)
    spi(model, 0x05, 0x0F, 0xE0, 0x60)
    model.tick_us(22)
    assert model.bus_frame(0x155, b"\x41\x00") == FILTERED
    assert model.bus_frame(0x155, b"\x42\x00") == ACCEPTED


def test_interrupt_code_priority():
    model = chip(mode=0x00)
    for flags, code in ((0xBF, 1), (0x5F, 2), (0x1F, 3), (0x1B, 4), (0x13, 5), (3, 6), (2, 7)):
        spi(model, 0x02, 0x2B, 0xFF)
        spi(model, 0x02, 0x2C, flags)
        assert read(model, 0x0E)[0] >> 1 & 7 == code
    spi(model, 0x02, 0x2B, 0x01)
    assert read(model, 0x0E)[0] >> 1 & 7 == 0
    assert not model.is_interrupt_low


def test_silent_modes_never_acknowledge():
    model = chip(mode=0x60)
    for _ in range(5):
        model.bus_frame(0x155, DATA)
    assert model.acks == 0
    model = chip(mode=0x00)
    model.bus_frame(0x155, DATA)
    assert model.acks == 1
    assert MCP2515Model().bus_frame(0x155, DATA) == MISSED


def test_mode_change_takes_11_bits_and_never_comes_on_a_stuck_bus():
    model = exact_time(MCP2515Model())
    spi(model, 0x02, 0x28, 0x03, 0xAC, 0x00)
    model.is_stuck_dominant = True
    spi(model, 0x05, 0x0F, 0xE0, 0x60)
    model.tick_us(1_000_000)
    assert read(model, 0x0E)[0] & 0xE0 == 0x80
    model.is_stuck_dominant = False
    model.tick_us(1)
    assert read(model, 0x0E)[0] & 0xE0 == 0x60
    spi(model, 0x05, 0x0F, 0xE0, 0x80)
    assert read(model, 0x0E)[0] & 0xE0 == 0x80
    spi(model, 0x05, 0x0F, 0xE0, 0x00)
    model.tick_us(21)
    assert read(model, 0x0E)[0] & 0xE0 == 0x80
    model.tick_us(1)
    assert read(model, 0x0E)[0] & 0xE0 == 0x00


def test_transmission():
    model = chip(mode=0x00)
    sent = []
    model.on_transmit = lambda *frame: sent.append(frame)
    queue(model, 0, 0x601, DATA)
    assert spi(model, 0xA0, 0)[1] == 0x04
    # Protected while it waits.
    spi(model, 0x02, 0x36, 0xFF)
    model.tick_us(221)
    assert sent == []
    model.tick_us(1)
    assert sent == [(0x601, DATA, False, False)]
    assert spi(model, 0xA0, 0)[1] == 0x08
    assert read(model, 0x1C) == b"\x00"


def test_transmit_priority():
    model = chip(mode=0x60)
    sent = []
    model.on_transmit = lambda arbitration_id, *rest: sent.append(arbitration_id)
    queue(model, 0, 0x100, b"", priority=3)
    queue(model, 1, 0x101, b"")
    queue(model, 2, 0x102, b"")
    model.tick_us(1000)
    assert sent == []
    spi(model, 0x05, 0x0F, 0xE0, 0x00)
    model.tick_us(22)
    model.tick_us(1000)
    assert sent == [0x100, 0x102, 0x101]


def test_lone_node_becomes_passive_and_repeats_for_ever():
    model = chip(mode=0x00)
    model.has_listener = False
    queue(model, 0, 0x601, DATA)
    model.tick_us(222 * 11)
    assert read(model, 0x1C) == b"\x58" and read(model, 0x2D) == b"\x00"
    model.tick_us(222)
    assert read(model, 0x1C) == b"\x60" and read(model, 0x2D) == b"\x05"
    assert model.is_interrupt_low
    model.tick_us(222 * 100)
    assert read(model, 0x1C) == b"\x80" and read(model, 0x2D) == b"\x15"
    assert model.transmissions == 112
    assert read(model, 0x30)[0] & 0x18 == 0x18
    model.has_listener = True
    model.tick_us(222)
    assert read(model, 0x1C) == b"\x7f" and read(model, 0x30) == b"\x10"


def test_bus_off_recovers_by_itself_and_repeats():
    model = chip(mode=0x00)
    model.is_tx_corrupted = True
    queue(model, 0, 0x601, DATA)
    model.tick_us(222 * 31)
    assert read(model, 0x1C) == b"\xf8"
    model.tick_us(222)
    assert read(model, 0x1C) == b"\xff" and read(model, 0x2D)[0] & 0x20
    assert model.bus_frame(0x155, DATA) == MISSED
    attempts = model.transmissions
    model.tick_us(2815)
    assert model.transmissions == attempts and read(model, 0x2D)[0] & 0x20
    model.is_tx_corrupted = False
    model.tick_us(1)
    assert read(model, 0x1C, 1) == b"\x00" and read(model, 0x2D) == b"\x00"
    model.tick_us(222)
    assert model.transmissions == attempts + 1 and read(model, 0x30) == b"\x10"


def test_one_shot_abort_and_lost_arbitration():
    model = chip(mode=0x00)
    spi(model, 0x05, 0x0F, 0x08, 0x08)
    model.has_listener = False
    queue(model, 0, 0x601, DATA)
    model.tick_us(5000)
    assert model.transmissions == 1 and read(model, 0x30) == b"\x10"
    model.arbitrations_to_lose = 1
    queue(model, 0, 0x601, DATA)
    model.tick_us(5000)
    assert model.transmissions == 1 and read(model, 0x30) == b"\x20"
    spi(model, 0x05, 0x0F, 0x08, 0x00)
    queue(model, 1, 0x602, DATA)
    queue(model, 0, 0x601, DATA)
    model.tick_us(100)
    spi(model, 0x05, 0x0F, 0x10, 0x10)
    # The one under way ends its attempt first, the other goes at once.
    assert read(model, 0x40)[0] & 0x08 and read(model, 0x30) == b"\x40"
    model.tick_us(5000)
    assert read(model, 0x40)[0] & 0x48 == 0x40


def test_loopback_stays_off_the_bus():
    model = chip(mode=0x40)
    queue(model, 0, 0x123, DATA)
    model.tick_us(300)
    assert spi(model, 0x90, *[0] * 13)[1:] == b"\x24\x60\x00\x00\x08" + DATA
    assert model.transmissions == 0


def test_sleep_loses_the_waking_frame():
    model = chip()
    spi(model, 0x02, 0x2B, 0x40)
    spi(model, 0x05, 0x0F, 0xE0, 0x20)
    model.tick_us(1)
    assert read(model, 0x0E)[0] & 0xE0 == 0x20
    assert model.bus_frame(0x155, DATA) == MISSED
    assert read(model, 0x0E) == b"\x64" and model.is_interrupt_low
    assert model.bus_frame(0x155, DATA) == ACCEPTED


def test_wrong_bit_rate_shows_message_errors_only():
    model = chip(crystal_hz=8_000_000)
    assert model.bit_rate() == 250_000
    assert model.bus_frame(0x155, DATA) == MISSED
    assert read(model, 0x2C) == b"\x80" and read(model, 0x1D) == b"\x00"
    assert model.disturbances == 0
    model = chip(mode=0x00, crystal_hz=8_000_000)
    model.bus_frame(0x155, DATA)
    assert read(model, 0x1D) == b"\x01" and model.disturbances == 1


def test_joining_takes_11_of_the_chip_s_own_bits():
    """At half the bus's rate there are never so many behind a frame, so not on a full bus."""
    model = exact_time(MCP2515Model(crystal_hz=8_000_000))
    spi(model, 0x02, 0x28, 0x03, 0xAC, 0x00)
    spi(model, 0x05, 0x0F, 0xE0, 0x60)
    for _ in range(20):
        model.tick_us(22)
        model.bus_frame(0x155, DATA)
    assert read(model, 0x0E)[0] & 0xE0 == 0x80 and read(model, 0x2C) == b"\x00"
    model.tick_us(44)
    assert read(model, 0x0E)[0] & 0xE0 == 0x60


def test_receive_errors_count_in_normal_mode_only():
    model = chip(mode=0x00)
    for _ in range(130):
        model.bus_error()
    assert read(model, 0x1D) == b"\x82" and read(model, 0x2D) == b"\x0b"
    model.bus_frame(0x155, DATA)
    assert read(model, 0x1D) == b"\x77" and read(model, 0x2D) == b"\x03"
    spi(model, 0x05, 0x0F, 0xE0, 0x60)
    model.tick_us(22)
    assert read(model, 0x1D) == b"\x00" and read(model, 0x2D) == b"\x00"


def test_broken_miso():
    model = chip()
    for level in (0x00, 0xFF):
        model.port.miso_stuck = level
        assert read(model, 0x0E) == bytes([level])


def test_receive_pins():
    model = chip()
    assert model.rx_pin(0) is None
    spi(model, 0x02, 0x0C, 0x0F)
    assert model.rx_pin(0) == 1
    model.bus_frame(0x155, DATA)
    assert (model.rx_pin(0), model.rx_pin(1)) == (0, 1)
    spi(model, 0x02, 0x0C, 0x1C)
    assert (model.rx_pin(0), model.rx_pin(1)) == (1, 0)


def test_spi_takes_time():
    model = MCP2515Model()
    spi(model, 0x02, 0x28, 0x03, 0xAC, 0x00)
    spi(model, 0x05, 0x0F, 0xE0, 0x60)
    for _ in range(6):
        assert read(model, 0x0E)[0] & 0xE0 == 0x80
    # 4 bytes of the request and 6 times 3 bytes are 22 us, 11 bits at 500 kbit/s.
    assert read(model, 0x0E)[0] & 0xE0 == 0x60
