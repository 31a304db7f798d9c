"""The TLS settings → certificate and key files; a self-signed pair is made in the data folder."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from tirage.context import data_folder
from tirage.engine.errors import Problem, TirageError
from tirage.settings import Settings

if TYPE_CHECKING:
    from cryptography import x509

SELF_SIGNED = "self-signed"
_DAYS = 398
"""The longest that browsers accept (CA/Browser Forum baseline requirements, 6.3.2)."""


def certificate_of(settings: Settings) -> tuple[Path, Path] | None:
    """The certificate and its key, or None for plain HTTP. Raises TirageError `tls_invalid`."""
    if not settings.tls_cert:
        return None
    if settings.tls_cert == SELF_SIGNED:
        return _self_signed(data_folder(settings) / "tls", settings.host)
    files = Path(settings.tls_cert), Path(settings.tls_key)
    for file, name in zip(files, ("--tls-cert", "--tls-key"), strict=True):
        if not file.is_file():
            message = f"{name} names {str(file)!r}, which is not a file."
            raise TirageError(Problem("tls_invalid", message, hint="Give both, as PEM files."))
    return files


def _self_signed(folder: Path, host: str) -> tuple[Path, Path]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    certificate_file, key_file = folder / "certificate.pem", folder / "key.pem"
    now = datetime.now(UTC)
    if certificate_file.is_file() and key_file.is_file():
        held = x509.load_pem_x509_certificate(certificate_file.read_bytes())
        if held.not_valid_after_utc > now + timedelta(days=30):
            return certificate_file, key_file
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tirage")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=_DAYS))
        .add_extension(x509.SubjectAlternativeName(_names(host)), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    key_file.touch(mode=0o600)
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return certificate_file, key_file


def _names(host: str) -> list[x509.GeneralName]:
    from cryptography import x509

    found: list[x509.GeneralName] = [
        x509.DNSName("localhost"),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
        x509.IPAddress(ipaddress.ip_address("::1")),
    ]
    try:
        address = ipaddress.ip_address(host)
        if not address.is_unspecified and not address.is_loopback:
            found.append(x509.IPAddress(address))
    except ValueError:
        if host != "localhost":
            found.append(x509.DNSName(host))
    return found
