"""What the start costs until the first AT command leaves: imports, assembly, modem start-up.

The firmware runs on the 32-bit VM as on the desk, under callgrind; its modem line ends at a
listener that stops the run at the first `AT`. Instructions become ESP32 seconds by the design's
yardstick: 25,000 host instructions for each of 400 CAN frames a second are 15 % of an ESP32.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from pathlib import Path

from tools import vm
from tools.benchmarks import callgrind
from tools.benchmarks.rows import Row, not_measured
from tools.desk.board_host import BoardHost, HostError, Wiring

GROUP = "Boot, 32 bit"
BUDGET_S = 2.0
INSTRUCTIONS_PER_ESP32_S = 25_000 * 400 / 0.15
# Collections are part of the cost, so it starts in the heap of the design if it can.
_HEAPS_KIB = (96, 200)
_LIMIT_S = 30


class _CountingHost(BoardHost):
    """Starts the firmware under callgrind and keeps what callgrind says."""

    def __init__(self, wiring: Wiring, on_output):
        super().__init__(wiring, stdout=asyncio.subprocess.PIPE, on_output=on_output)

    def _firmware_command(self) -> list[str]:
        plain = super()._firmware_command()
        script = plain[len(vm.command(32, self.wiring.heap_kib)) :]
        line = callgrind.command(32, self.wiring.heap_kib)
        return [line[0], "--log-fd=1", *line[1:], *script]


class _Modem(asyncio.Protocol):
    """The far end of the modem's UART: only listens."""

    def __init__(self, has_spoken: asyncio.Event):
        self._has_spoken = has_spoken
        self._heard = b""

    def data_received(self, data: bytes) -> None:
        self._heard += data
        if b"AT" in self._heard:
            self._has_spoken.set()


async def _instructions_until_first_at(heap_kib: int) -> int:
    lines: list[str] = []
    has_spoken = asyncio.Event()
    server = await asyncio.get_running_loop().create_server(
        lambda: _Modem(has_spoken), "127.0.0.1", 0
    )
    with tempfile.TemporaryDirectory(prefix="ovms-flash-") as flash:
        port = server.sockets[0].getsockname()[1]
        wiring = Wiring(
            modem=("127.0.0.1", port),
            runtime="micropython",
            bits=32,
            heap_kib=heap_kib,
            flash=Path(flash),
        )
        host = _CountingHost(wiring, lines.append)
        await host.start()
        firmware = asyncio.create_task(host.run())
        try:
            await asyncio.wait_for(has_spoken.wait(), _LIMIT_S)
        except TimeoutError:
            text = next((line for line in lines if "Error" in line), "nothing was said why")
            raise callgrind.UncountableError(f"no AT within {_LIMIT_S} s ({text})") from None
        finally:
            assert host.process is not None
            with contextlib.suppress(ProcessLookupError):
                host.process.terminate()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(firmware, 10)
            await host.stop()
            server.close()
    if host.restarts:
        raise callgrind.UncountableError(f"the firmware does not start in {heap_kib} KiB")
    return callgrind.total("\n".join(lines))


def measure() -> list[Row]:
    """The rows of this group, in the smallest heap in which the firmware starts."""
    what = "until the first AT command"
    failures = []
    for heap_kib in _HEAPS_KIB:
        try:
            instructions = asyncio.run(_instructions_until_first_at(heap_kib))
            break
        except (callgrind.UncountableError, HostError) as error:
            failures.append(str(error))
    else:
        return [not_measured(GROUP, what, "; ".join(failures), BUDGET_S)]
    note = f"{heap_kib} KiB heap; at {INSTRUCTIONS_PER_ESP32_S / 1e6:.0f} million a second"
    return [
        Row(GROUP, what, instructions / 1e6, "million instructions"),
        Row(
            GROUP,
            f"{what}, ESP32 CPU (estimated)",
            instructions / INSTRUCTIONS_PER_ESP32_S,
            "s",
            BUDGET_S,
            note=note,
        ),
    ]
