"""What the AT port (`at_port.py`) does when an answer is missing."""

from micropython import const

from ovms.links.modem.at_port import LOST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import Buffer
    from ovms.links.modem.at_port import ATPort

_PROBE_MS = const(1000)
_PROBES = const(3)
_STRAY_MS = const(300)
_DOUBT_MS = const(1000)
_ESCAPE = b"\x1b"


async def settle(port: "ATPort") -> None:
    """The caller of the running command was cancelled: wait for its end."""
    if not port.is_prompted and await port.wait(port.limit_ms):
        return
    await rescue(port, b"timeout", None)


async def rescue(port: "ATPort", fault: bytes, payload: "Buffer | None") -> None:
    """Leave a prompt that may be open and see whether the modem still listens.

    fault: what was missing. payload: bytes that the modem may be waiting for, or None; empty lines
    make them up.
    """
    port.status.count("at_timeout" if fault == b"timeout" else "at_no_prompt")
    port.digester.reset()
    await port.uart.write(_ESCAPE)
    for _ in range(_PROBES):
        is_heard = await probe(port, 1)
        if payload is not None and not is_heard:
            await port.uart.write(b"\r" * len(payload))
            payload = None
        if is_heard:
            # The escape may have had an answer of its own: it must not meet the next command.
            await port.clock.sleep_ms(_STRAY_MS)
            return
    port.is_lost = True
    port.on_urc(LOST, None)


async def doubt(port: "ATPort", command: bytes, finals: bytes) -> None:
    """Wait a little for the real answer behind an OK; without one the OK was the answer."""
    port.begin(command, finals)
    if not await port.wait(_DOUBT_MS):
        port.digester.expect(None)
        port.finish(b"OK")


async def probe(port: "ATPort", times: int, limit_ms: int = _PROBE_MS) -> bool:
    """Whether the modem answers one of `times` `AT` in time. No command may be running."""
    for _ in range(times):
        port.begin(b"AT")
        await port.uart.write(b"AT\r")
        if await port.wait(limit_ms):
            port.is_lost = False
            if port.result == b"OK":
                return True
        else:
            port.digester.expect(None)
            # Data that noise announced would swallow the answers to all that follow.
            port.digester.reset()
            port.is_busy = False
    return False
