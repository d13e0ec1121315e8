"""Register map of the MCP2515 and its acceptance rule (DS20001801; hardware facts 2.2, 2.3)."""

from micropython import const

BFPCTRL = const(0x0C)
TXRTSCTRL = const(0x0D)
CANCTRL = const(0x0F)
TEC = const(0x1C)
REC = const(0x1D)
CNF3 = const(0x28)
CNF2 = const(0x29)
CNF1 = const(0x2A)
CANINTE = const(0x2B)
CANINTF = const(0x2C)
EFLG = const(0x2D)
RXB0CTRL = const(0x60)
RXB1CTRL = const(0x70)

# OPMOD and REQOP, in place (bits 7 to 5).
NORMAL = const(0x00)
SLEEP = const(0x20)
LOOPBACK = const(0x40)
LISTEN_ONLY = const(0x60)
CONFIGURATION = const(0x80)

# Bits of CANCTRL, TXBnCTRL and CANINTF.
ABAT = const(0x10)
OSM = const(0x08)
TXREQ = const(0x08)
RX0IF = const(0x01)
RX1IF = const(0x02)
ERRIF = const(0x20)
WAKIF = const(0x40)
MERRF = const(0x80)

# BIT MODIFY masks only here; elsewhere it writes the whole byte.
BIT_MODIFY_OK = bytes(
    (0x0C, 0x0D, 0x28, 0x29, 0x2A, 0x2B, 0x2C, 0x2D, 0x30, 0x40, 0x50, 0x60, 0x70)
)


def is_filter(address):
    """Whether it is a byte of RXF0 to RXF5, RXM0 or RXM1: these read 0 outside configuration."""
    return address < 0x0C or 0x10 <= address < 0x1C or 0x20 <= address < 0x28


def is_config_only(address):
    """Whether it can be written in configuration mode only."""
    return is_filter(address) or CNF3 <= address <= CNF1 or address == TXRTSCTRL


def _write_masks():
    masks = bytearray(128)
    for address in range(128):
        low = address & 0x0F
        if is_filter(address):
            masks[address] = (0xE3 if address >= 0x20 else 0xEB) if low & 3 == 1 else 0xFF
        elif 0x30 <= address < 0x60 and low < 0x0E:
            masks[address] = 0x0B if low == 0 else 0xEB if low == 2 else 0x4F if low == 5 else 0xFF
    masks[BFPCTRL] = 0x3F
    masks[TXRTSCTRL] = 0x07
    masks[CNF3] = 0xC7
    masks[CNF2] = masks[CNF1] = masks[CANINTE] = masks[CANINTF] = 0xFF
    masks[RXB0CTRL] = 0x64
    masks[RXB1CTRL] = 0x60
    return masks


# The bits SPI can write; EFLG, CANCTRL and CANSTAT have rules of their own.
WRITE_MASK = bytes(_write_masks())


def clocks_per_bit(registers):
    """Of the crystal, for the timing in CNF1 to CNF3; 0 for an invalid one."""
    phase_1 = (registers[CNF2] >> 3 & 7) + 1
    phase_2 = (registers[CNF3] & 7) + 1 if registers[CNF2] & 0x80 else max(phase_1, 2)
    quanta = 1 + (registers[CNF2] & 7) + 1 + phase_1 + phase_2
    if quanta < 5 or phase_2 < 2 or phase_2 <= registers[CNF1] >> 6:
        return 0
    return 2 * ((registers[CNF1] & 0x3F) + 1) * quanta


def identifier(registers, address):
    """(arbitration_id, is_extended) of the four registers from SIDH at `address` on."""
    low = registers[address + 1]
    arbitration_id = registers[address] << 3 | low >> 5
    if not low & 0x08:
        return arbitration_id, False
    arbitration_id = arbitration_id << 18 | (low & 3) << 16
    return arbitration_id | registers[address + 2] << 8 | registers[address + 3], True


def matches(registers, n, mask, arbitration_id, data, is_extended):
    """Whether a frame meets filter `n` (0 to 5) under the mask at address `mask`."""
    base = n * 4 if n < 3 else 0x10 + (n - 3) * 4
    if bool(registers[base + 1] & 0x08) != is_extended:
        return False
    if is_extended:
        high = arbitration_id >> 18
        low = (high & 7) << 5 | (arbitration_id >> 16 & 3)
        eid_8 = arbitration_id >> 8 & 0xFF
        eid_0 = arbitration_id & 0xFF
        mask_low = registers[mask + 1] & 0xE3
    else:
        high = arbitration_id
        low = (high & 7) << 5
        # The EID filters of a standard frame look at its first two data bytes.
        eid_8 = data[0] if len(data) > 0 else 0
        eid_0 = data[1] if len(data) > 1 else 0
        mask_low = registers[mask + 1] & 0xE0
    return not (
        (registers[base] ^ high >> 3) & registers[mask]
        or (registers[base + 1] ^ low) & mask_low
        or (registers[base + 2] ^ eid_8) & registers[mask + 2]
        or (registers[base + 3] ^ eid_0) & registers[mask + 3]
    )
