"""The DIAG console on a bench of small objects, for tests on both runtimes."""

from host_tests.services.sms_bench import Bench
from host_tests.shims.expect import run
from ovms.services.console.session import Console


class Commander:
    """Keeps what it was told to execute."""

    def __init__(self):
        self.executed = []

    async def execute(self, code, arguments):
        self.executed.append((code, arguments))
        if code == 1:
            return ["c1,0,0,16,0", "c1,0,1,16,0"]
        return ["c%d,0" % code]


class Desk:
    """What an App is to the console."""

    board = None

    def __init__(self, is_new=False):
        self.bench = bench = Bench(is_new)
        self.crash = []
        self.sms = bench.sms
        self.commander = Commander()
        self.status = bench.status
        self.state = bench.state
        self.config = bench.config
        self.clock = bench.clock
        self.console = Console(self)

    def crash_lines(self):
        return self.crash

    def current_car(self):
        return self.bench.car

    def handle(self, line):
        return run(self.console.handle(line))

    def type(self, data, count):
        """Type bytes, return the next `count` outputs."""

        async def main():
            self.console.receive(memoryview(data), len(data))
            outputs = []
            for _ in range(count):
                output = ""
                while not output:
                    output = await self.console.next_output()
                outputs.append(output)
            assert count or not self.console.has_lines()
            return outputs

        return run(main())


def framed(*lines):
    """An answer of these lines as the console frames it."""
    return "\r\n" + "".join(["# %s\r\n" % line for line in lines]) + "#.\r\n"
