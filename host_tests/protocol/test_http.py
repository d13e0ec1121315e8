"""Addresses, requests and heads of answers of HTTP."""

from host_tests.shims.expect import raises
from ovms.protocol.errors import RemoteProtocolError
from ovms.protocol.http import Head, parse_url, request

GOOD = (
    b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 100-199/1000\r\nContent-Length: 100\r\n"
)


def head_of(text, first=100, last=199, step=1000):
    """(Head, what is left behind it) of an answer that comes in pieces of `step` bytes."""
    head = Head(first, last)
    while text and not head.is_done:
        taken = head.receive(text, min(step, len(text)))
        text = text[taken:]
    return head, text


def test_addresses():
    assert parse_url("http://a.example/x/y.bundle?k=1") == (
        "a.example",
        80,
        False,
        "/x/y.bundle?k=1",
    )
    assert parse_url("HTTPS://a.example:8443/x") == ("a.example", 8443, True, "/x")
    assert parse_url("https://127.0.0.1/x")[1:3] == (443, True)
    for url in (
        "",
        "a.example/x",
        "ftp://a/x",
        "http:/a/x",
        "http://a.example",
        "http://a.example/",
        "http:///x",
        "http://me:secret@a.example/x",
        "http://a/x y",
        "http://a/x\r\nHost: b",
        "http://a/\xe4",
        "http://\xe4/x",
        "http://a/x#y",
        "http://a:0/x",
        "http://a:65536/x",
        "http://a:/x",
        "http://a:+1/x",
        "http://a/" + "x" * 200,
    ):
        raises(ValueError, parse_url, url)


def test_a_request():
    assert request("a.example", 80, False, "/x", 100, 199) == (
        b"GET /x HTTP/1.1\r\nHost: a.example\r\nRange: bytes=100-199\r\n"
        b"Accept-Encoding: identity\r\n\r\n"
    )
    assert b"Host: a:8080\r\n" in request("a", 8080, False, "/x", 0, 1)
    assert b"Host: a\r\n" in request("a", 443, True, "/x", 0, 1)


def test_a_piece_in_pieces_of_any_size():
    for step in (1, 2, 7, 1000):
        head, rest = head_of(GOOD + b"ETag: x\r\n\r\nbody", 100, 199, step)
        assert head.is_done and rest == b"body"
        assert (head.count, head.total) == (100, 1000)
    # A server may send less, but not more, and nothing else.
    assert head_of(GOOD + b"\r\n", 100, 500)[0].count == 100
    for first, last in ((100, 198), (99, 199), (101, 199)):
        raises(RemoteProtocolError, head_of, GOOD + b"\r\n", first, last)
    assert not head_of(GOOD)[0].is_done


def test_other_answers():
    for status, error, word in (
        (b"200 OK", ValueError, "pieces"),
        (b"301 Moved", ValueError, "somewhere else"),
        (b"302 Found", ValueError, "HTTP 302"),
        (b"404 Not Found", ValueError, "no such file"),
        (b"416 No", ValueError, "another one"),
        (b"403 Forbidden", ValueError, "HTTP 403"),
        (b"503 Busy", OSError, "HTTP 503"),
        (b"429 Slow", OSError, "HTTP 429"),
    ):
        raised = raises(error, head_of, b"HTTP/1.1 " + status + b"\r\n\r\n")
        assert word in raised.args[0], status
    for text in (
        b"SSH-2.0-x\r\n",
        b"HTTP/2 206\r\n",
        b"HTTP/1.1\r\n",
        b"HTTP/1.1 x06 a\r\n",
        b"\r\n",
        b"x" * 5000,
        b"HTTP/1.1 206 P\r\n" + b"a: b\r\n" * 1000,
        b"HTTP/1.1 206 P\r\n\r\n",
        b"HTTP/1.1 206 P\r\nContent-Range: bytes */1000\r\n\r\n",
        b"HTTP/1.1 206 P\r\nContent-Range: bytes 100-99/1000\r\n\r\n",
        b"HTTP/1.1 206 P\r\nContent-Range: bytes 100-199/150\r\n\r\n",
        b"HTTP/1.1 206 P\r\nContent-Range: bytes 100-199/1000\r\nContent-Length: 99\r\n\r\n",
        b"HTTP/1.1 206 P\r\nContent-Length: -1\r\n\r\n",
    ):
        raises(RemoteProtocolError, head_of, text)
    raises(ValueError, head_of, GOOD + b"Transfer-Encoding: chunked\r\n\r\n")
    raises(ValueError, head_of, GOOD + b"Content-Encoding: gzip\r\n\r\n")
