"""Sends a GPS receiver to sleep and wakes it, by its RX wire. Loaded on demand.

Each make obeys its own command and takes the others for noise; one that knows none, or whose RX is
not wired, runs on. Any byte wakes it. Source: hardware facts 5.3 (u-blox: backup until there is
activity on its UART; MTK: standby).
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.links.gps_link import GPSLink

_SLEEP = b"\xb5\x62\x02\x41\x08\x00\x00\x00\x00\x00\x02\x00\x00\x00\x4d\x3b$PMTK161,0*28\r\n"
# Whatever a receiver that is awake makes of them: they are no sentence.
_WAKE = b"\xff" * 8 + b"\r\n"


async def rest(link: "GPSLink", is_off: bool) -> None:
    """Let the receiver of the GPSLink sleep, or wake it."""
    link.is_off = is_off
    await link.uart.write(_SLEEP if is_off else _WAKE)
