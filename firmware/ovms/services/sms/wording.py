"""The words of an SMS as they were meant, without what phones make of blanks, quotes and dashes.

Loaded on demand.
"""

# No-break, figure, thin, narrow and ideographic blanks; then marks that have no width.
_BLANKS = "\xa0\u2007\u2009\u202f\u3000"
_NOTHING = "\u200b\u200e\u200f\u2060\ufeff"
# Of full width, Arabic, and reversed.
_QUESTION_MARKS = "\uff1f\u061f\u2e2e"
QUOTES = "\"'`\xb4\xab\xbb\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u2039\u203a\uff02"
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2212"


def words_of(text: str) -> list[str]:
    """The words of `text`, a list of str. Only quotes around all of it, or around the command, are
    none of the words: values may hold some.
    """
    text = _replaced(text, _BLANKS, " ")
    text = _replaced(text, _NOTHING, "")
    text = _replaced(text, _QUESTION_MARKS, "?")
    words = text.split()
    is_quoted = len(words) > 0 and words[0][:1] in QUOTES
    while is_quoted and words and not _replaced(words[0], QUOTES, ""):
        # The quotes stand apart.
        del words[0]
    if not words:
        return words
    command = _replaced(words[0], QUOTES, "")
    if is_quoted and len(words) > 1 and _count(words[0]) < 2:
        words[-1] = _unquoted(words[-1])
    words[0] = command
    return ["-" if word in _DASHES else word for word in words if word]


def _count(word):
    """How many quotes `word` has."""
    return len(word) - len(_replaced(word, QUOTES, ""))


def _unquoted(word):
    """`word` without the quote at its end, which may stand in front of a question mark."""
    mark = "?" if word.endswith("?") else ""
    word = word[: len(word) - len(mark)]
    return (word[:-1] if word[-1:] and word[-1:] in QUOTES else word) + mark


def _replaced(text, characters, new):
    for i in range(len(characters)):
        text = text.replace(characters[i : i + 1], new)
    return text
