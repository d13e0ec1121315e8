"""Parameter 4: what names a server, and what is refused with a sentence."""

from host_tests.shims.expect import raises
from ovms.protocol.v2 import address


def test_addresses():
    for text, expected in (
        ("ovms.example", ("ovms.example", 6867, False, "")),
        ("192.0.2.7", ("192.0.2.7", 6867, False, "")),
        ("ovms.example:7000", ("ovms.example", 7000, False, "")),
        ("tls://ovms.example", ("ovms.example", 6870, True, "")),
        ("TLS://ovms.example:1", ("ovms.example", 1, True, "")),
        ("tls://me@ovms.example", ("ovms.example", 6870, True, "me")),
        ("tls://a.b_c-2+x@ovms.example:65535", ("ovms.example", 65535, True, "a.b_c-2+x")),
    ):
        assert address.parse(text) == expected, text
        assert address.checked(text) == text


def test_refused():
    for text in (
        "tls://",
        "tls://@host",
        "tls://me@",
        "tls://a@b@c",
        "tls://me you@host",
        "me@host",
        "http://host",
        "ssl://host",
        "host:",
        "host:0",
        "host:65536",
        "host:-1",
        "host:+1",
        "host:1e3",
        "host:123456",
        ":6867",
        "host:1:2",
        "[::1]",
        "a b",
        'a"b',
        "a,b",
        "hôte",
        "x" * 64,
    ):
        sentence = str(raises(ValueError, address.checked, text))
        assert sentence.endswith("."), text


def test_no_server_is_a_setting_too():
    assert address.checked("") == ""
    raises(ValueError, address.parse, "")
