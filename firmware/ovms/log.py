"""The log: one line per event for whoever watches the console, passwords masked.

The composition root makes one `Log` and hands it out; nothing here works at import.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ovms.contracts import Clock, Config


class Log:
    """sink: called with each line (str without line end). clock: something with `uptime_s()`.

    config: the Config whose passwords are masked, None until there is one.
    """

    def __init__(self, sink: "Callable[[str], None]", clock: "Clock") -> None:
        self.config: "Config | None" = None
        self._sink = sink
        self._clock = clock

    def info(self, text: str, *values: object) -> None:
        """Tell `text % values`."""
        self._write("I", text, values)

    def error(self, text: str, *values: object) -> None:
        """The same, for what somebody should look at."""
        self._write("E", text, values)

    def _write(self, letter, text, values):
        try:
            from ovms.masking import masked_line

            line = masked_line(self.config, text, values)
        except MemoryError:
            # Told without its values: nothing that could need masking.
            line = text
        self._sink("%d %s %s" % (self._clock.uptime_s(), letter, line))
