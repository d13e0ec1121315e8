"""The hot path of the MCP2515 driver as native code: chip to ring, ring to frame.

The same source runs on CPython, on a VM as it is, and compiled by mpy-cross to a native .mpy.
Positional arguments only, all of them: viper knows no defaults. What it costs: README.md beside
this file. Registers and rules: MCP2515 data sheet DS20001801; hardware facts 2.1 to 2.7.
"""

import micropython


@micropython.viper
def no_line() -> int:
    """Level of an INT line that is not there or not to be trusted: low, so the chip is asked."""
    return 0


class Receiver:
    """Takes frames from the chip into a ring of 48 and from there one by one. Does not allocate.

    A soft interrupt runs between two bytecodes, so never inside these functions but for the calls
    they make. All lengths are the caller's to get right: a viper pointer checks nothing.

    numbers: array("i") of at least 9: ring head, ring tail, was RXB0 read last, is the chip in
        use, was a call turned away for that, is the bus open, frames kept, frames not wanted,
        frames lost to a full ring. The counts stay within 30 bits.
    wanted: 256 bytes, bit n & 7 of byte n >> 3 for each wanted standard id n.
    is_line_high, chip_select, transfer: level of INT, CS pin, SPI.write_readinto.
    on_error: called with the chip in use when its error flag is up; false ends the call.
    """

    def __init__(self, numbers, wanted, is_line_high, chip_select, transfer, on_error):
        # A slot: SIDH; the upper three bits of SIDL with the DLC; D0 to D7.
        ring = bytearray(480)
        flags = bytearray(4)
        slot = bytearray(14)
        self.is_line_high = is_line_high
        self.on_error = on_error
        # Native code unpacks a tuple in the time of one attribute.
        self.memory = (numbers, ring)
        self.parts = (numbers, ring, wanted, flags, slot, chip_select, transfer)

    @micropython.viper
    def drain(self, _):
        """Empty the chip into the ring, which loses its oldest frames when it is full.

        Takes at most 64 frames, so that a full bus lets an interrupt return. `_`: the pin, as this
        is the interrupt's handler, too. While another call uses the chip it only leaves a note.
        """
        numbers, ring, wanted, flags, slot, chip_select, transfer = self.parts
        n = ptr32(numbers)
        if n[3] or not n[5]:
            n[4] = 1
            return
        n[3] = 1
        n[4] = 0
        is_line_high = self.is_line_high
        f = ptr8(flags)
        s = ptr8(slot)
        r = ptr8(ring)
        w = ptr8(wanted)
        turns = 32
        while turns > 0:
            turns -= 1
            if int(is_line_high()):
                n[2] = 0
                if not n[4]:
                    break
                # An edge came while the chip was in use: look again.
                n[4] = 0
                continue
            # CANINTF and EFLG: the ESP32 sends up to 4 bytes without its DMA queue.
            chip_select(0)
            transfer(b"\x03\x2c\x00\x00", flags)
            chip_select(1)
            full = f[2]
            if full & 0x20 and not int(self.on_error()):
                break
            if not full & 0x23:
                n[2] = 0
                break
            full &= 3
            while full:
                chip_select(0)
                # RXB1 is the older one when RXB0 was just emptied and is full again (rollover).
                if full == 2 or (full == 3 and n[2]):
                    full &= 1
                    n[2] = 0
                    transfer(b"\x94\0\0\0\0\0\0\0\0\0\0\0\0\0", slot)
                else:
                    full &= 2
                    n[2] = 1
                    transfer(b"\x90\0\0\0\0\0\0\0\0\0\0\0\0\0", slot)
                # The rising edge frees the buffer in the chip.
                chip_select(1)
                low = s[2]
                # Extended (IDE) and remote (SRR) frames carry nothing a car asked for.
                if low & 0x18 or not (w[s[1]] >> (low >> 5)) & 1:
                    n[7] = (n[7] + 1) & 0x3FFFFFFF
                    continue
                n[6] = (n[6] + 1) & 0x3FFFFFFF
                head = n[0]
                at = head * 10
                r[at] = s[1]
                r[at + 1] = (low & 0xE0) | (s[5] & 0x0F)
                r[at + 2] = s[6]
                r[at + 3] = s[7]
                r[at + 4] = s[8]
                r[at + 5] = s[9]
                r[at + 6] = s[10]
                r[at + 7] = s[11]
                r[at + 8] = s[12]
                r[at + 9] = s[13]
                head += 1
                if head == 48:
                    head = 0
                n[0] = head
                if head == n[1]:
                    head += 1
                    n[1] = 0 if head == 48 else head
                    n[8] = (n[8] + 1) & 0x3FFFFFFF
        n[3] = 0

    @micropython.viper
    def take(self, frame) -> bool:
        """Take the oldest frame out of the ring; False when there is none.

        frame: [arbitration_id, bytearray(8), dlc, flags], filled; flags are always 0, as only
        standard data frames pass. Bytes behind dlc are whatever the chip held.
        """
        numbers, ring = self.memory
        n = ptr32(numbers)
        tail = n[1]
        if tail == n[0]:
            return False
        r = ptr8(ring)
        data = ptr8(frame[1])
        at = tail * 10
        tail += 1
        n[1] = 0 if tail == 48 else tail
        low = r[at + 1]
        # A DLC above 8 still means 8 bytes.
        dlc = low & 0x0F
        if dlc > 8:
            dlc = 8
        data[0] = r[at + 2]
        data[1] = r[at + 3]
        data[2] = r[at + 4]
        data[3] = r[at + 5]
        data[4] = r[at + 6]
        data[5] = r[at + 7]
        data[6] = r[at + 8]
        data[7] = r[at + 9]
        frame[0] = (r[at] << 3) | (low >> 5)
        frame[2] = dlc
        frame[3] = 0
        return True
