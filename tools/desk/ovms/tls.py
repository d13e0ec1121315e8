"""TLS for the desk server: given files, or a certificate made on the spot."""

import datetime
import ipaddress
import os
import ssl

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

CERTIFICATE_FILE = "server-cert.pem"
KEY_FILE = "server-key.pem"
_VALID_DAYS = 3650


def server_context(certificate_file: str, key_file: str) -> ssl.SSLContext:
    """TLS 1.2 and 1.3, as the stock server (1.1). OSError or ssl.SSLError for unusable files."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate_file, key_file)
    return context


def self_signed(directory: str, host: str) -> tuple[str, str]:
    """Paths of a certificate and its key below `directory`, made once and then reused.

    The certificate is its own CA: clients trust it by its file. It names localhost, both
    loopback addresses and `host`. OSError when the directory cannot be written.
    """
    os.makedirs(directory, exist_ok=True)
    certificate_file = os.path.join(directory, CERTIFICATE_FILE)
    key_file = os.path.join(directory, KEY_FILE)
    if not (os.path.exists(certificate_file) and os.path.exists(key_file)):
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        with open(os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(pem)
        with open(certificate_file, "wb") as file:
            file.write(_certificate(key, host).public_bytes(serialization.Encoding.PEM))
    return certificate_file, key_file


def _certificate(key: ec.EllipticCurvePrivateKey, host: str) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "OVMS desk server")])
    now = datetime.datetime.now(datetime.UTC)
    alternative_names: list[x509.GeneralName] = [x509.DNSName("localhost")]
    for address in dict.fromkeys(("127.0.0.1", "::1", host)):
        try:
            alternative_names.append(x509.IPAddress(ipaddress.ip_address(address)))
        except ValueError:
            if address != "localhost":
                alternative_names.append(x509.DNSName(address))
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=_VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName(alternative_names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
