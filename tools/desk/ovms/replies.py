"""Who waits for which command reply.

The stock server looks at order alone: a `c` goes to the oldest waiting client. Only the list
commands 1 and 3 keep their client over several rows. Source: server-and-clients 2.3, which also
lists what goes wrong there; each of those cases comes back from `route` as a fault text.
"""

from collections import deque
from dataclasses import dataclass, field

from tools.desk.ovms.fields import as_int
from tools.desk.ovms.peers import Peer

LIST_COMMANDS = (1, 3)
ANSWER_LIMIT_S = 9
# A car that never answers must not fill memory; the oldest command is forgotten then.
_WAITING_KEPT = 1000


@dataclass
class Waiting:
    peer: Peer | None
    command: int | None
    asked_s: float
    rows: int = 0
    is_reported: bool = False


@dataclass
class Route:
    """Where a reply goes: to one peer, to everybody, or nowhere (its asker has left)."""

    peer: Peer | None = None
    to_everybody: bool = False
    is_unsolicited: bool = False
    faults: list[str] = field(default_factory=list)


class ReplyQueue:
    """One per car connection. `copies_slips` keeps the stock server's routing error: a client
    whose list command was refused or cut short goes on receiving what others asked for."""

    def __init__(self, copies_slips: bool = False) -> None:
        self._copies_slips = copies_slips
        self._waiting: deque[Waiting] = deque(maxlen=_WAITING_KEPT)
        self._was_ever_asked = False

    def asked(self, peer: Peer, command: int | None, now_s: float) -> None:
        """A command went to the car; `command` is None when it is encrypted."""
        self._was_ever_asked = True
        self._waiting.append(Waiting(peer, command, now_s))

    def forget(self, peer: Peer) -> None:
        """The client left; its replies are dropped when they come."""
        for waiting in self._waiting:
            if waiting.peer is peer:
                waiting.peer = None

    def route(self, payload: str | None, now_s: float) -> Route:
        """Target of a reply's payload (None when it is encrypted)."""
        if not self._was_ever_asked:
            return Route(
                is_unsolicited=True,
                faults=["sent a reply before any command: the real server goes deaf on this"],
            )
        route = Route()
        command, result, row, row_count = _reply_numbers(payload)
        self._end_short_list(command, route)
        if not self._waiting:
            route.to_everybody = True
            route.faults.append(f"reply {_name(command)} that nobody waits for")
            return route
        head = self._waiting[0]
        route.peer = head.peer
        if None not in (command, head.command) and command != head.command:
            route.faults.append(
                f"reply {_name(command)} while C{head.command} is the oldest unanswered command: "
                "the wrong client gets it"
            )
        if command not in LIST_COMMANDS:
            self._waiting.popleft()
        elif result != 0:
            route.faults.append(
                f"list command {command} answered with result {result}: "
                "the real server sends the next replies to the wrong client"
            )
            if not self._copies_slips:
                self._waiting.popleft()
        else:
            self._list_row(head, command, row, row_count, route)
        head.asked_s = now_s
        return route

    def overdue(self, now_s: float) -> list[str]:
        """Faults about commands without an answer, and lists without an end; each told once."""
        faults = []
        if self._waiting and not self._waiting[0].is_reported:
            head = self._waiting[0]
            silence_s = now_s - head.asked_s
            if silence_s > ANSWER_LIMIT_S:
                head.is_reported = True
                what = f"C{head.command}" if head.command is not None else "an encrypted command"
                faults.append(
                    f"{what} has no answer for {ANSWER_LIMIT_S} s"
                    if not head.rows
                    else f"the list of {what} ended early, after {head.rows} rows"
                )
        return faults

    def _end_short_list(self, command: int | None, route: Route) -> None:
        head = self._waiting[0] if self._waiting else None
        if head is None or not head.rows or command == head.command:
            return
        if not head.is_reported:
            route.faults.append(f"the list of C{head.command} ended early, after {head.rows} rows")
        if not self._copies_slips:
            self._waiting.popleft()

    def _list_row(self, head, command, row, row_count, route) -> None:
        if row is None or not row_count:
            route.faults.append(f"reply {_name(command)} without row number and row count")
            self._waiting.popleft()
            return
        if row != head.rows:
            route.faults.append(f"list of {_name(command)}: row {row} where {head.rows} is due")
        head.rows = row + 1
        if row >= row_count - 1:
            self._waiting.popleft()


def _reply_numbers(payload: str | None) -> tuple[int | None, ...]:
    if payload is None:
        return (None,) * 4
    parts = payload.split(",")
    return tuple(as_int(parts[i]) if i < len(parts) else None for i in range(4))


def _name(command: int | None) -> str:
    return "(encrypted)" if command is None else f"c{command}"
