"""Short names of the counters, and the long ones for who asks."""

from host_tests.tools.shrinking import run, shrunk, text_of
from ovms.services.counter_names import in_full
from tools import build, shrink

COUNTING = (
    "class Status:\n"
    "    def __init__(self):\n"
    "        self.counts = {'gps_noise': 0}\n        self.end = 'late_end'\n"
    "    def count(self, name):\n        self.counts[name] = self.counts.get(name, 0) + 1\n"
    "def main():\n"
    "    status = Status()\n"
    "    status.count('one_thing' if status.counts else 'other_thing')\n"
    "    status.counts['gps_noise'] += 1\n"
    "    status.count(status.end)\n"
    "    status.count('half_' + 'name')\n"
    "    status.count('plain')\n"
    "    return status.counts, 'one_thing is a text', 'abc,,'.count(',')\n"
)
TABLE = {"services/counter_names": build.firmware_sources()["ovms/services/counter_names.py"]}
TABLE_USE = "from ovms.services.counter_names import in_full"


def test_counters_get_short_names_and_their_own_back():
    result = shrunk(COUNTING, outside=[TABLE_USE], **TABLE)
    counts, text, commas = run(result)["main"]()
    assert max(map(len, set(counts) - {"half_name"})) < 10 and "one_thing" not in counts
    assert (text, commas) == ("one_thing is a text", 2)
    table = run(result, "services/counter_names")["in_full"]
    expected = [
        ("gps_noise", 1),
        ("half_name", 1),
        ("late_end", 1),
        ("one_thing", 1),
        ("plain", 1),
    ]
    assert table(counts) == expected


def test_a_text_in_use_names_no_counter():
    result = shrunk(
        COUNTING + "USED = ['abs', 'all']\ndef used():\n    return USED\n",
        outside=["from ovms.app import used"],
        **TABLE,
    )
    assert not {"abs", "all"} & set(run(result)["main"]()[0])


def test_without_the_table_nothing_changes():
    counts, *_ = run(shrunk(COUNTING))["main"]()
    assert "gps_noise" in counts


def test_unshrunk_names_are_full():
    assert in_full({"b": 1, "a": 2}) == [("a", 2), ("b", 1)]


def test_every_counter_of_the_firmware_has_a_short_name():
    sources = build.firmware_sources()
    result = shrink.shrink(sources, [path.read_text("utf-8") for path in build.outside_sources()])
    table = text_of(result, "ovms/services/counter_names.py")
    assert ":sms_received " in table and ":gps_noise " in table and ":server_silences " in table
    others = "".join(text for path, text in result.sources.items() if text != table)
    assert "'sms_received'" not in others and "'gps_noise'" not in others


def test_a_counter_that_is_said_or_put_together_elsewhere_keeps_its_name():
    used = (
        "def used(status, reason):\n"
        "    status.count('late_' + reason)\n    print('other_thing')\n    return ['end']\n"
    )
    result = shrunk(COUNTING + used, outside=["from ovms.app import used"], **TABLE)
    text = text_of(result)
    # `late_` and `end` make `late_end`; `other_thing` is printed.
    assert text.count("'late_end'") == 1 and text.count("'other_thing'") == 2
    assert "'gps_noise'" not in text
