"""What parameter 4 may ask for beyond a host, and how a module without settings gets them."""

from host_tests.fixtures.v2 import vectors
from host_tests.links.server_module import SETTINGS, Module, play
from ovms.links import provisioning
from ovms.parameters import SERVER, SERVER_PASSWORD, VEHICLE_ID


class OptionModule(Module):
    """Remembers how its streams were asked for. errors: what `open_stream` raises first."""

    def __init__(self, settings, errors=()):
        super().__init__(settings)
        self.asked = []
        self.errors = list(errors)
        plain = self.link.open_stream

        async def open_stream(host, port, is_tls):
            self.asked.append((host, port, is_tls))
            if self.errors:
                raise self.errors.pop(0)
            return await plain(host, port)

        self.link.open_stream = open_stream


def with_server(text):
    return {SERVER: text, VEHICLE_ID: "TESTCAR", SERVER_PASSWORD: "NETPASS"}


def test_port_and_tls():
    for text, expected in (
        ("a.b", ("a.b", 6867, False)),
        ("a.b:7000", ("a.b", 7000, False)),
        ("tls://a.b", ("a.b", 6870, True)),
        ("tls://a.b:7001", ("a.b", 7001, True)),
    ):
        module = OptionModule(with_server(text))

        async def scenario(module):
            assert module.status.is_server_connected

        play(module, scenario)
        assert module.asked == [expected]


def test_scheme_1_for_an_owner():
    module = OptionModule(with_server("tls://me@a.b"))
    module.server.is_mute = True
    heard = []

    async def scenario(module):
        connection = module.server.last
        heard.append(connection.welcome)
        connection.say_raw(b"MP-S 1 me TESTCAR TESTCAR\r\nZ1\r\n")
        await module.time.advance(2)
        assert module.status.is_server_connected
        assert module.outbox.told == ["login", "Z1"]

    # The fake server knows scheme 0 alone; what it hears is enough.
    plain = module.server.open_stream

    async def open_stream(host, port):
        connection = await plain(host, port)

        async def write(data):
            connection.welcome += bytes(data).decode()

        connection.write = write
        return connection

    module.server.open_stream = open_stream
    module.link.open_stream = None

    async def with_tls(host, port, is_tls):
        assert (host, port, is_tls) == ("a.b", 6870, True)
        return await open_stream(host, port)

    module.link.open_stream = with_tls
    play(module, scenario)
    assert heard == ["MP-C 1 me NETPASS TESTCAR\r\n"]


def test_why_there_is_no_connection():
    module = OptionModule(SETTINGS, [OSError("The modem has no network."), OSError(104)])

    async def scenario(module):
        assert module.status.server_error == "The modem has no network."
        await module.time.advance(6)
        # A number of the system is no sentence.
        assert module.status.server_error == "The server cannot be reached: check its name."
        await module.time.advance(20)
        assert module.status.is_server_connected
        module.server.connections[-1].hang_up()
        await module.time.advance(3)
        assert module.status.server_error == "The server closed the connection."

    play(module, scenario)


def test_a_certificate_that_is_refused_is_tried_slowly():
    module = OptionModule(with_server("tls://a.b"), [ValueError("TLS: expired.")] * 3)

    async def scenario(module):
        assert module.status.server_error == "TLS: expired."
        await module.time.advance(100)
        assert len(module.asked) == 1
        await module.time.advance(30)
        assert len(module.asked) == 2

    play(module, scenario)


UNSET = {SERVER: "ovms.example", VEHICLE_ID: "", SERVER_PASSWORD: ""}


class UnsetModule(OptionModule):
    """Knows VIN and ICCID; the server answers AP-C with `said`."""

    def __init__(self, said, settings=UNSET):
        super().__init__(settings)
        self.status.iccid = vectors.PROVISION_SECRET
        self.vin = vectors.PROVISION_KEY
        module = self
        plain = self.link.open_stream

        async def open_stream(host, port, is_tls):
            connection = await plain(host, port, is_tls)
            if not module.config.get(VEHICLE_ID):

                async def write(data):
                    connection.welcome = bytes(data).decode()
                    if said is not None:
                        connection.say_raw(said)

                connection.write = write
            return connection

        self.link.open_stream = open_stream
        self.link.provision = self.provision

    async def provision(self, link, sleep_ms):
        await provisioning.attempt(link, self.vin, sleep_ms)


def test_provisioned_and_logged_in():
    module = UnsetModule(vectors.PROVISION_REPLY + b"\r\n")

    async def scenario(module):
        await module.time.advance(3, 250)
        assert module.count("provisions") == 1
        asked, logged_in = module.server.connections
        assert asked.is_closed and asked.welcome == "AP-C 0 " + vectors.PROVISION_KEY + "\r\n"
        assert logged_in.welcome.startswith("MP-C 0 ")
        assert module.status.is_server_connected

    play(module, scenario)


def test_refusals_and_silence_come_back_hourly():
    for said in (b"AP-X\r\n", None):
        module = UnsetModule(said)

        async def scenario(module):
            await module.time.advance(24 * 3600, 5000)
            assert 18 <= len(module.asked) <= 24
            assert not module.status.is_server_connected
            # Settings that come by SMS count at once.
            module.config.apply({VEHICLE_ID: "TESTCAR", SERVER_PASSWORD: "NETPASS"})
            await module.time.advance(12, 500)
            assert module.status.is_server_connected

        play(module, scenario)


def test_a_server_named_anew_is_asked_at_once():
    module = UnsetModule(b"AP-X\r\n")

    async def scenario(module):
        await module.time.advance(60)
        assert len(module.asked) == 1
        module.link.reconnect()
        await module.time.advance(3, 500)
        assert len(module.asked) == 2
        await module.time.advance(60)
        assert len(module.asked) == 2

    play(module, scenario)


def test_without_a_server_nothing_is_asked():
    module = UnsetModule(b"AP-X\r\n", {})

    async def scenario(module):
        await module.time.advance(7200, 5000)
        assert module.asked == [] and not module.status.counts

    play(module, scenario)


def test_a_vin_that_comes_later():
    module = UnsetModule(vectors.PROVISION_REPLY + b"\n")
    module.vin = ""

    async def scenario(module):
        await module.time.advance(100)
        assert module.asked == []
        module.vin = vectors.PROVISION_KEY
        await module.time.advance(65)
        assert module.count("provisions") == 1

    play(module, scenario)
