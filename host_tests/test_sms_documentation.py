"""SMS.md knows every command, what it takes and who may use it. CPython only."""

from host_tests.services.sms_bench import Bench
from ovms.services.sms.commands import find, names
from ovms.services.sms.service import BY_OWNER
from tools.vm import ROOT


def test_every_command_is_documented():
    lines = (ROOT / "firmware/ovms/services/SMS.md").read_text().splitlines()
    sms = Bench().sms
    for name in names(sms)[0]:
        command = find((), name)
        text = " ".join(filter(None, (command.name, command.usage)))
        # Of these the module itself does not say what they take.
        start = f"| `{text} " if command.name in ("PASS", "CTP") else f"| `{text}`"
        found = [line for line in lines if line.startswith(start)]
        assert len(found) == 1, text
        assert ("(owner)" in found[0]) == (command.mode == BY_OWNER), text
