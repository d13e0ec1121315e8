"""A module on a cable as the page sees it: its console, what it watches, its set-up as a form."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable
from typing import Any

from tools.desk.console_client import END, ConsoleClient, ConsoleError, plain
from tools.desk.web.controls import Action, ActionError, Field
from tools.desk.web.lines import MASK, LineLog, SampleLog, Secrets
from tools.setup import rules, writer
from tools.setup.questions import QUESTIONS, checked

_QUESTIONS = {"DIAG": "DIAG", "SUMMARY": "S SUMMARY", "VERSION": "S VERSION"}
_ASKED = ("DIAG", "SUMMARY", "VERSION", "SIGNAL", "BUS")
_WATCHED = ("", "MODEM", "GPS", "CAN", "HEALTH")
_LONGEST_LINE = 240
_LONGEST_ANSWERS = 8000
_SET = re.compile(r"(SET\s+(\d+)\s*=).+", re.I)


class ModuleView:
    """A `Source` of one console. client: connected; its lines are heard from now on."""

    def __init__(self, client: ConsoleClient):
        self.lines = LineLog()
        self.samples = SampleLog()
        self.secrets = Secrets()
        self.actions: dict[str, Action] = {
            "ask": Action(
                "ask the module for a report", self._ask, (Field("what", choices=_ASKED),)
            ),
            "console": Action(
                "a line of the console",
                self._console,
                (Field("text", least=1, most=_LONGEST_LINE),),
            ),
            "watch": Action(
                "what to show as it passes, of MODEM, GPS, CAN and HEALTH; empty for nothing",
                self._watch,
                (Field("what", most=20),),
            ),
            "setup": Action(
                "write the answers, a JSON object by the keys of an answers file",
                self._set_up,
                (Field("answers", least=2, most=_LONGEST_ANSWERS),),
            ),
        }
        self._client = client
        self._answer = "Ask the module for something."
        self._settings: dict[int, str] = {}
        self._turn = asyncio.Lock()
        self._loop = asyncio.get_running_loop()
        self._started_s = time.monotonic()
        self._is_lost = False
        client.on_line = self._heard
        client.on_lost = self._lost

    async def start(self) -> None:
        """Read the settings that the form begins with. ConsoleError when there is no answer."""
        self._settings = await self._call(lambda: writer.read(self._client))

    def tick(self) -> None:
        """Nothing here goes by the clock."""

    def recording(self) -> str:
        return ""

    async def stop(self) -> None:
        """Leave the module as it was."""
        self._client.on_line = self._client.on_lost = None
        if not self._is_lost:
            await asyncio.to_thread(self._client.send, "WATCH")

    def sections(self, is_all: bool = False) -> dict[str, Any]:
        elapsed_s = int(time.monotonic() - self._started_s)
        name = f"{self._client.port}{', the connection was lost' if self._is_lost else ''}"
        return {
            "desk": {"kind": "module", "port": name, "elapsed": elapsed_s, "scale": 1},
            "links": [
                {
                    "name": "cable",
                    "isGood": not self._is_lost,
                    "text": "lost" if self._is_lost else "connected",
                }
            ],
            "answer": self._answer,
            "questions": [
                {
                    "key": question.key,
                    "text": question.text,
                    "isSecret": question.is_secret,
                    "now": self._now(question.number, question.is_secret),
                }
                for question in QUESTIONS
            ],
        }

    def _now(self, number: int, is_secret: bool) -> str:
        """What the module has; of a password only that there is one."""
        value = self._settings.get(number, "")
        return MASK if value and is_secret else value

    async def act(self, name: str, arguments: Any) -> Any:
        """As `Source` says."""
        action = self.actions.get(name)
        if action is None:
            raise ActionError(f"There is no action {name[:40]}.")
        try:
            return await action.run(self, action.checked(arguments))  # type: ignore[arg-type]
        except ConsoleError as error:
            raise ActionError(str(error)) from None

    async def _ask(self, _: Any, arguments: dict[str, Any]) -> None:
        what = arguments["what"]
        await self._tell(_QUESTIONS.get(what, what))

    async def _console(self, _: Any, arguments: dict[str, Any]) -> None:
        text = arguments["text"]
        if not text.isprintable():
            raise ActionError("A line of the console is printable text.")
        await self._tell(text)

    async def _tell(self, line: str) -> None:
        self._say("you", self._clean(line))
        answer = await self._call(lambda: self._client.ask(line))
        self._answer = (
            "\n".join(self.secrets.clean_reply(text) for text in answer.lines) or "Done."
        )

    async def _watch(self, _: Any, arguments: dict[str, Any]) -> None:
        words = arguments["what"].split()
        if any(word not in _WATCHED for word in words):
            raise ActionError("Watched are MODEM, GPS, CAN and HEALTH.")
        await self._call(lambda: self._client.ask(" ".join(("WATCH", *words))))

    async def _set_up(self, _: Any, arguments: dict[str, Any]) -> None:
        changes = _changes(arguments["answers"])
        self._settings = await self._call(lambda: writer.write(self._client, changes))
        self._answer = f"The module has stored {len(changes)} settings."

    async def _call(self, work: Callable[[], Any]) -> Any:
        """One question at a time, beside the event loop."""
        async with self._turn:
            return await asyncio.to_thread(work)

    def _clean(self, line: str) -> str:
        match = _SET.match(line)
        if match and int(match[2]) in rules.SECRETS:
            return f"{match[1]}{MASK}"
        if line[:2].upper() == "S ":
            return f"S {self.secrets.clean_sms(line[2:])}"
        return self.secrets.clean(line)

    def _say(self, who: str, text: str) -> None:
        self.lines.line(time.monotonic() - self._started_s, who, text)

    def _heard(self, text: str) -> None:
        """From the client's thread."""
        who = "console" if text.startswith("#") else "module"
        shown = self.secrets.clean_reply(plain(text))
        if text != END and shown.strip():
            self._loop.call_soon_threadsafe(self._say, who, shown)

    def _lost(self) -> None:
        self._is_lost = True


def _changes(text: str) -> dict[int, str]:
    """{parameter: text} of the form's answers. ActionError with a sentence, never an answer."""
    try:
        answers = json.loads(text)
    except ValueError:
        raise ActionError("The answers are no JSON.") from None
    by_key = {question.key: question for question in QUESTIONS}
    if not isinstance(answers, dict) or not answers:
        raise ActionError("There is no answer: what is left empty stays as it is.")
    changes = {}
    for key, value in answers.items():
        if key not in by_key or not isinstance(value, str):
            raise ActionError("The answers hold something that is no question.")
        try:
            changes[by_key[key].number] = checked(by_key[key], value)
        except ValueError as error:
            raise ActionError(f"{by_key[key].text.split(',')[0]}: {error}") from None
    return changes
