"""What can be done from the page: a table of actions with what each needs.

An action is `async (desk, arguments) -> answer`; arguments have been checked by its fields.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tools.desk import dbc_sim
from tools.desk.dbc_cars import CARS
from tools.desk.modem.fault_switches import FaultError
from tools.desk.ovms.client import AppClient, ClientError
from tools.desk.ovms.commands import parse_command
from tools.desk.ovms.describe import RESULTS
from tools.desk.ovms.peers import BATCH
from tools.desk.ovms.text import from_wire
from tools.desk.stage import SERVER_PASSWORD, TWIZY, VEHICLE
from tools.desk.twizy_scenarios import SCENARIOS, Step

if TYPE_CHECKING:
    from tools.desk.web.stage_view import StageView

_EVER_S = 1e9
_FASTEST_KMH = 80.0
_LONGEST_SMS = 480
_COMMAND_S = 60.0
# The protocol command after which the module starts anew.
_REBOOT = 5
SCALES = (1, 2, 5, 10, 20)


class ActionError(Exception):
    """Why something was not done, as one sentence for the user."""


@dataclass(frozen=True)
class Field:
    """An argument. kind: `text`, `number` or `flag`. least, most: of a number or a text's length.

    choices: the only values there are, where there are only some.
    """

    name: str
    kind: str = "text"
    least: float = 0
    most: float = 0
    choices: tuple[Any, ...] = ()

    def check(self, value: Any) -> Any:
        """The value in its kind. ActionError when it is not of it."""
        if self.kind == "flag":
            if not isinstance(value, bool):
                raise ActionError(f"{self.name} is true or false.")
            return value
        if self.kind == "number":
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise ActionError(f"{self.name} is a number.")
            if self.choices and value not in self.choices:
                raise ActionError(f"{self.name} is one of {_listed(self.choices)}.")
            if not self.choices and not self.least <= value <= self.most:
                raise ActionError(f"{self.name} is from {self.least:g} to {self.most:g}.")
            return value
        if not isinstance(value, str):
            raise ActionError(f"{self.name} is a text.")
        if self.choices and value not in self.choices:
            raise ActionError(f"{self.name} is one of {_listed(self.choices)}.")
        if not self.choices and not self.least <= len(value) <= self.most:
            raise ActionError(f"{self.name} has from {self.least:g} to {self.most:g} characters.")
        return value


@dataclass(frozen=True)
class Action:
    """text: for the list of the API. is_input: whether a recording keeps it."""

    text: str
    run: Callable[[StageView, dict[str, Any]], Awaitable[Any]]
    fields: tuple[Field, ...] = ()
    is_input: bool = True

    def checked(self, arguments: Any) -> dict[str, Any]:
        """The arguments by name. ActionError for what is missing, wrong or unknown."""
        if not isinstance(arguments, dict):
            raise ActionError("The arguments are a JSON object.")
        known = {field.name for field in self.fields}
        for name in arguments:
            if name not in known:
                raise ActionError(f"There is no argument {str(name)[:40]}.")
        for field in self.fields:
            if field.name not in arguments:
                raise ActionError(f"The argument {field.name} is missing.")
        return {field.name: field.check(arguments[field.name]) for field in self.fields}


def _listed(choices: tuple[Any, ...]) -> str:
    return ", ".join(str(choice) for choice in choices)


@dataclass
class Wheel:
    """What hands do to the car. is_held: somebody does, so no scenario goes on."""

    is_held: bool = False
    has_key: bool = False
    has_plug: bool = False
    gear: str = "D"
    speed_kmh: float = 30.0

    def step(self) -> Step:
        """What the car does of it; plugged in it does not drive."""
        if self.has_plug:
            return Step("charge")
        if not self.has_key:
            return Step("park", _EVER_S)
        if self.gear == "N":
            return Step("key", _EVER_S)
        return Step("drive", _EVER_S, ((_EVER_S, self.speed_kmh),))


def scenarios_of(car_type: str) -> dict[str, str]:
    """Names and descriptions of a car's scenarios."""
    if car_type == TWIZY:
        return {name: scenario.description for name, scenario in SCENARIOS.items()}
    texts = dict(dbc_sim.SCENARIOS)
    if not CARS[car_type].does_charge:
        del texts["charge"]
    return texts


async def _sms(desk: StageView, arguments: dict[str, Any]) -> None:
    await desk.stage.send_sms(arguments["text"])


async def _command(desk: StageView, arguments: dict[str, Any]) -> list[dict[str, Any]]:
    stage = desk.stage
    try:
        code, text = parse_command(arguments["text"].split())
    except ValueError as error:
        raise ActionError(f"{str(error).rstrip('.')}.") from None
    client = AppClient(stage.options.host, stage.server.port, VEHICLE, SERVER_PASSWORD, kind=BATCH)
    if code == _REBOOT:
        desk.expect_restart()
    desk.say("command", desk.secrets.clean_sms(f"{code} {text}".strip()))
    try:
        await client.connect()
        replies = await client.command(code, text, _COMMAND_S)
    except ClientError as error:
        desk.say("reply", str(error))
        raise ActionError(f"{str(error).rstrip('.')}.") from None
    finally:
        await client.close()
    rows = []
    for reply in replies:
        result = RESULTS.get(reply.result, f"result {reply.result}")
        shown = desk.secrets.clean_reply(from_wire(reply.text)).replace("\r", "\n")
        rows.append({"result": result, "text": shown})
        desk.say("reply", f"{code} {result} {shown}".rstrip())
    return rows


async def _scenario(desk: StageView, arguments: dict[str, Any]) -> None:
    _change(desk, desk.stage.options.car_type, arguments["name"])


async def _car(desk: StageView, arguments: dict[str, Any]) -> None:
    car_type = arguments["type"]
    scenario = desk.stage.options.scenario
    if scenario not in scenarios_of(car_type):
        scenario = "drive"
    _change(desk, car_type, scenario)
    await desk.stage.send_sms(f"VEHICLE {car_type}")


def _change(desk: StageView, car_type: str, scenario: str) -> None:
    try:
        desk.stage.change_car(car_type, scenario)
    except ValueError as error:
        raise ActionError(str(error)) from None
    desk.wheel = Wheel()
    desk.changed_car(car_type)


def _hand(name: str, argument: str) -> Callable[[StageView, dict[str, Any]], Awaitable[None]]:
    async def move(desk: StageView, arguments: dict[str, Any]) -> None:
        wheel = desk.held_wheel()
        setattr(wheel, name, arguments[argument])
        if name == "has_plug" and wheel.has_plug:
            wheel.has_key = False
        if name == "has_key" and wheel.has_key:
            wheel.has_plug = False
        try:
            desk.stage.car.control(wheel.step(), wheel.gear)
        except ValueError as error:
            wheel.has_plug = False
            raise ActionError(str(error)) from None

    return move


async def _soc(desk: StageView, arguments: dict[str, Any]) -> None:
    desk.stage.car.set_soc(arguments["pct"])


async def _fault(desk: StageView, arguments: dict[str, Any]) -> None:
    try:
        desk.strikes.strike(arguments["name"])
    except FaultError as error:
        raise ActionError(str(error)) from None


async def _mend(desk: StageView, arguments: dict[str, Any]) -> None:
    try:
        desk.strikes.mend(arguments["name"])
    except FaultError as error:
        raise ActionError(str(error)) from None


async def _restart(desk: StageView, _: dict[str, Any]) -> None:
    await desk.stage.send_sms("RESET")


async def _time(desk: StageView, arguments: dict[str, Any]) -> None:
    await desk.change_time(float(arguments["scale"]))


ACTIONS = {
    "sms": Action("the phone sends an SMS", _sms, (Field("text", least=1, most=_LONGEST_SMS),)),
    "command": Action(
        "an app sends a protocol command, such as `1` or `stat`",
        _command,
        (Field("text", least=1, most=_LONGEST_SMS),),
    ),
    "scenario": Action("the car begins a scenario", _scenario, (Field("name", least=1, most=40),)),
    "car": Action(
        "another car, and the phone tells the module so",
        _car,
        (Field("type", choices=(TWIZY, *CARS)),),
    ),
    "key": Action("the car's key", _hand("has_key", "on"), (Field("on", "flag"),)),
    "plug": Action("the charger's plug", _hand("has_plug", "on"), (Field("on", "flag"),)),
    "gear": Action("the gear", _hand("gear", "gear"), (Field("gear", choices=("D", "N", "R")),)),
    "speed": Action(
        "the speed that the driver wants",
        _hand("speed_kmh", "kmh"),
        (Field("kmh", "number", 0, _FASTEST_KMH),),
    ),
    "soc": Action("the state of charge", _soc, (Field("pct", "number", 1, 100),)),
    "fault": Action("a fault strikes", _fault, (Field("name", least=1, most=80),)),
    "mend": Action("a fault ends before its time", _mend, (Field("name", least=1, most=80),)),
    "restart": Action("the phone sends RESET", _restart),
    "time": Action(
        "everything so many times faster; the module starts anew",
        _time,
        (Field("scale", "number", choices=SCALES),),
    ),
}
