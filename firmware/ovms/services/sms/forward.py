"""What becomes of a text that is no command: the apps get to see what a service wrote.

Loaded on demand. The reference forwards every such text (module-behaviour 2.7), and with it
passwords in mistyped commands. Here a text leaves only when its sender is nobody who could have
typed a command: a name or a short number, as network operators have. Not even then when it
resembles a command or has one of the module's passwords in it. Of the rest, words and numbers of
up to three digits are shown; whatever else may be a code is masked.
"""

from micropython import const

from ovms import parameters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.services.sms.service import SMSService

# No telephone in the world has so short a number.
_SHORT_NUMBER = const(6)
_SENDER_LENGTH = const(11)
_TEXT_LENGTH = const(155)
# Numbers and words with digits or odd capitals are shown up to this length.
_HARMLESS_LENGTH = const(3)


def forward(sms: "SMSService", caller: str, text: str) -> None:
    """Push `text` of a service to the apps; drop any other."""
    if sms.config.feature(parameters.FEATURE_SUPPRESS) & parameters.NO_FORWARDING:
        return
    if not (sms.status.is_server_connected and is_service(caller)):
        return
    text = text[: 2 * _TEXT_LENGTH]
    if _has_secret(sms.config, text) or _resembles_any(sms, text):
        sms.status.count("sms_not_forwarded")
        return
    sms.status.count("sms_forwarded")
    shown = masked(text).strip()[:_TEXT_LENGTH]
    sms.push("A", "SMS FROM: %s - MSG: %s" % (masked(caller, False), shown))


def is_attempt(sms: "SMSService", caller: str, text: str) -> bool:
    """Whether a person seems to have mistyped a command."""
    return not is_service(caller) and _resembles_any(sms, text[: 2 * _TEXT_LENGTH])


def is_service(caller: str) -> bool:
    """Whether `caller` is a name or a short number, not somebody's telephone.

    What is in quotes is none, however it looks: see `protocol/phone.py`.
    """
    if caller[:1] == '"':
        return True
    if len(caller) > _SENDER_LENGTH:
        return False
    data = caller.encode()
    for byte in data:
        if 65 <= byte & 0xDF <= 90:
            return True
    return data.isdigit() and len(data) <= _SHORT_NUMBER


def masked(text: str, has_codes: bool = True) -> str:
    """`text` in one line; if it has codes, `****` in the place of what may be one."""
    data = text.encode()
    shown = bytearray()
    start = 0
    for i in range(len(data) + 1):
        byte = data[i] if i < len(data) else 0
        # Codes are written in groups as well.
        if _is_letter(byte) or _is_digit(byte) or (byte in b"- " and _is_inside(data, i)):
            continue
        word = data[start:i]
        shown += b"****" if has_codes and _may_be_code(word) else word
        if byte:
            shown.append(byte if 32 <= byte < 127 else 32)
        start = i + 1
    return shown.decode()


def _is_letter(byte):
    # Letters of other scripts are several bytes of these.
    return 65 <= byte & 0xDF <= 90 or byte >= 0x80


def _is_digit(byte):
    return 48 <= byte <= 57


def _is_inside(data, i):
    """Whether data[i] is between two digits."""
    return 0 < i < len(data) - 1 and _is_digit(data[i - 1]) and _is_digit(data[i + 1])


def _may_be_code(word):
    """Whether a word is no plain one: lower case, capitalised, or in capitals."""
    if len(word) <= _HARMLESS_LENGTH:
        return False
    capitals = smalls = 0
    for byte in word:
        if not _is_letter(byte):
            return True
        if byte <= 90:
            capitals += 1
        elif byte < 0x80:
            smalls += 1
    return capitals > 1 and smalls > 0 or (capitals == 1 and not word[0] <= 90)


def _has_secret(config, text):
    from ovms.masking import secrets

    text = text.lower()
    return any([secret.lower() in text for secret in secrets(config)])


def _resembles_any(sms, text):
    """Whether the first word is a command or nearly one."""
    word = bytearray()
    for byte in text.encode():
        if _is_letter(byte):
            word.append(byte & 0xDF)
        elif word:
            break
    from ovms.services.sms.commands import names

    for commands in names(sms):
        for name in commands:
            if _resembles(word, name.rstrip("?").encode()):
                return True
    return False


def _resembles(word, name):
    """Whether `word` is `name` with some more behind it, letters swapped, or a slip or two."""
    size = len(name)
    if sorted(word) == sorted(name) or (size > 3 and word[:size] == name):
        return True
    slips = size // 3 if size > 3 else 0
    if abs(len(word) - size) > slips:
        return False
    # Levenshtein's distance, one row of the table at a time.
    before = list(range(size + 1))
    for i in range(len(word)):
        row = [i + 1]
        for j in range(size):
            row.append(min(before[j + 1] + 1, row[j] + 1, before[j] + (word[i] != name[j])))
        before = row
    return before[size] <= slips
