"""The owner's phone: the set-up conversation of the Twizy guide, one SMS after the other.

The phone knows nothing of the firmware: it waits for an answer to each SMS and judges it by a
word that the answer has to contain.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tools.desk.stage import SERVER_NAME, SERVER_PASSWORD, TWIZY, VEHICLE, Stage

MODULE_PASSWORD = "Desk2026"
# Network, SMS centre and a modem that is busy with GPRS at the same time.
_REPLY_TIMEOUT_S = 60.0
# A first SMS may come before the module listens; people send it again.
_ATTEMPTS = 3


@dataclass(frozen=True)
class Step:
    """One SMS and what its answer contains."""

    text: str
    expected: str


SET_UP = (
    Step("REGISTER OVMS", "Your phone has been registered as the owner."),
    Step(f"PASS {MODULE_PASSWORD}", "Module password has been changed."),
    Step(f"MODULE {VEHICLE} K SMSIP RT", f"VehicleID:{VEHICLE}"),
    Step("VERSION", "OVMS Firmware version: "),
    Step("GPRS internet", "APN:internet"),
    Step(f"SERVER {SERVER_NAME} {SERVER_PASSWORD}", f"IP:{SERVER_NAME}"),
    # The location as a stream, so that the live view moves every second.
    Step("FEATURE 8 1", "Feature has been set."),
    Step("STAT?", "SOC:"),
    Step("GPS?", "Car location:"),
)


# The last SMS to a car that its owner allows to be written to.
_ASKED = {
    "OBD": Step("DTC?", "Stored: "),
    # The car confirms mode and current, whatever it does.
    "TR": Step("CHARGEMODE RANGE 16", "Charge mode change requested"),
}


def car_steps(car_type: str, tells_soc: bool, stands: bool = True) -> tuple[Step, ...]:
    """The set-up for a car of another type than the Twizy.

    The owner lets the module write to a car of which something is asked; to a Roadster, which
    knows whether it moves, only where it `stands`.
    """
    is_asked = car_type in _ASKED and (stands or car_type != "TR")
    steps = []
    for step in SET_UP:
        if step.text.startswith("MODULE "):
            step = replace(step, text=step.text.removesuffix(TWIZY) + car_type)
        elif step.text == "STAT?" and not tells_soc:
            step = replace(step, expected="SOC: unknown")
        steps.append(step)
        if is_asked and step.text.startswith("MODULE "):
            steps.append(Step("FEATURE 15 1", "Feature has been set."))
    if is_asked:
        steps.append(_ASKED[car_type])
    return tuple(steps)


def mqtt_steps(stage: Stage, set_up: Sequence[Step] = ()) -> tuple[Step, ...]:
    """The set-up over WiFi, where server and broker are ports of this host."""
    server = f"{stage.options.host}:{stage.server.port}"
    steps = [
        Step(f"SERVER {server} {SERVER_PASSWORD}", f"IP:{server}")
        if step.text.startswith("SERVER ")
        else step
        for step in set_up or SET_UP
    ]
    assert stage.mqtt is not None
    return (*steps, Step(stage.mqtt.sms, "Broker:tls://"), Step("MQTT HA ON", "Assistant:ON"))


# What each mood of the motor controller makes of a command: Twizy guide 1.2.0, "Macro commands",
# and Twizy facts 7.4 for the errors.
_OK = "OK"
_REFUSED = "ERROR 0008"
_TUNED = {"80": _OK, "45": _OK, "busy": _OK, "slow": _OK, "refusing": _REFUSED}

# What the owner wants to know again and again: the SMS that shows what is special of a scenario.
QUESTIONS = {
    "charge": "CA 89%",
    "drifting_cell": "BATT",
    "healthy": "BATT",
    "hill": "POWER",
    "hot_module": "BATT T",
    "interrupted_charge": "STAT?",
    "trip": "POWER",
}
_QUESTION_PERIOD_S = 60.0


def controller_steps(mood: str, is_standing: bool = False) -> tuple[Step, ...]:
    """Allow writing to the bus, then tune a motor controller of that mood.

    is_standing: the car has its key on and does not move, so that everything can be tuned.
    """
    steps = [Step("FEATURE 15 1", "Feature has been set.")]
    if mood == "45":
        steps.append(Step("CFG SPEED 100", "CFG SPEED: ERROR 0031 (Twizy 45)"))
    words = ("POWER 80", "SPEED 60 65", "RESET") if is_standing else ("POWER 80",)
    for word in words:
        steps.append(Step(f"CFG {word}", f"CFG {word.split()[0]}: {_TUNED[mood]}"))
    return tuple(steps)


class PhoneScript:
    """Sends `steps`; `answered` counts the answers that were right. Then asks `question`, if any,
    once a minute, for whoever watches.
    """

    def __init__(self, stage: Stage, steps: Sequence[Step] = SET_UP, question: str = ""):
        self._stage = stage
        self.steps = steps
        self._question = question
        self.answered = 0
        self.is_finished = False
        self.complaint = ""

    async def run(self) -> None:
        for step in self.steps:
            if not await self._ask(step):
                return
            self.answered += 1
        self.is_finished = True
        while self._question:
            await self._stage.send_sms(self._question)
            await asyncio.sleep(_QUESTION_PERIOD_S / self._stage.options.time_scale)

    async def _ask(self, step: Step) -> bool:
        scale = self._stage.options.time_scale
        for _ in range(_ATTEMPTS):
            await self._stage.send_sms(step.text)
            try:
                async with asyncio.timeout(_REPLY_TIMEOUT_S / scale):
                    # Alerts and the answers to a repeated SMS come in between.
                    while True:
                        reply = await self._stage.replies.get()
                        if step.expected in reply.text:
                            return True
                        self.complaint = f"{step.text} was answered: {reply.text}"
            except TimeoutError:
                self.complaint = self.complaint or f"{step.text} was not answered."
        return False
