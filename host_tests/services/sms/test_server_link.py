"""`SERVER?`: how the server is spoken to, and why."""

from host_tests.services.sms_bench import Bench
from ovms.parameters import FROM_OWNER, SERVER_TLS
from ovms.status import (
    WAY_AS_SET,
    WAY_CHECKED,
    WAY_NO_CA,
    WAY_NO_DATE,
    WAY_NO_MEMORY,
    WAY_NOT_OFFERED,
    WAY_OTHER_CA,
)


def test_how_the_server_is_spoken_to_and_why():
    bench = Bench()

    def link():
        return bench.send("SERVER?").split("\r\n Link:")[1]

    for server, worked, text in (
        ("a.b", "E a.b", "none, TLS only: it has worked"),
        ("A.b", "C a.b", "none, TLS only: it has worked"),
        ("a.b", "E other.b", "none, TLS is tried first"),
        ("a.b:6867", "", "none, plain only: SERVER names the port"),
        ("tls://a.b", "", "none, TLS only: SERVER says so"),
    ):
        bench.config.apply({4: server}, True, FROM_OWNER)
        bench.config.apply({SERVER_TLS: worked})
        assert link() == text
    bench.status.is_server_connected = True
    for way, text in (
        (WAY_CHECKED, "TLS, certificate checked"),
        (WAY_NO_CA, "TLS, certificate not checked: no ca.pem"),
        (WAY_NO_DATE, "TLS, certificate not checked: date unknown"),
        (WAY_OTHER_CA, "TLS, certificate not checked: not by the CA of ca.pem"),
        (WAY_NOT_OFFERED, "plain: no TLS at port 6870"),
        (WAY_NO_MEMORY, "plain: no memory for TLS"),
        (WAY_AS_SET, "plain: SERVER names the port"),
    ):
        bench.status.server_way = way
        assert link() == text
