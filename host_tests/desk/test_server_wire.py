"""Bytes of the desk's own protocol implementation against recorded vectors. CPython only."""

import json
import pathlib
import unittest

from tools.desk.ovms import wire

FIXTURES = pathlib.Path(__file__).parent.parent / "fixtures" / "v2"
CIPHER = json.loads((FIXTURES / "desk_cipher.json").read_text())
SESSION = json.loads((FIXTURES / "server_session.json").read_text())


class WelcomeTest(unittest.TestCase):
    def test_digests_and_session_keys(self):
        c = CIPHER
        password = c["server_password"]
        self.assertEqual(wire.digest(password, c["car_token"]), c["car_digest"])
        self.assertEqual(wire.digest(password, c["server_token"]), c["server_digest"])
        key = wire.session_key(password, c["server_token"], c["car_token"])
        self.assertEqual(key.hex(), c["session_key"])
        for role in ("car", "app", "batch"):
            s = SESSION[role]
            key = wire.session_key(SESSION["password"], s["server_token"], s["token"])
            self.assertEqual(key.hex(), s["session_key"])

    def test_edge_keys(self):
        for secret, expected in CIPHER["v9"]:
            self.assertEqual(wire.digest(secret, CIPHER["car_token"]), expected)

    def test_digest_with_and_without_padding(self):
        token, proof = CIPHER["car_token"], CIPHER["car_digest"]
        for received in (proof, proof.rstrip("=")):
            self.assertTrue(wire.digest_matches("NETPASS", token, received))
        for received in ("", "=", "A", "K" + proof[1:], proof[:-4], "J9bzk\u20ac"):
            self.assertFalse(wire.digest_matches("NETPASS", token, received), received)

    def test_token_shape(self):
        tokens = {wire.new_token() for _ in range(50)}
        self.assertEqual(len(tokens), 50)
        for token in tokens:
            self.assertRegex(token, r"^[A-Za-z0-9+/]{22}$")


class CipherTest(unittest.TestCase):
    def check_stream(self, key_hex, pairs):
        sender, receiver = (wire.EncryptedLines(bytes.fromhex(key_hex)) for _ in range(2))
        for message, line in pairs:
            self.assertEqual(sender.encode(message), line.encode() + b"\r\n")
            self.assertEqual(receiver.decode(line.encode() + b"\r\n"), message)

    def test_computed_vectors(self):
        for name in ("v4", "v5", "v6", "v7"):
            with self.subTest(name):
                self.check_stream(CIPHER["session_key"], CIPHER[name])

    def test_recorded_session(self):
        for role in ("car", "app", "batch"):
            for direction in ("from_server", "to_server"):
                with self.subTest(role + direction):
                    self.check_stream(SESSION[role]["session_key"], SESSION[role][direction])

    def test_paranoid(self):
        password, ptoken = CIPHER["module_password"], CIPHER["paranoid_token"]
        for text, data in CIPHER["paranoid"]:
            self.assertEqual(wire.paranoid_encrypt(password, ptoken, text), data)
            self.assertEqual(wire.paranoid_decrypt(password, ptoken, data), text)

    def test_provisioning_replies(self):
        for vector in (CIPHER["v8"], SESSION["provisioning"]):
            reply = wire.provisioning_reply(vector["secret"], vector["token"], vector["record"])
            self.assertEqual(reply, vector["reply"])

    def test_lines_that_are_no_message(self):
        key = bytes.fromhex(CIPHER["session_key"])
        good = wire.EncryptedLines(key).encode("A")
        for line in (b"", b"\r\n", b" \r\n", b"A", b"hello world", b"MP-0 A", good[:4]):
            with self.subTest(line), self.assertRaises(wire.UndecodableLineError):
                wire.EncryptedLines(key).decode(line)
        lines = wire.EncryptedLines(key)
        lines.decode(good)
        with self.assertRaises(wire.UndecodableLineError):
            lines.decode(good)

    def test_text_survives_byte_for_byte_up_to_a_line_feed(self):
        key = bytes.fromhex(CIPHER["session_key"])
        text = "S" + "".join(map(chr, range(256))).replace("\n", "")
        sent = wire.EncryptedLines(key).encode(text + "\nlost")
        self.assertEqual(wire.EncryptedLines(key).decode(sent), text)


if __name__ == "__main__":
    unittest.main()
