"""Keeps passwords out of what anybody reads. Loaded on demand."""

from micropython import const

from ovms.parameters import FACTORY_PASSWORD, SECRETS, UNDO

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import Config

_LINE_LENGTH = const(80)


def secrets(config: "Config") -> list[str]:
    """Every password of `config`, the longest first: those of now and what UNDO would restore."""
    found = [config.get(n) for n in SECRETS]
    for field in config.get(UNDO).split("\t")[1:]:
        number, _, value = field.partition("=")
        if number.isdigit() and int(number) in SECRETS:
            found.append(value)
    # One that was lost is a blank.
    return sorted([text for text in found if text.strip()], key=len, reverse=True)


def masked(config: "Config", text: str) -> str:
    """`text` with `****` in the place of every password of `config`."""
    # One password may be a part of another, so the longest first.
    for secret in secrets(config):
        # The factory's is no secret, but a word of every second line.
        if secret != FACTORY_PASSWORD:
            text = text.replace(secret, "****")
    return text


def masked_line(config: "Config | None", text: str, values: tuple[object, ...]) -> str:
    """One line of the log: `text % values` as at most 80 printable characters of ASCII (str).

    config: the Config whose passwords are masked, None until there is one.
    """
    if values:
        text = text % values
    if config is not None:
        # Before the cut: of a password across it a part would remain.
        text = masked(config, text)
    data = bytearray(text.encode()[:_LINE_LENGTH])
    for i in range(len(data)):
        if not 32 <= data[i] <= 126:
            data[i] = 46
    return data.decode()
