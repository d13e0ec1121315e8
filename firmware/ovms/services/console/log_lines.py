"""LOG at the DIAG console: as by SMS, and LOG DUMP, which hands the log out. Loaded on demand."""

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator

    from ovms.services.console.session import Console

# How much leaves in one turn: see `watch.py`.
_TURN = const(256)
_BEGUN = "\r\n"


async def handle_log(
    console: "Console", line: str, rest: str, origin: int
) -> tuple[str | None, str | None]:
    """(text to be framed, None), or (None, what is sent of a log at once)."""
    if rest.upper() != "DUMP":
        return (await console.app.sms.execute_as_owner(line, origin))[1] or "", None
    try:
        lines = await console.app.can_log(None)
    except ValueError as error:
        return str(error), None
    if console.watch:
        console.watch.stop()
    console.watch = Dump(console, lines)
    return None, _BEGUN


class Dump:
    """In the place of a `Watch`: the lines of a log, a few in each turn, until all have left."""

    def __init__(self, console: "Console", lines: "Generator[str, None, None]") -> None:
        self._console = console
        self._lines = lines

    def output(self) -> str:
        """Some lines, framed."""
        text = ""
        while len(text) < _TURN:
            line = next(self._lines, None)
            if line is None:
                self._console.watch = None
                return text + "#.\r\n"
            text += "# %s\r\n" % line
        return text

    def stop(self) -> None:
        """Somebody wants something else, or has gone."""
        self._lines.close()
