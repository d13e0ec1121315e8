"""A flash for CAN logs, and what the bytes in it say: a reader that shares nothing with ours."""

from host_tests.fakes.fake_flash import FakeFlash

KB = 1024


class LogFlash(FakeFlash):
    """`size` bytes in all. synced: {path: bytes that a power cut leaves}, as LittleFS has it."""

    def __init__(self, size=2048 * KB):
        super().__init__()
        self.size = size

    def remove(self, path):
        if path not in self.files:
            raise OSError(2, "ENOENT")
        self.step()
        del self.files[path]

    def free_bytes(self):
        return self.size - sum([len(data) for data in self.files.values()])


def number(data, at, size):
    return int.from_bytes(bytes(data[at : at + size]), "little")


def read_segment(data):
    """[(kind, segment, ms, utc_s, lost, count, payload)] of a file's whole blocks."""
    blocks = []
    at = 0
    while at + 26 <= len(data) and data[at] == 0xCA:
        size = number(data, at + 2, 2)
        end = at + 22 + size + 4
        if end > len(data) or number(data, end - 4, 4) != crc(data[at : end - 4]):
            break
        fields = [number(data, at + offset, 4) for offset in (4, 8, 12, 16)]
        payload = bytes(data[at + 22 : end - 4])
        blocks.append((data[at + 1],) + tuple(fields) + (number(data, at + 20, 2), payload))
        at = end
    return blocks


def crc(data):
    """CRC-32 of IEEE 802.3, bit by bit."""
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xEDB88320 if value & 1 else 0)
    return value ^ 0xFFFFFFFF


def read_frames(data):
    """[(arbitration_id, bytes)] of a file."""
    found = []
    for kind, _, _, _, _, count, payload in read_segment(data):
        if kind != 1:
            continue
        at = before = len(found)
        at = 0
        while at < len(payload):
            key = number(payload, at + 2, 2)
            length = key >> 11
            found.append((key & 0x7FF, payload[at + 4 : at + 4 + length]))
            at += 4 + length
        assert len(found) - before == count
    return found
