"""The memory of an ESP32's RTC, which outlives a reset."""

import sys


class Memory:
    """`machine` with an RTC whose memory stays, as long as it is the context.

    data: what it holds, the only item of a list.
    """

    def __init__(self):
        self.data = data = [b""]

        class RTC:
            def memory(self, text=None):
                if text is None:
                    return data[0]
                data[0] = bytes(text)
                return None

        self.RTC = RTC

    def __enter__(self):
        self._before = sys.modules.get("machine")
        sys.modules["machine"] = self
        return self

    def __exit__(self, *error):
        del sys.modules["machine"]
        if self._before:
            sys.modules["machine"] = self._before
