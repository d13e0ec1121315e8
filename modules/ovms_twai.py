"""The hot path of the TWAI driver as native code: controller to ring. From the ring to a frame it
is that of the MCP2515.

Positional arguments only, all of them: viper knows no defaults. Registers and rules: hardware
facts 3.1 to 3.6.
"""

import micropython

from ovms_can import Receiver as _Receiver


class Receiver(_Receiver):
    """Takes frames from the controller into a ring of 48 and from there one by one.

    numbers, wanted: those of `ovms_can.Receiver`, but for: at 2, when it looked last; at 16, after
    how many microseconds the controller's counter of frames may have wrapped.
    fetch(slot), on_trouble(status): `Port.fetch`; what to do about the controller's status, false
    ends the call. 0x800 in it: the FIFO ran over, and how many frames that were cannot be told.
    ticks_us(): `time.ticks_us`. None of them may allocate.
    """

    def __init__(self, numbers, wanted, fetch, on_trouble, ticks_us):
        # A slot: SIDH; the upper three bits of SIDL with the DLC; D0 to D7.
        ring = bytearray(480)
        slot = bytearray(13)
        self.memory = (numbers, ring)
        self.parts = (numbers, ring, wanted, slot, fetch, on_trouble, ticks_us)

    @micropython.viper
    def drain(self, _):
        """Empty the controller into the ring, which loses its oldest frames when it is full.

        Takes at most 64 frames, so that a full bus lets a timer return. `_`: the timer, as this is
        its callback, too. While another call uses the controller it only leaves a note.
        """
        numbers, ring, wanted, slot, fetch, on_trouble, ticks_us = self.parts
        n = ptr32(numbers)
        if n[3] or not n[5]:
            n[4] = 1
            return
        n[3] = 1
        n[4] = 0
        s = ptr8(slot)
        r = ptr8(ring)
        w = ptr8(wanted)
        now = int(ticks_us())
        unseen_us = (now - n[2]) & 0x3FFFFFFF
        n[2] = now
        turns = 64
        # What lay in the FIFO before it ran over is as it was; one may have been taken since.
        intact = 51
        while turns > 0:
            turns -= 1
            status = int(fetch(slot))
            if status & 0x680:
                # Bus-off, or an error on the bus; after one of them no frame was taken.
                if not int(on_trouble(status)):
                    break
                if status & 0x480:
                    continue
            if not status & 1:
                if status & 2:
                    on_trouble(status)
                break
            info = s[0]
            if status & 2:
                intact -= 5 + (info & 0x0F) if info & 0x80 else 3 + (info & 0x0F)
                if unseen_us > n[16]:
                    intact = -1
                    status |= 0x800
                if intact < 0:
                    if not int(on_trouble(status)):
                        break
                    intact = 51
                    continue
            low = s[2] & 0xE0
            # 0x100: later chips tell themselves that this one was overrun.
            if status & 0x100 or info & 0xC0 or not (w[s[1]] >> (low >> 5)) & 1:
                n[7] = (n[7] + 1) & 0x3FFFFFFF
                continue
            n[6] = (n[6] + 1) & 0x3FFFFFFF
            head = n[0]
            at = head * 10
            r[at] = s[1]
            r[at + 1] = low | (info & 0x0F)
            r[at + 2] = s[3]
            r[at + 3] = s[4]
            r[at + 4] = s[5]
            r[at + 5] = s[6]
            r[at + 6] = s[7]
            r[at + 7] = s[8]
            r[at + 8] = s[9]
            r[at + 9] = s[10]
            head += 1
            if head == 48:
                head = 0
            n[0] = head
            if head == n[1]:
                head += 1
                n[1] = 0 if head == 48 else head
                n[8] = (n[8] + 1) & 0x3FFFFFFF
        n[3] = 0
