"""What a command loads is forgotten and read again, where it comes from the module's shelf."""

from host_tests.services.sms_bench import Bench
from host_tests.shims import expect


def firmware():
    """The firmware's modules that are there."""
    return {name for name in expect.loaded() if name.startswith("ovms.")}


def test_what_a_command_loads_is_forgotten_and_read_again():
    bench = Bench()
    expect.forget()
    before = firmware()
    reply = bench.send("STAT?")
    loaded = firmware()
    expect.forget()
    is_shelf = bool(expect.module_names)
    assert firmware() == (before if is_shelf else loaded)
    assert bench.send("STAT?") == reply
    assert firmware() == loaded
    assert loaded > before or not is_shelf
