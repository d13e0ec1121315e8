"""Store on a file system that loses power at every byte and every operation."""

import os
import time

from host_tests.shims.expect import raises
from ovms.drivers.store import Store


class PowerCutError(Exception):
    """The module is without power: not an OSError, nothing may handle it."""


class FakeFile:
    def __init__(self, fs, path, mode):
        self._fs = fs
        self._path = path
        self._pending = b""
        self._read = 0
        self._is_writing = "w" in mode

    def read(self, size):
        start = self._read
        self._read = start + size
        return bytes(self._fs.files[self._path][start : start + size])

    def write(self, data):
        self._pending += data
        return len(data)

    def flush(self):
        # Byte by byte, as the worst flash file system would.
        pending = self._pending
        self._pending = b""
        for value in pending:
            self._fs.step()
            self._fs.files[self._path].append(value)

    def close(self):
        if self._is_writing and not self._fs.is_dead:
            self.flush()


class FakeFlash:
    """Files in RAM. After `budget` steps (bytes, creations, renames) comes the failure."""

    def __init__(self, failure=PowerCutError):
        self.files = {}
        self.failure = failure
        self.is_dead = False
        self.budget = -1

    def step(self):
        if self.budget == 0:
            self.is_dead = self.failure is PowerCutError
            raise self.failure(5, "EIO")
        self.budget -= 1

    def open(self, path, mode):
        if "w" in mode:
            self.step()
            self.files[path] = bytearray()
        elif path not in self.files:
            raise OSError(2, "ENOENT")
        return FakeFile(self, path, mode)

    def rename(self, old, new):
        self.step()
        if old not in self.files:
            raise OSError(2, "ENOENT")
        self.files[new] = self.files.pop(old)

    def power_up(self, budget=-1):
        self.is_dead = False
        self.budget = budget


def flash_with(*generations):
    fs = FakeFlash()
    for data in generations:
        Store("rec", fs).save(data)
    return fs


def save_until_cut(fs, data, budget):
    """Whether `data` was saved before the failure after `budget` steps."""
    fs.power_up(budget)
    try:
        Store("rec", fs).save(data)
    except (PowerCutError, OSError):
        return False
    finally:
        fs.power_up()
    return True


def test_first_start_has_nothing_and_no_complaint():
    store = Store("rec", FakeFlash())
    assert store.load() is None
    assert store.load_error == ""


def test_keeps_the_last_generation_and_the_one_before():
    fs = flash_with(b"one", b"two")
    store = Store("rec", fs)
    assert store.load() == b"two"
    assert store.load_error == ""
    assert bytes(fs.files["rec"]) == b"two11ca8a66\n"
    assert bytes(fs.files["rec.old"]) == b"one7a6c86f1\n"
    assert sorted(fs.files) == ["rec", "rec.old"]


def test_empty_and_binary_content():
    assert Store("rec", flash_with(b"")).load() == b""
    every_byte = bytes(range(256))
    assert Store("rec", flash_with(every_byte)).load() == every_byte


def test_cut_at_every_step_gives_old_or_new():
    outcomes = set()
    for budget in range(100):
        fs = flash_with(b"first", b"old content")
        is_saved = save_until_cut(fs, b"new content!", budget)
        store = Store("rec", fs)
        data = store.load()
        assert data in (b"old content", b"new content!"), (budget, data)
        assert store.load_error == "", budget
        outcomes.add((is_saved, data))
        if is_saved:
            break
    assert outcomes == {
        (False, b"old content"),
        (False, b"new content!"),
        (True, b"new content!"),
    }


def test_cut_during_the_very_first_save_gives_nothing_or_new():
    for budget in range(100):
        fs = FakeFlash()
        is_saved = save_until_cut(fs, b"new", budget)
        assert Store("rec", fs).load() in ((b"new",) if is_saved else (None, b"new"))
        if is_saved:
            break


def test_a_second_cut_while_recovering_from_the_first():
    for first in range(40):
        for second in range(40):
            fs = flash_with(b"ancient", b"old")
            save_until_cut(fs, b"new", first)
            before = Store("rec", fs).load()
            save_until_cut(fs, b"newest", second)
            after = Store("rec", fs).load()
            assert before in (b"old", b"new")
            assert after in (before, b"newest"), (first, second, before, after)


def test_a_write_error_is_reported_and_can_be_retried():
    for budget in range(100):
        fs = FakeFlash(OSError)
        Store("rec", fs).save(b"old")
        store = Store("rec", fs)
        fs.power_up(budget)
        try:
            store.save(b"new")
            break
        except OSError:
            fs.power_up()
        assert store.load() in (b"old", b"new")
        store.save(b"newer")
        assert store.load() == b"newer"
    assert budget > 10


def test_every_damaged_byte_falls_back_and_says_so():
    size = len(flash_with(b"old", b"new").files["rec"])
    for position in range(size):
        fs = flash_with(b"old", b"new")
        fs.files["rec"][position] ^= 0x20
        store = Store("rec", fs)
        assert store.load() == b"old", position
        assert store.load_error == "rec was damaged: the settings before it are used."


def test_every_truncation_falls_back():
    size = len(flash_with(b"old", b"new").files["rec"])
    for length in range(size):
        fs = flash_with(b"old", b"new")
        fs.files["rec"] = fs.files["rec"][:length]
        assert Store("rec", fs).load() == b"old", length


def test_a_damaged_current_file_does_not_push_out_the_good_one():
    for budget in range(100):
        fs = flash_with(b"old", b"new")
        fs.files["rec"][0] ^= 1
        is_saved = save_until_cut(fs, b"newest", budget)
        data = Store("rec", fs).load()
        if is_saved:
            assert data == b"newest"
            break
        assert data in (b"old", b"newest"), budget


def test_nothing_whole_left():
    fs = flash_with(b"only")
    fs.files["rec"] = bytearray(20)
    store = Store("rec", fs)
    assert store.load() is None
    assert store.load_error == "rec is damaged and there is no earlier copy."
    store.save(b"again")
    assert store.load() == b"again"


def test_bounds():
    store = Store("rec", FakeFlash(), limit=4)
    raises(ValueError, store.save, b"12345")
    store.save(b"1234")
    assert store.load() == b"1234"
    fs = flash_with(b"x")
    fs.files["rec"] = bytearray(100000)
    assert Store("rec", fs).load() is None


def test_a_write_that_stored_something_else_is_noticed():
    class Stuck(FakeFlash):
        def open(self, path, mode):
            file = FakeFlash.open(self, path, mode)
            if "r" in mode and path.endswith(".new"):
                self.files[path][0:1] = b"?"
            return file

    fs = Stuck()
    error = raises(OSError, Store("rec", fs).save, b"data")
    assert "could not be read back" in str(error)
    assert "rec" not in fs.files


def test_real_files():
    name = "/tmp/ovms_store_%d_%d" % (time.ticks_us(), id(FakeFlash))
    try:
        store = Store(name)
        assert store.load() is None
        store.save(b"one")
        store.save(b"two")
        assert Store(name).load() == b"two"
        with open(name, "wb") as file:
            file.write(b"garbage")
        assert Store(name).load() == b"one"
    finally:
        for path in (name, name + ".old"):
            os.remove(path)


def test_something_in_the_way_of_the_old_copy():
    fs = flash_with(b"old")
    rename = fs.rename

    def rename_unless_blocked(old, new):
        if new == "rec.old":
            raise OSError(21, "is a directory")
        rename(old, new)

    fs.rename = rename_unless_blocked
    Store("rec", fs).save(b"new")
    assert Store("rec", fs).load() == b"new"
