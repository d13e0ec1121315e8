"""All inputs of a run with their times, as a file that `run --replay FILE` plays again.

JSON: {"recording": 1, "start": {"vehicle", "scenario", "sevcon", "time_scale"},
"inputs": [{"at_s", "do", "with"}, ...]}; at_s is in seconds of the module's clock since the start.
Passwords that somebody typed are masked in it, and stay so when it is played.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any, Protocol

from tools.desk.web.controls import ActionError

VERSION = 1
_LOOK_S = 0.02
_MOST_INPUTS = 20_000
_MOST_BYTES = 8_000_000


class RecordingError(Exception):
    """Why a file is no recording, as one sentence."""


class Recording:
    """What was done. start: what the desk was started with."""

    def __init__(self, start: dict[str, Any]):
        self.start = start
        self.inputs: list[dict[str, Any]] = []

    def add(self, at_s: float, name: str, arguments: dict[str, Any]) -> None:
        if len(self.inputs) < _MOST_INPUTS:
            self.inputs.append({"at_s": round(at_s, 2), "do": name, "with": arguments})

    def text(self) -> str:
        """The file's content."""
        content = {"recording": VERSION, "start": self.start, "inputs": self.inputs}
        return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def load(path: Path) -> Recording:
    """The recording in a file. RecordingError when it is none."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise RecordingError(f"{path} is too large for a recording.")
        content = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise RecordingError(f"{path} cannot be read: {error.strerror}.") from None
    except ValueError:
        raise RecordingError(f"{path} is no recording: it is not JSON.") from None
    if not isinstance(content, dict) or content.get("recording") != VERSION:
        raise RecordingError(f"{path} is no recording of this desk.")
    start, inputs = content.get("start"), content.get("inputs")
    if not isinstance(start, dict) or not isinstance(inputs, list):
        raise RecordingError(f"{path} has no start or no inputs.")
    recording = Recording(start)
    last_s = 0.0
    for number, entry in enumerate(inputs, 1):
        is_good = (
            isinstance(entry, dict)
            and isinstance(entry.get("at_s"), int | float)
            and isinstance(entry.get("do"), str)
            and isinstance(entry.get("with"), dict)
            and entry["at_s"] >= last_s
        )
        if not is_good:
            raise RecordingError(f"Input {number} of {path} is none, or not after the one before.")
        last_s = entry["at_s"]
        recording.inputs.append({name: entry[name] for name in ("at_s", "do", "with")})
    return recording


class Player(Protocol):
    """Who does what was recorded: `StageView`."""

    @property
    def module_s(self) -> float: ...

    async def act(self, name: str, arguments: Any) -> Any: ...

    def say(self, who: str, text: str) -> None: ...


async def play(recording: Recording, player: Player) -> None:
    """Do all of it, each at its time. What is refused is told, and the rest goes on."""
    for entry in recording.inputs:
        while player.module_s < entry["at_s"]:
            await asyncio.sleep(_LOOK_S)
        try:
            await player.act(entry["do"], entry["with"])
        except ActionError as error:
            player.say("replay", f"{entry['do']}: {error}")
    player.say("replay", "the recording is over")
