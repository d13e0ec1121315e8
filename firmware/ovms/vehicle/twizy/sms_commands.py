"""The Twizy's own SMS commands: who carries out each."""


async def _range(car, arguments, is_query):
    from ovms.vehicle.twizy import charge_commands

    return charge_commands.range_reply(car, arguments, is_query)


async def _alert(car, arguments, is_query):
    from ovms.vehicle.twizy import charge_commands

    return await charge_commands.alert_reply(car, arguments, is_query)


async def _battery(car, arguments, is_query):
    from ovms.vehicle.twizy import battery_texts

    return battery_texts.reply(car, arguments, is_query)


async def _power(car, arguments, is_query):
    from ovms.vehicle.twizy import power_texts

    return power_texts.report(car, arguments[0][0] if arguments else "E")


def _controller(car, arguments, is_query):
    # Not async itself: `asked_from` counts in this call only.
    from ovms.vehicle.twizy.sevcon import cfg

    return cfg.execute(car, arguments, car.asked_from, is_query)


COMMANDS = (
    ("RANGE", 3, _range),
    ("CA", 3, _alert),
    ("BATT", 3, _battery),
    ("POWER", 3, _power),
    ("CFG", 3, _controller),
)
