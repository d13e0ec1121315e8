"""What phones make of blanks, quotes, dashes and question marks."""

from ovms.services.sms.wording import words_of


def test_marks_of_typography():
    for text in (
        "STAT\uff1f",
        "\u201cSTAT?\u201d",
        "\u201cSTAT\u201d?",
        "\u201e STAT?\u201c",
        "\u2039STAT\u061f\u203a",
        "\u2018STAT\u2019\uff1f",
        "'STAT?'",
        '"STAT"?',
        "\u201d\u201dSTAT?\u201d\u201d",
        "\ufeffSTAT\u200b?",
    ):
        assert words_of(text) == ["STAT?"], text
    assert words_of("\u201cSTAT \uff1f\u201d") == ["STAT", "?"]
    assert words_of("\xabPASS\u202fnew\xbb") == ["PASS", "new"]
    assert words_of("\u201cGPRS\u201d internet \u2013 \u2014") == ["GPRS", "internet", "-", "-"]


def test_quotes_inside_are_part_of_a_value():
    assert words_of("PASS \u201cx\u201d") == ["PASS", "\u201cx\u201d"]
    assert words_of("'PASS' \"x\"") == ["PASS", '"x"']
    assert words_of("GPRS a\u2013b") == ["GPRS", "a\u2013b"]


def test_nothing_but_marks():
    for text in ("", " ", "\u201c", "\u201c\u201d", "\u200b", "\u201c \u201d", "?", "\uff1f"):
        assert words_of(text) in ([], ["?"]), text
