"""Feeds the digester with dialogues, for its tests."""

from ovms.links.modem.sim800.profile import SIM800
from ovms.protocol import at

_PROMPTING = ("AT+CIPSEND=", "AT+CMGS=")
# Final results of the commands that do not end with OK.
_FINALS = {
    b"AT+CIICR": b"\nOK\n+PDP:\n",
    b"AT+CIFSR": at.ADDRESS,
    b"AT+CIPSHUT": b"\nSHUT OK\n",
    b"AT+CIPSTATUS": b"\nSTATE:\n",
    b"AT+CIPCLOSE": b"\nCLOSE OK\n",
    b"AT+CIPSEND": b"\nSEND OK\nDATA ACCEPT:\nSEND FAIL\nCLOSED\n+PDP:\n",
    # The driver never dials; a data call is answered with CONNECT.
    b"ATD*99***1#": b"\nCONNECT\n",
}
_NAMES = {1: "result", 2: "info", 3: "urc", 4: "prompt", 5: "data", 6: "echo"}


def new_digester(size=768, profile=SIM800):
    return at.ATDigester(profile, size)


def expect(digester, data):
    """What the driver tells the digester before it sends `data`."""
    if data.startswith(b"AT") and data.endswith(b"\r"):
        line = data[:-1]
        digester.expect(line, finals(line), is_prompting(line.decode()))


def finals(line):
    """The set of final results of the command `line` (bytes)."""
    return _FINALS.get(line.split(b"=")[0], at.OK)


def is_prompting(text):
    """Whether the command `text` (str) is answered by a prompt."""
    return any(text.startswith(start) for start in _PROMPTING)


def feed(digester, data, pieces, events):
    """Feed `data` cut as `pieces` (lengths; the last repeats) and append (name, ...) events."""
    start = index = 0
    while start < len(data):
        room = digester.room()
        n = min(pieces[min(index, len(pieces) - 1)], len(data) - start, len(room))
        room[:n] = data[start : start + n]
        digester.received(n)
        start += n
        index += 1
        drain(digester, events)


def drain(digester, events):
    """Append all events there are; payload is joined and so does not depend on the cutting."""
    while True:
        kind = digester.next_event()
        if kind == at.NOTHING:
            return
        if kind == at.DATA:
            if events and events[-1][0] == "data":
                events[-1] = ("data", events[-1][1] + bytes(digester.data))
            else:
                events.append(("data", bytes(digester.data)))
        elif kind == at.PROMPT:
            events.append(("prompt",))
        elif digester.text is not None and kind != at.RESULT:
            events.append((_NAMES[kind], digester.line, digester.text))
        else:
            events.append((_NAMES[kind], digester.line))


def play(steps, pieces=(4096,), inject=None):
    """(events, digester) after a dialogue's run. inject: (step index, position, bytes) to add."""
    digester = new_digester()
    events = []
    for index, (side, data) in enumerate(steps):
        if side == "H":
            expect(digester, data)
            continue
        if inject and inject[0] == index:
            data = data[: inject[1]] + inject[2] + data[inject[1] :]
        feed(digester, data, pieces, events)
    return events, digester
