"""Keeps passwords out of what anybody reads. Loaded on demand."""

from micropython import const

from ovms.parameters import FACTORY_PASSWORD, SECRETS

_LINE_LENGTH = const(80)


def masked(config, text):
    """`text` with `****` in the place of every password of `config`."""
    # One password may be a part of another, so the longest first.
    for secret in sorted([config.get(n) for n in SECRETS], key=len, reverse=True):
        # The factory's is no secret, but a word of every second line.
        if secret.strip() and secret != FACTORY_PASSWORD:
            text = text.replace(secret, "****")
    return text


def masked_line(config, text, values):
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
