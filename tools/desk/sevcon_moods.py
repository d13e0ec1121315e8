"""The stage's motor controller: a SEVCON of some mood, which lives while the car's key is on."""

from __future__ import annotations

from tools.desk.sevcon_node import SevconNode

MOODS = ("80", "45", "busy", "slow", "refusing")

# Late, but within the 200 ms for which it is worth waiting.
_SLOW_MS = 120
# A busy controller is deaf behind every third answer: for a request and the abort that follows it.
_ANSWERS_PER_PAUSE = 3
_DEAF_REQUESTS = 2
# Object 5310: EEPROM failure (Twizy facts 7.1).
_REFUSAL = 13


class MotorController:
    """mood: one of MOODS; 80 and 45 are well-behaved controllers of these types.

    Frames are (arbitration_id, data), in and out. node: the SevconNode with its moods and values.
    """

    def __init__(self, mood: str):
        self.mood = mood
        self.node = SevconNode(type=45 if mood == "45" else 80)
        self._has_key = False
        self._answers = 0
        if mood == "slow":
            self.node.delay_ms = _SLOW_MS
        elif mood == "refusing":
            self.node.refusals = dict.fromkeys(self.node.configuration(), _REFUSAL)

    def step(self, elapsed_ms: int, has_key: bool) -> list[tuple[int, bytes]]:
        """Let time pass: heartbeats and late answers, none without the key."""
        if has_key and not self._has_key:
            self.node.power_cycle()
        self._has_key = has_key
        frames = self.node.step(elapsed_ms)
        return frames if has_key else []

    def receive(self, arbitration_id: int, data: bytes) -> list[tuple[int, bytes]]:
        """One frame that the module sent; what is answered at once."""
        if not self._has_key:
            return []
        answers = self.node.feed(arbitration_id, data)
        if answers and self.mood == "busy":
            self._answers += 1
            if self._answers % _ANSWERS_PER_PAUSE == 0:
                self.node.busy_requests = _DEAF_REQUESTS
        return answers
