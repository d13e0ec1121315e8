"""The questions of the Twizy guide's configuration chapter, and where their answers come from."""

from __future__ import annotations

import getpass
import json
import os
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.setup import rules

MASK = rules.MASK
_NONE = "-"


class SetupError(Exception):
    """Something the user can mend, as one sentence."""


@dataclass(frozen=True)
class Question:
    """key: its name in an answers file. needs: parameter without which it makes no sense."""

    key: str
    number: int
    text: str
    default: str = ""
    needs: int | None = None

    @property
    def is_secret(self) -> bool:
        return self.number in rules.SECRETS


def _wifi_questions() -> Iterator[Question]:
    """Each network is asked for when there is one before."""
    before = None
    for place, (name, key) in enumerate(rules.WIFI, 1):
        suffix = f"_{place}" if before else ""
        text = f"WiFi network {place}" if before else "WiFi network, used where it is in reach"
        yield Question(f"wifi_name{suffix}", name, f"{text}: its name", needs=before)
        yield Question(f"wifi_key{suffix}", key, "Key of this WiFi network", needs=name)
        before = name


QUESTIONS = (
    Question(
        "phone",
        rules.PHONE,
        "Phone number of the owner, with + and country code; NOPHONE for none",
        rules.NO_PHONE,
    ),
    Question(
        "module_password",
        rules.PASSWORD,
        "Module password, asked for by SMS and paranoid mode; the factory's is OVMS",
    ),
    Question("vehicle_id", rules.VEHICLE_ID, "Vehicle id, as registered with the server"),
    Question("units", rules.UNITS, "Distances in km (K) or miles (M)", "K"),
    Question("notify", rules.NOTIFY, "Notifications by SMS, IP or both (SMSIP)", "SMSIP"),
    Question(
        "vehicle_type",
        rules.VEHICLE_TYPE,
        "Vehicle type: RT for the Renault Twizy, DEMO for a simulated car",
        "RT",
    ),
    Question("apn", rules.APN, "APN of the SIM's operator"),
    Question("apn_user", rules.APN_USER, "User at the APN", needs=rules.APN),
    Question("apn_password", rules.APN_PASSWORD, "Password at the APN", needs=rules.APN),
    Question("server", rules.SERVER, "Server: host, host:port or tls://host"),
    Question(
        "server_password",
        rules.SERVER_PASSWORD,
        "Server password of the vehicle",
        needs=rules.SERVER,
    ),
    Question(
        "paranoid",
        rules.PARANOID,
        "Paranoid mode, in which the server cannot read the data (yes or no)",
        "no",
        needs=rules.SERVER,
    ),
    Question("mqtt_server", rules.MQTT_SERVER, "MQTT broker: host, host:port or tls://host"),
    Question("mqtt_user", rules.MQTT_USER, "User at the broker", needs=rules.MQTT_SERVER),
    Question(
        "mqtt_password",
        rules.MQTT_PASSWORD,
        "Password at the broker",
        needs=rules.MQTT_USER,
    ),
    Question(
        "home_assistant",
        rules.MQTT_HA,
        "Tell Home Assistant of the car through the broker (yes or no)",
        "no",
        needs=rules.MQTT_SERVER,
    ),
    *_wifi_questions(),
)
_YES = ("YES", "Y", "P", "TRUE")
_NO = ("NO", "N", "", "FALSE")


def checked(question: Question, text: str, is_sms: bool = False) -> str:
    """What the module will store; ValueError with a sentence. `-` is an empty text.

    is_sms: it must survive as one word of an SMS.
    """
    text = text.strip()
    if text == _NONE:
        text = ""
    if question.number in rules.YES:
        return rules.YES[question.number] if _is_yes(text) else ""
    if is_sms and " " in text and question.number not in rules.WIFI_NAMES:
        raise ValueError("What goes by SMS cannot hold a blank.")
    if question.number == rules.PASSWORD and text == rules.FACTORY_PASSWORD:
        raise ValueError("Everybody knows the factory's password: take another one.")
    value = rules.stored(question.number, text)
    if question.number == rules.PHONE and value[0] not in "+N":
        # It is compared with the sender of an SMS, which has both.
        raise ValueError("Start the number with + and the country code.")
    return value


def _is_yes(text: str) -> bool:
    if text.strip().upper() not in _YES + _NO:
        raise ValueError("Say yes or no.")
    return text.strip().upper() in _YES


def ask(
    current: dict[int, str],
    is_sms: bool = False,
    read: Callable[[str], str] = input,
    read_secret: Callable[[str], str] = getpass.getpass,
) -> dict[int, str]:
    """Ask for everything; returns {parameter: text} without the passwords that stay.

    current: what the module has, passwords as `****`. is_sms: passwords are not asked for.
    """
    changes: dict[int, str] = {}
    for question in QUESTIONS:
        if not _is_asked(question, changes, is_sms):
            continue
        while True:
            try:
                if question.is_secret and is_sms:
                    _assume_secret(question, changes, read)
                elif question.is_secret:
                    _ask_secret(question, current, changes, read_secret)
                else:
                    default = _default(question, current)
                    text = read(f"{question.text} [{default or _NONE}]: ") or default
                    changes[question.number] = checked(question, text, is_sms)
                break
            except ValueError as error:
                print(f"  {error}")
    return _settled(changes, current)


def _assume_secret(question, changes, read) -> None:
    """A password that its owner will put into the SMS."""
    if question.number in rules.OPTIONAL_SECRETS:
        text = read(f"{question.text}, is there one (yes or no) [no]: ")
        if not _is_yes(text):
            return
    changes[question.number] = MASK


def _ask_secret(question, current, changes, read_secret) -> None:
    is_kept = _has_secret(question, current, changes)
    default = "unchanged" if is_kept else _NONE if question.number != rules.PASSWORD else "needed"
    text = read_secret(f"{question.text} [{default}]: ")
    if not text and is_kept:
        return
    value = checked(question, text)
    if value and read_secret("  The same again: ").strip() != value:
        raise ValueError("These are two different passwords.")
    changes[question.number] = value


def _has_secret(question, current, changes) -> bool:
    """Whether the module has a password of its own; the factory's is shown in clear.

    That of a broker or a network is for this one alone.
    """
    name = dict(zip(rules.WIFI_KEYS, rules.WIFI_NAMES, strict=True)).get(question.number)
    if name and changes.get(name) != current.get(name, ""):
        return False
    if question.number == rules.MQTT_PASSWORD and any(
        changes.get(n) != current.get(n, "") for n in (rules.MQTT_SERVER, rules.MQTT_USER)
    ):
        return False
    return current.get(question.number) == MASK


def _settled(changes: dict[int, str], current: dict[int, str]) -> dict[int, str]:
    """Without a user there is no password of the broker either, without a broker nothing of it;
    without a network no key.

    A module that never had one is not asked to forget it: its firmware may not know of them.
    """
    for name, key in rules.WIFI:
        if not changes.get(name):
            changes |= {name: "", key: ""}
            if not current.get(name):
                del changes[name], changes[key]
    if changes.get(rules.MQTT_SERVER):
        if not changes[rules.MQTT_USER]:
            changes[rules.MQTT_PASSWORD] = ""
    elif current.get(rules.MQTT_SERVER):
        changes |= dict.fromkeys((rules.MQTT_USER, rules.MQTT_PASSWORD, rules.MQTT_HA), "")
    else:
        changes.pop(rules.MQTT_SERVER, None)
    return changes


def _is_asked(question: Question, changes: dict[int, str], is_sms: bool) -> bool:
    # REGISTER takes the number of the phone that sends it.
    if is_sms and question.number == rules.PHONE:
        return False
    return question.needs is None or bool(changes.get(question.needs))


def _default(question: Question, current: dict[int, str]) -> str:
    value = current.get(question.number, "")
    if question.number in rules.YES:
        return "yes" if value.startswith(rules.YES[question.number]) else "no"
    return value or question.default


def from_file(
    path: Path,
    current: dict[int, str],
    is_sms: bool = False,
    read_secret: Callable[[str], str] | None = None,
) -> dict[int, str]:
    """{parameter: text} by a TOML or JSON file; what it does not name stays, or is the default.

    read_secret: asks for a password that neither the file nor the module has; None for nobody to
    ask. Raises SetupError.
    """
    answers = _load(path)
    by_key = {question.key: question for question in QUESTIONS}
    unknown = [key for key in answers if key not in by_key]
    if unknown:
        raise SetupError(f"{path} has an unknown key, {unknown[0]}; known: {', '.join(by_key)}.")
    if any(by_key[key].is_secret for key in answers) and path.stat().st_mode & 0o077:
        raise SetupError(f"{path} holds a password that others may read: chmod 600 {path}")
    changes: dict[int, str] = {}
    for question in QUESTIONS:
        if not _is_asked(question, changes, is_sms):
            continue
        try:
            if question.key in answers:
                text = str(answers[question.key])
                changes[question.number] = checked(question, text, is_sms)
            elif not question.is_secret:
                text = _default(question, current)
                changes[question.number] = checked(question, text, is_sms)
            elif is_sms:
                if question.number not in rules.OPTIONAL_SECRETS:
                    changes[question.number] = MASK
            elif _has_secret(question, current, changes):
                continue
            elif read_secret:
                _ask_secret(question, current, changes, read_secret)
            elif question.number not in rules.OPTIONAL_SECRETS:
                raise SetupError(f"{path} lacks {question.key}, and there is nobody to ask.")
        except ValueError as error:
            raise SetupError(f"{question.key} cannot be used: {error}") from None
    return _settled(changes, current)


def _load(path: Path) -> dict:
    try:
        text = path.read_text("utf-8")
        answers = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except OSError as error:
        raise SetupError(f"{path} cannot be read: {os.strerror(error.errno or 0)}.") from None
    except ValueError:
        # Its text may quote a password.
        raise SetupError(f"{path} is no valid TOML, or JSON if it ends in .json.") from None
    if not isinstance(answers, dict) or not all(
        isinstance(value, str | int) for value in answers.values()
    ):
        raise SetupError(f"{path} does not hold keys with one value each.")
    return answers


def shown(changes: dict[int, str]) -> list[str]:
    """A line for each answer, passwords masked."""
    lines = []
    for question in QUESTIONS:
        if question.number in changes:
            value = changes[question.number]
            lines.append(
                f"  {question.key:16} {MASK if value and question.is_secret else value or _NONE}"
            )
    return lines
