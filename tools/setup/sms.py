"""The same settings as SMS, in the order of the Twizy guide 1.2.0, with what is answered.

Passwords are not written out: a name in angle brackets stands for each.
"""

from __future__ import annotations

from dataclasses import dataclass

from tools.setup import rules

NAMES = {
    rules.PASSWORD: "<module password>",
    rules.APN_PASSWORD: "<APN password>",
    rules.SERVER_PASSWORD: "<server password>",
    rules.MQTT_PASSWORD: "<MQTT password>",
    **dict.fromkeys(rules.WIFI_KEYS, "<WiFi key>"),
}


@dataclass(frozen=True)
class Step:
    """text: of the SMS. expected: lines of the answer, there may be more."""

    text: str
    expected: tuple[str, ...]


def steps(settings: dict[int, str]) -> list[Step]:
    """The set-up SMS for {parameter: text}, and three to see that all is well."""

    def command(name: str, *numbers: int) -> str:
        words = []
        for number in numbers:
            value = settings.get(number, "")
            if " " in value:
                value = f'"{value}"'
            words.append(NAMES.get(number, value) if value else "-")
        while words[-1:] == ["-"]:
            words.pop()
        return " ".join([name, *words])

    found = [
        Step(
            f"REGISTER {rules.FACTORY_PASSWORD}",
            ("Your phone has been registered as the owner.",),
        ),
        Step(command("PASS", rules.PASSWORD), ("Module password has been changed.",)),
        Step(
            command("MODULE", rules.VEHICLE_ID, rules.UNITS, rules.NOTIFY, rules.VEHICLE_TYPE),
            (
                "Module:",
                f" VehicleID:{settings.get(rules.VEHICLE_ID, '')}",
                f" Units:{settings.get(rules.UNITS, '')}",
                f" Notifications:{settings.get(rules.NOTIFY, '')}",
                f" VehicleType:{settings.get(rules.VEHICLE_TYPE, '')}",
            ),
        ),
    ]
    if settings.get(rules.APN):
        found.append(
            Step(
                command("GPRS", rules.APN, rules.APN_USER, rules.APN_PASSWORD),
                (
                    "GPRS:",
                    f" APN:{settings[rules.APN]}",
                    f" User:{settings.get(rules.APN_USER, '')}",
                    f" Password:{'****' if settings.get(rules.APN_PASSWORD) else ''}",
                ),
            )
        )
    for place, (name, key) in enumerate(rules.WIFI, 1):
        if settings.get(name):
            shown = "key ****" if settings.get(key) else "open"
            line = f" {place}:{settings[name]} ({shown})"
            found.append(Step(command("WIFI", name, key), ("WIFI:", line)))
    if settings.get(rules.SERVER):
        found.append(
            Step(
                command("SERVER", rules.SERVER, rules.SERVER_PASSWORD, rules.PARANOID),
                (
                    "Server:",
                    f" IP:{settings[rules.SERVER]}",
                    f" Password:{'****' if settings.get(rules.SERVER_PASSWORD) else ''}",
                    f" Paranoid:{settings.get(rules.PARANOID, '')}",
                ),
            )
        )
        found.append(Step("GPRS?", (" GPRS: OK", " Server: Connected OK")))
    if settings.get(rules.MQTT_SERVER):
        found.append(
            Step(
                command("MQTT", rules.MQTT_SERVER, rules.MQTT_USER, rules.MQTT_PASSWORD),
                (
                    "MQTT:",
                    f" Broker:{settings[rules.MQTT_SERVER]}",
                    f" User:{settings.get(rules.MQTT_USER, '')}",
                    f" Password:{'****' if settings.get(rules.MQTT_PASSWORD) else ''}",
                ),
            )
        )
        if settings.get(rules.MQTT_HA):
            found.append(Step("MQTT HA ON", (" Home Assistant:ON",)))
    found.append(Step("VERSION", ("OVMS Firmware version: ...",)))
    found.append(Step("STAT?", ("Not charging",)))
    return found


def printed(settings: dict[int, str]) -> str:
    """All of it for a person."""
    lines = [
        "Send these SMS to the module, each after the answer to the one before. What stands in",
        "angle brackets is for you to fill in: passwords have at most 31 characters and no blank.",
        "OVMS in the first SMS is the factory's password.",
    ]
    for number, step in enumerate(steps(settings), 1):
        lines += ["", f"{number}. {step.text}"]
        lines += [f"     | {line}" for line in step.expected]
    return "\n".join(lines)
