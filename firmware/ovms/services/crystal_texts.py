"""What to say of a CAN controller that reads nothing, and of its crystal. Loaded on demand."""

from micropython import const

# What an MCP2515 with the usual 8 MHz reaches (hardware facts 2.4).
_SLOW_CRYSTAL_BITRATE = const(500_000)


def unreadable(bitrate: int) -> str:
    """There are errors and no frame; bitrate: the car's."""
    text = (
        "there are frames, but none can be read. A wrong crystal is found out within 30 s;"
        " else the car has another bit rate, or CAN-H and CAN-L are swapped."
    )
    if bitrate > _SLOW_CRYSTAL_BITRATE:
        text += " This car is too fast for an MCP2515 with 8 MHz, it takes 16."
    return text


def another(found_khz: int, board_khz: int) -> str:
    """The crystal is not what the board says."""
    return "the crystal has %s, the board says %s. It works as it is." % (
        frequency(found_khz),
        frequency(board_khz),
    )


def frequency(khz: int) -> str:
    """Of a crystal, as text."""
    return "%d kHz" % khz if khz % 1000 else "%d MHz" % (khz // 1000)
