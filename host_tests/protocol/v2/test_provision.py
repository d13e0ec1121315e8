"""Auto-provisioning: V8, the recorded reply, and replies that must change nothing."""

from host_tests.fixtures.v2 import vectors
from host_tests.shims.expect import raises
from ovms.protocol.errors import RemoteProtocolError
from ovms.protocol.v2 import cipher, provision
from ovms_crypto import STATE_SIZE, hmac_md5, welcome_digest

SECRET = "8949"
TOKEN = b"token"


def reply_with(record):
    """An AP-S line as a server makes it; record: bytes in clear."""
    state = bytearray(STATE_SIZE)
    cipher.start(state, hmac_md5(SECRET.encode(), TOKEN))
    start = b"AP-S 0 " + TOKEN + b" " + welcome_digest(SECRET.encode(), TOKEN) + b" "
    return bytes(cipher.sealed(state, start, b"", record, b""))


def refused(line, secret=SECRET):
    return raises(RemoteProtocolError, provision.parse_reply, line, secret).reason


def test_request():
    line = provision.request_line(vectors.PROVISION_KEY)
    assert line == vectors.PROVISION_REQUEST + b"\r\n"
    line = provision.request_line(vectors.REAL_PROVISION_KEY)
    assert line == vectors.REAL_PROVISION_REQUEST + b"\r\n"
    for key in ("", "two words", "line\n"):
        raises(ValueError, provision.request_line, key)


def test_replies_of_the_vectors():
    line = vectors.PROVISION_REPLY
    padded = line.replace(b"V1Q ", b"V1Q== ")
    assert vectors.PROVISION_DIGEST_PADDED in padded
    for reply in (line, padded, line.replace(b"=", b""), memoryview(line)):
        result = provision.parse_reply(reply, vectors.PROVISION_SECRET)
        assert result == vectors.PROVISION_RESULT
    result = provision.parse_reply(vectors.REAL_PROVISION_REPLY, vectors.REAL_PROVISION_SECRET)
    assert result == vectors.REAL_PROVISION_RESULT


def test_nothing_for_us():
    assert provision.parse_reply(b"AP-X", SECRET) is None
    assert provision.parse_reply(b"AP-X 0", SECRET) is None


def test_the_longest_record_fits():
    values = ["x" * 31] * 32
    line = reply_with(" ".join(values).encode())
    assert len(line) <= provision.REPLY_MAX
    assert provision.parse_reply(line, SECRET) == dict(enumerate(values))
    broker = ["x" * 63] * 3 + ["ON"]
    line = reply_with(" ".join(values + ["-"] * 5 + broker).encode())
    assert len(line) <= provision.REPLY_MAX
    found = dict(enumerate(values))
    found.update({37 + n: text for n, text in enumerate(broker)})
    assert provision.parse_reply(line, SECRET) == found


def test_records():
    assert provision.parse_reply(reply_with(b"+49 - K\r\n"), SECRET) == {0: "+49", 1: "", 2: "K"}
    assert provision.parse_reply(reply_with(b"a-b --"), SECRET) == {0: "a-b", 1: "--"}
    assert refused(reply_with(b" ".join([b"x"] * 33))) == "bad_record"
    assert refused(reply_with(b" ".join([b"-"] * 36 + [b"SAFE"]))) == "bad_record"
    assert refused(reply_with(b" ".join([b"-"] * 42))) == "bad_record"
    assert refused(reply_with(b"+49 \xff\xfe K")) == "bad_record"


def test_refused_replies():
    line = vectors.PROVISION_REPLY
    secret = vectors.PROVISION_SECRET
    assert refused(line, "89490200001234567891") == "wrong_digest"
    assert refused(line.replace(b"So1", b"So2"), secret) == "wrong_digest"
    assert refused(line.replace(b"AP-S 0", b"AP-S 1"), secret) == "wrong_scheme"
    assert refused(line[:-1].replace(b"IBG", b"I!G"), secret) == "not_base64"
    for other in (b"", b"AP-S", b"AP-S 0 token digest", b"MP-S 0 a b c", line + b" more"):
        assert refused(other, secret) == "bad_reply", other
