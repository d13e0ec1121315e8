"""A record at its bounds: its pieces, its files, and what two damaged files have in common."""

from host_tests.drivers.test_store import FakeFlash, flash_with
from host_tests.shims.expect import raises
from ovms.drivers import store_files
from ovms.drivers.store import Store

PIECE = 256


class CarefulFlash(FakeFlash):
    """sizes: of what was read at a time. is_open: files that nobody closed. broken: a path whose
    second piece cannot be read.
    """

    def __init__(self, files=()):
        super().__init__()
        self.files = {path: bytearray(data) for path, data in dict(files).items()}
        self.sizes = []
        self.is_open = []
        self.broken = ""

    def open(self, path, mode):
        file = super().open(path, mode)
        read, close = file.read, file.close

        def careful_read(size):
            self.sizes.append(size)
            if path == self.broken and file._read:
                raise OSError(5, "EIO")
            return read(size)

        def careful_close():
            self.is_open.remove(file)
            close()

        file.read, file.close = careful_read, careful_close
        self.is_open.append(file)
        return file


def whole(data):
    return bytes(flash_with(data).files["rec"])


def test_pieces_are_small_and_files_are_closed():
    for size in (0, 1, 246, 247, 248, 255, 256, 257, 600):
        data = bytes(n * 7 & 0xFF for n in range(size))
        fs = CarefulFlash()
        store = Store("rec", fs)
        store.save(data)
        assert store.load() == data and store.load_error == ""
        file = store_files.open_newest(store)
        assert file.read(700)[:size] == data
        file.close()
        store_files.shared_lines(store)
        assert not fs.is_open


def test_loading_asks_for_no_more_than_a_piece():
    fs = CarefulFlash({"rec": whole(bytes(600))})
    Store("rec", fs).load()
    assert max(fs.sizes) == PIECE


def test_the_newest_file_for_who_reads_it_himself():
    store = Store("rec", CarefulFlash())
    assert store_files.open_newest(store) is None
    store = Store("rec", CarefulFlash({"rec": b"damaged", "rec.old": whole(b"old")}))
    assert store_files.open_newest(store).read(3) == b"old"
    assert "damaged" in store.load_error
    store.save(b"new")
    assert store.load() == b"new" and store.load_error == ""


def test_a_record_as_long_as_the_limit_and_what_is_behind_it():
    for limit in (4, 247, 300):
        data = bytes(limit)
        store = Store("rec", CarefulFlash({"rec": whole(data)}), limit=limit)
        assert store.load() == data
        for behind in (b"x", bytes(600)):
            store = Store("rec", CarefulFlash({"rec": whole(data) + behind}), limit=limit)
            assert store.load() is None, (limit, len(behind))
        store = Store("rec", CarefulFlash({"rec": whole(data + b"x")}), limit=limit)
        assert store.load() is None


def test_what_is_too_long_leaves_the_record_alone():
    fs = CarefulFlash({"rec": whole(b"old")})
    store = Store("rec", fs, limit=4)
    raises(ValueError, store.save, b"12345")
    assert sorted(fs.files) == ["rec"], "nothing was begun"

    steps = store.save_in_steps((b"123", b"4", b"5"))
    raises(ValueError, list, steps)
    assert not fs.is_open and store.load() == b"old"
    assert bytes(fs.files["rec.new"]) == b"1234", "not even written"


def test_after_a_cut_between_the_renames_the_last_one_is_kept_as_the_one_before():
    fs = CarefulFlash({"rec.new": whole(b"newest"), "rec.old": whole(b"old")})
    store = Store("rec", fs)
    assert store.load() == b"newest" and store.load_error == ""
    store.save(b"later")
    assert sorted(fs.files) == ["rec", "rec.old"]
    assert bytes(fs.files["rec.old"]) == whole(b"newest")


def shared(*files):
    names = ("rec", "rec.old", "rec.new")
    return store_files.shared_lines(Store("rec", CarefulFlash(zip(names, files))))


def test_lines_that_two_damaged_files_share():
    assert shared() == b""
    assert shared(b"0=a\n1=b\n") == b"", "one alone may be damaged anywhere"
    assert shared(b"0=a\n1=b\n2=c\n", b"0=a\n1=x\n2=c\n") == b"0=a\n2=c"
    # Any two of the three; what all have is there once.
    assert shared(b"0=a\n", b"1=b\n", b"0=a\n") == b"0=a"
    assert shared(b"0=a\n", b"0=a\n1=b\n", b"0=a\n1=b\n") == b"0=a\n1=b"
    # No line, and no whole one.
    assert shared(b"0=a\nabcd\n1=b", b"0=a\nabcd\n1=b") == b"0=a"


def test_of_a_file_that_breaks_off_what_came_before_counts():
    line = b"0=" + bytes(b"a" * 200) + b"\n"
    files = {"rec": line + b"1=" + bytes(b"b" * 200) + b"\n", "rec.old": line + b"2=c\n"}
    fs = CarefulFlash(files)
    fs.broken = "rec"
    store = Store("rec", fs)
    assert store_files.shared_lines(store) == line[:-1]
    assert store.load() is None and "damaged" in store.load_error
    assert not fs.is_open
    del fs.files["rec.old"]
    assert store.load() is None and "damaged" in store.load_error, "it is there, as far as it goes"
