"""A piece of a file by HTTP/1.1: the address, the request, and the head of the answer. On demand.

Only what a plain file server needs (RFC 9110, 14: ranges): one GET with `Range` a connection. An
answer without the piece that was asked for is refused, so that nobody makes a module take more.
"""

from micropython import const

from ovms.protocol.errors import RemoteProtocolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import Buffer

URL_MAX = const(200)
# Of the head of an answer; of one line as well.
_HEAD_MAX = const(4096)
_USE = "An address is http://host[:port]/file or https://host[:port]/file."
_NO_RANGES = "The server does not send pieces of a file (HTTP Range)."


def parse_url(url: str) -> tuple[str, int, bool, str]:
    """(host, port, whether TLS, path) of an address; ValueError with a sentence."""
    scheme, mark, rest = url.partition("://")
    scheme = scheme.lower()
    if len(url) > URL_MAX:
        raise ValueError("An address has at most %d characters." % URL_MAX)
    if scheme not in ("http", "https") or not mark:
        raise ValueError(_USE)
    host, slash, path = rest.partition("/")
    host, colon, digits = host.partition(":")
    port = 443 if scheme == "https" else 80
    if colon:
        if not (0 < len(digits) < 6 and digits.isdigit() and 0 < int(digits) < 65536):
            raise ValueError("A port is a number from 1 to 65535.")
        port = int(digits)
    for byte in url.encode():
        # A line feed would begin a line of the head.
        if not 32 < byte < 127:
            raise ValueError(_USE)
    for byte in host.encode():
        is_letter = 65 <= byte & 0xDF <= 90
        if not (is_letter or 48 <= byte <= 57 or byte in b"-._"):
            raise ValueError(_USE)
    if not host or not path or "#" in path:
        raise ValueError(_USE)
    return host, port, scheme == "https", "/" + path


def request(host: str, port: int, is_tls: bool, path: str, first: int, last: int) -> bytes:
    """The request for bytes `first` to `last` of a file, as bytes."""
    if port != (443 if is_tls else 80):
        host = "%s:%d" % (host, port)
    text = "GET %s HTTP/1.1\r\nHost: %s\r\nRange: bytes=%d-%d\r\n" % (path, host, first, last)
    # What is packed would be a piece of something else. The server is not asked to close behind
    # its answer: a modem may tell that before it has told that the request was sent, and some do
    # not give what a closed connection brought. Who has the piece closes.
    text += "Accept-Encoding: identity\r\n\r\n"
    return text.encode()


class Head:
    """The head of the answer to a request for bytes `first` to `last`.

    is_done: it was read. count: bytes of the body. total: of the whole file.
    """

    def __init__(self, first: int, last: int) -> None:
        self._first = first
        self._last = last
        self.is_done = False
        self.count = self.total = 0
        self._line = bytearray()
        self._taken = 0
        self._status = 0
        self._length = -1

    def receive(self, data: "Buffer", n: int) -> int:
        """Take the first `n` bytes of `data`; returns how many of them are the head's.

        ValueError with a sentence for an answer that is none to the request and never will be,
        OSError with one when it may be next time; RemoteProtocolError for what is no HTTP.
        """
        for i in range(n):
            byte = data[i]
            self._taken += 1
            if self._taken > _HEAD_MAX:
                raise RemoteProtocolError("head_too_long")
            if byte != 10:
                self._line.append(byte)
                continue
            line = bytes(self._line).strip()
            self._line = bytearray()
            if not self._status:
                self._status_line(line)
            elif line:
                self._field(line)
            else:
                self._end()
                return i + 1
        return n

    def _status_line(self, line):
        words = line.split()
        if len(words) < 2 or words[0] not in (b"HTTP/1.1", b"HTTP/1.0") or len(words[1]) != 3:
            raise RemoteProtocolError("no_http")
        status = _number(words[1])
        self._status = status
        if status == 206:
            return
        if 200 <= status < 300:
            raise ValueError(_NO_RANGES)
        if status in (404, 410):
            raise ValueError("The server has no such file (HTTP %d)." % status)
        if status == 416:
            raise ValueError("The file at the server is another one now.")
        if 300 <= status < 400:
            raise ValueError(
                "The file is somewhere else (HTTP %d): use the address that the server names."
                % status
            )
        if status >= 500 or status in (408, 425, 429):
            raise OSError("The server cannot at the moment (HTTP %d)." % status)
        raise ValueError("The server refuses (HTTP %d)." % status)

    def _field(self, line):
        name, _, value = line.partition(b":")
        name = name.strip().lower()
        value = value.strip().lower()
        if name == b"content-length":
            self._length = _number(value)
        elif name == b"content-range":
            self._range(value)
        elif name == b"transfer-encoding" or (
            name == b"content-encoding" and value != b"identity"
        ):
            raise ValueError(_NO_RANGES)

    def _range(self, value):
        """As in `bytes 0-499/1234`."""
        unit, _, rest = value.partition(b" ")
        span, _, total = rest.partition(b"/")
        first, _, last = span.partition(b"-")
        if unit != b"bytes" or _number(first) != self._first:
            raise RemoteProtocolError("other_range")
        self.total = _number(total)
        self.count = _number(last) + 1 - self._first
        if not 0 < self.count <= self._last + 1 - self._first:
            raise RemoteProtocolError("other_range")

    def _end(self):
        if not self.count or self._length not in (-1, self.count):
            raise RemoteProtocolError("other_length")
        if self._first + self.count > self.total:
            raise RemoteProtocolError("other_range")
        self.is_done = True


def _number(digits):
    if not (0 < len(digits) < 10 and digits.isdigit()):
        raise RemoteProtocolError("no_number")
    return int(digits)
