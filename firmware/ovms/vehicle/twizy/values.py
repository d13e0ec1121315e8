"""Numbers of the Twizy that more than one file of this folder needs."""

from micropython import const

# State of charge in hundredths of a percent: full, and where constant current ends.
SOC_FULL = const(10000)
SOC_CV_START = const(9400)

# What the charger gives the battery at the highest power level, and what one below it stands for:
# there, and at the plug.
CHARGE_FULL_A = const(32)
CHARGE_LEVEL_A = const(5)
CHARGE_LEVEL_W = const(300)
CHARGE_LEVEL_MAX = const(7)

# Object of the motor controller (index << 8 | subindex) that makes new torque maps count.
SDO_COMMIT = const(0x464101)


def km_from_user(distance, is_miles):
    """Whole km of a distance a user gave in miles or km."""
    return (distance * 16093 + 5000) // 10000 if is_miles else distance


def user_from_km(distance_km, is_miles):
    """Whole miles or km for the user."""
    return (distance_km * 10000 + 8047) // 16093 if is_miles else distance_km
