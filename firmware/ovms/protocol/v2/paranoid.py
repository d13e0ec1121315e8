"""Paranoid mode: a second cipher, from the module to its owner's apps, closed to the server.

Protocol guide 2.6.2, "Paranoid-mode encrypted message"; module-behaviour 4.4;
server-and-clients 2.5. The secret is the module password (parameter 1). Each message starts a
fresh cipher. Loaded when parameter 10 asks for it.
"""

from ovms.protocol.v2 import cipher
from ovms_crypto import STATE_SIZE, b64_decode, hmac_md5, rc4_crypt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import Buffer, Random

# The server acts upon these, or (E) they carry this mode itself.
NEVER_WRAPPED = "AaPHhgE"


class Paranoid:
    """Made at the first log-in with paranoid mode and dropped at the first one without.

    urandom(n) -> n random bytes.
    """

    def __init__(self, urandom: "Random") -> None:
        self._urandom = urandom
        self._state = bytearray(STATE_SIZE)
        self._token = self._digest = self._password = b""

    def enable(self, module_password: str) -> bytes:
        """Payload (bytes) to send now with code `E`: the token. At every login, and on a change.

        module_password: str. The token stays the same over logins, for the server throws what it
        has stored away when it changes; a new password makes a new token for that very reason:
        nobody could read the stored messages any more. Send everything anew after it.
        """
        # One that was lost (a blank) is no key: then nobody reads along, neither app nor server.
        password = module_password.encode() if module_password.strip() else self._urandom(16)
        if not self._token or password != self._password:
            from ovms.protocol.v2 import handshake

            self._token = handshake.new_token(self._urandom)
            self._password = password
            self._digest = hmac_md5(password, self._token)
        return b"T" + self._token

    def wrap(self, code: str, payload: "Buffer") -> "tuple[str, Buffer]":
        """(code, payload) as to be sent: `E` and a new bytearray, or what was given.

        code: one character; payload: bytes-like. Those of NEVER_WRAPPED stay as they are.
        """
        if code in NEVER_WRAPPED:
            return code, payload
        cipher.start(self._state, self._digest)
        return "E", cipher.sealed(self._state, b"M" + code.encode(), b"", payload, b"")

    def unwrap(self, payload: "Buffer") -> tuple[str, bytearray] | None:
        """(code, payload) inside the payload of an `E` message; the payload is a new bytearray.

        None when there is nothing to be had: no `M` in front, a code that is never wrapped, no
        base64. A message of another key gives nonsense, which cannot be told.
        """
        size = len(payload)
        if size < 2 or payload[0] != 0x4D or chr(payload[1]) in NEVER_WRAPPED:
            return None
        plain = bytearray(size)
        end = b64_decode(payload, 2, size, plain, 0)
        if end < 0:
            return None
        cipher.start(self._state, self._digest)
        rc4_crypt(self._state, plain, 0, end)
        return chr(payload[1]), plain[:end]
