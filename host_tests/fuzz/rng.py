"""Randomness that is the same on every runtime."""


class Rng:
    """xorshift32 (Marsaglia 2003). seed: any int; the same one gives the same numbers."""

    def __init__(self, seed):
        self._word = (seed * 2654435761 + 97) & 0xFFFFFFFF or 1

    def below(self, limit):
        """0 to `limit` - 1, for a limit below 2**24."""
        word = self._word
        word ^= word << 13 & 0xFFFFFFFF
        word ^= word >> 17
        word ^= word << 5 & 0xFFFFFFFF
        self._word = word
        return (word >> 8) % limit

    def chance(self, percent):
        return self.below(100) < percent

    def pick(self, choices):
        return choices[self.below(len(choices))]

    def data(self, most, least=0):
        """`least` to `most` random bytes."""
        return bytes([self.below(256) for _ in range(least + self.below(most - least + 1))])

    def damaged(self, data):
        """`data` (bytes) with one fault of a line: bits, bytes lost, doubled or put in."""
        if not data:
            return self.data(4)
        at = self.below(len(data))
        kind = self.below(6)
        if kind == 0:
            return data[:at] + bytes([data[at] ^ 1 << self.below(8)]) + data[at + 1 :]
        if kind == 1:
            return data[:at]
        if kind == 2:
            return data[at:]
        if kind == 3:
            return data[:at] + data[at // 2 :]
        if kind == 4:
            return data[:at] + self.data(5) + data[at:]
        return data[:at] + data[at + 1 :]
