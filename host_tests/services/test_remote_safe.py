"""What REMOTE SAFE refuses a server beyond who is the owner: the power governor, a car's PIN."""

from host_tests.services.sms_bench import Bench
from host_tests.shims import expect
from host_tests.shims.expect import run
from ovms.config import Config
from ovms.parameters import (
    FEATURE_SOC_LIMIT,
    FROM_CABLE,
    FROM_OWNER,
    FROM_SERVER,
    POWER_SAVE,
    REMOTE,
    VEHICLE_TYPE,
)
from tools.simulated_board.fakes.memory_store import MemoryStore

REFUSAL = "REMOTE SAFE: only the owner's phone may change this."


def config(vehicle="DEMO", remote="SAFE"):
    made = Config(MemoryStore())
    made.apply({VEHICLE_TYPE: vehicle, REMOTE: remote}, True, FROM_OWNER)
    return made


def test_powersave_by_command_7():
    bench = Bench()
    for word in ("OFF", "TRANSPORT"):
        bench.config.apply({REMOTE: "SAFE", POWER_SAVE: ""}, True, FROM_OWNER)
        is_done, text = run(bench.sms.execute_as_owner("POWERSAVE " + word))
        assert not is_done and REFUSAL in text and bench.config.get(POWER_SAVE) == ""
        # To ask, and what is so already, is no change.
        assert run(bench.sms.execute_as_owner("POWERSAVE?"))[0]
        assert run(bench.sms.execute_as_owner("POWERSAVE ON"))[0]
        bench.config.apply({REMOTE: ""}, True, FROM_OWNER)
        assert run(bench.sms.execute_as_owner("POWERSAVE " + word))[0]
        assert bench.config.get(POWER_SAVE) == word


def test_a_car_is_not_opened_without_its_pin():
    for value in ("2", "3", "7", "2.5", "-1"):
        made = config()
        error = expect.raises(ValueError, made.set_feature, FEATURE_SOC_LIMIT, value, FROM_SERVER)
        assert made.feature(FEATURE_SOC_LIMIT) == 0
        if value != "-1":
            assert error.args == (REFUSAL,)
            for origin in (FROM_OWNER, FROM_CABLE):
                config().set_feature(FEATURE_SOC_LIMIT, value, origin)
            # Another car has its sufficient SOC there, which opens nothing.
            config("RT").set_feature(FEATURE_SOC_LIMIT, value, FROM_SERVER)
            config(remote="").set_feature(FEATURE_SOC_LIMIT, value, FROM_SERVER)
    # The lock alone, and less than before, are the server's.
    made = config()
    made.set_feature(FEATURE_SOC_LIMIT, "1", FROM_SERVER)
    made.set_feature(FEATURE_SOC_LIMIT, "3", FROM_OWNER)
    made.set_feature(FEATURE_SOC_LIMIT, "2", FROM_SERVER)
    made.set_feature(FEATURE_SOC_LIMIT, "0", FROM_SERVER)


def test_a_value_of_another_car_does_not_open_the_demonstration_car():
    """Feature 10 first, the car behind it."""
    made = config("RT")
    made.set_feature(FEATURE_SOC_LIMIT, "80", FROM_SERVER)
    made.set_feature(FEATURE_SOC_LIMIT, "82", FROM_SERVER)
    error = expect.raises(ValueError, made.apply, {VEHICLE_TYPE: "DEMO"}, True, FROM_SERVER)
    assert error.args == (REFUSAL,)
