"""The manifest of a bundle and its signature."""

import hashlib
from binascii import hexlify

from host_tests.fixtures import bundles
from host_tests.shims.expect import raises
from ovms.protocol.bundle import FILES_MAX, Manifest, is_key, is_signed

FILES = {"board.mpy": b"board", "ovms/app.mpy": b"app" * 100, "ovms/deep/x.mpy": b""}
KEY = bundles.MODULUS.encode()


def read(data):
    """The Manifest in front of a bundle's bytes."""
    manifest = Manifest()
    for line in data.split(b"\n"):
        if manifest.add(line):
            return manifest
    raise AssertionError("The manifest has no end.")


def is_good(data):
    """Whether these bytes begin with a manifest that is signed."""
    try:
        manifest = read(data)
    except (ValueError, AssertionError):
        return False
    return is_signed(manifest.digest(), manifest.signature, KEY)


def test_a_manifest_tells_what_is_in_the_bundle():
    data = bundles.bundle(FILES)
    manifest = read(data)
    assert (manifest.board, manifest.form) == ("TESTBOARD", "small")
    assert (manifest.version, manifest.build_id, manifest.build_day) == (
        "4.0.1",
        "0badcafe",
        20500,
    )
    assert [(path, size) for path, size, _ in manifest.files] == [
        ("board.mpy", 5),
        ("ovms/app.mpy", 300),
        ("ovms/deep/x.mpy", 0),
    ]
    assert manifest.files[1][2] == hashlib.sha256(FILES["ovms/app.mpy"]).digest()
    assert manifest.size == 305 and data[manifest.length :] == b"board" + b"app" * 100
    assert is_signed(manifest.digest(), manifest.signature, KEY)


def test_a_signature_by_cryptography():
    digest = hashlib.sha256(bundles.MESSAGE).digest()
    signature = bundles.SIGNATURE.encode()
    assert is_signed(digest, signature, KEY)
    assert bundles.sign(bundles.MESSAGE) == bundles.SIGNATURE
    assert not is_signed(hashlib.sha256(bundles.MESSAGE + b" ").digest(), signature, KEY)
    # The same number in another form, or one beyond the modulus, is none.
    n = int(bundles.MODULUS, 16)
    beyond = "%x" % (int(bundles.SIGNATURE, 16) + n)
    for wrong in (
        signature[:-1],
        signature + b"0",
        signature.upper(),
        beyond.encode(),
        b"0" * 512,
    ):
        assert not is_signed(digest, wrong, KEY)
    for wrong in (KEY[:-1], b"", b"0" * 512, KEY.upper()):
        assert not is_signed(digest, signature, wrong) and not is_key(wrong)
    assert is_key(KEY)


def test_an_encoded_message_is_compared_as_a_whole():
    """Nothing is parsed out of it, so padding cannot hide anything."""
    digest = hashlib.sha256(b"x").digest()
    # s = 1 is 1 to any power.
    assert not is_signed(digest, b"0" * 511 + b"1", KEY)
    text = "0001" + "ff" * 8 + "00" + "3031300d060960864801650304020105000420"
    text += hexlify(digest).decode()
    assert not is_signed(digest, (text + "00" * (256 - len(text) // 2)).encode(), KEY)


def test_a_bit_flipped_anywhere_in_the_manifest():
    data = bundles.bundle(FILES)
    length = read(data).length
    for at in range(length):
        # Each bit of some bytes, one bit of the others.
        for bit in range(8) if at % 97 == 0 else (at % 8,):
            changed = bytearray(data[: length + 4])
            changed[at] ^= 1 << bit
            assert not is_good(bytes(changed)), (at, bit)


def test_paths_stay_in_the_folder():
    for path in (
        "../boot.py",
        "ovms/../../boot.py",
        "/boot.py",
        "ovms//app.mpy",
        "ovms/",
        ".hidden",
        "ovms/.hidden",
        "app.mpy.part",
        "x" * 81,
        "a\\b",
        "a:b",
        "\xe4.mpy",
        "",
    ):
        line = "file %s 5 %s" % ("0" * 64, path)
        manifest = Manifest()
        for head in bundles.manifest({}).split(b"\n")[:5]:
            manifest.add(head)
        assert raises(ValueError, manifest.add, line.encode()).args[0].startswith("That is no"), (
            path
        )


def test_nothing_is_without_bounds():
    head = bundles.manifest({}).split(b"\n")[:5]

    def fed(*lines):
        manifest = Manifest()
        for line in head + list(lines):
            manifest.add(line)
        return manifest

    good = b"file " + b"0" * 64 + b" 5 a"
    assert fed(good).files[0][:2] == ("a", 5)
    signed = b"signature " + b"0" * 512
    for lines in (
        (good, good),
        (good[:-1] + b"b", good),
        (good, b"x" * 601),
        (b"file " + b"0" * 64 + b" 1048577 a",),
        (b"file " + b"0" * 64 + b" 05 a",),
        (b"file " + b"0" * 64 + b" -5 a",),
        (b"file " + b"0" * 63 + b"G 5 a",),
        (b"file " + b"0" * 64 + b" 5  a",),
        (good, b"board X"),
        (signed,),
        (good, signed, good),
        (good, b""),
    ):
        raises(ValueError, fed, *lines)
    many = [b"file " + b"0" * 64 + b" 0 %04d" % n for n in range(FILES_MAX + 1)]
    raises(ValueError, fed, *many)
    raises(ValueError, fed, *[b"file " + b"0" * 64 + b" 1048576 %d" % n for n in range(4)])
    raises(ValueError, Manifest().add, b"ovms-bundle 2")
    raises(ValueError, Manifest().add, b"board X")
