"""Keys that stay in C: certificates for contacts, and the signature under the caller's name."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

CALLER = Path(__file__).with_name("caller.py")

PROBE = """
import json, os, sys
os.environ["PJMEDIA_ALSA_PCMS"] = ""
import pjsua2 as pj
endpoint = pj.Endpoint()
endpoint.libCreate()
config = pj.EpConfig()
config.logConfig.level = config.logConfig.consoleLevel = 0
config.uaConfig.threadCnt = 0
config.uaConfig.mainThreadOnly = True
endpoint.libInit(config)
found = {}
try:
    exec(sys.argv[1])
except pj.Error as error:
    found["error"] = error.reason
print("found:" + json.dumps(found))
endpoint.libDestroy()
"""


def probe(code: str) -> dict[str, str]:
    """What ``code`` puts into ``found``, in a process of its own with the library started."""
    done = subprocess.run([sys.executable, "-c", PROBE, code], capture_output=True, text=True, timeout=60)
    line = next(line for line in done.stdout.splitlines() if line.startswith("found:"))
    found: dict[str, str] = json.loads(line.removeprefix("found:"))
    return found


def test_a_certificate_that_stays() -> None:
    """It looks like the one of a single call: nobody's name, EC on P-256; its text makes the same again."""
    found = probe(
        "one = pj.DtlsIdentity(); found['one'] = one.pem(); found['other'] = pj.DtlsIdentity().pem();"
        "found['again'] = pj.DtlsIdentity(one.pem()).pem()"
    )
    assert found["again"] == found["one"]
    assert found["other"] != found["one"]
    certificate = x509.load_pem_x509_certificate(found["one"].encode())
    key = serialization.load_pem_private_key(
        found["one"][found["one"].index("-----BEGIN P") :].encode(), None
    )
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert isinstance(key.curve, ec.SECP256R1)
    assert key.public_key() == certificate.public_key()
    assert certificate.subject.rfc4514_string() == "CN=-"
    assert len(found["one"]) < 900, "it fits a sealed record"


@pytest.mark.parametrize(
    "damage", ["''", "'garbage'", "text[:300]", "text.replace('BEGIN P', 'BEGIN X')", "mixed"]
)
def test_what_is_no_certificate_with_its_key(damage: str) -> None:
    found = probe(
        "text = pj.DtlsIdentity().pem(); other = pj.DtlsIdentity().pem();"
        "mixed = text[:text.index('-----BEGIN P')] + other[other.index('-----BEGIN P'):];"
        f"pj.DtlsIdentity({damage}); found['made'] = 'yes'"
    )
    assert found == {"error": "this is no certificate with its key"}


@pytest.mark.parametrize("sort", ["missing", "garbage", "RSA", "P-384", "encrypted", "huge"])
def test_a_file_that_is_no_key_to_sign_with(tmp_path: Path, sort: str) -> None:
    file = tmp_path / "key"
    made = rsa.generate_private_key(65537, 2048) if sort == "RSA" else ec.generate_private_key(ec.SECP384R1())
    hidden = (
        serialization.BestAvailableEncryption(b"x") if sort == "encrypted" else serialization.NoEncryption()
    )
    if sort in ("RSA", "P-384", "encrypted"):
        file.write_bytes(
            made.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, hidden)
        )
    elif sort != "missing":
        file.write_bytes(b"x" * (5 if sort == "garbage" else 100_000))
    found = probe(f"pj.Prover({str(file)!r}); found['made'] = 'yes'")
    assert "the key of the caller's proof" in found["error"]


@contextmanager
def calling(
    folder: Path, disclose: tuple[bool, str] | None, *headers: tuple[str, str]
) -> Iterator[socket.socket]:
    key = folder / "key"
    made = ec.generate_private_key(ec.SECP256R1())
    key.write_bytes(
        made.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as far:
        far.bind(("127.0.0.1", 0))
        far.settimeout(10)
        uri = f"sip:bob@127.0.0.1:{far.getsockname()[1]}"
        order = {"uri": uri, "disclose": disclose, "srtp": True, "headers": headers, "prove": str(key)}
        with subprocess.Popen(
            [sys.executable, str(CALLER), json.dumps(order)], stdin=subprocess.PIPE
        ) as caller:
            try:
                yield far
            finally:
                caller.kill()


def proofs(text: str) -> list[str]:
    return re.findall(r"^(?:Identity|y): (.*)\r$", text, re.MULTILINE | re.IGNORECASE)


def test_an_open_call_is_signed_once_and_a_retransmission_is_the_same(tmp_path: Path) -> None:
    """The prover was shown From, To and the SDP as they leave."""
    with calling(tmp_path, (True, "id")) as far:
        first, second = far.recv(65536).decode(), far.recv(65536).decode()
    assert first == second
    (proof,) = proofs(first)
    number, caller, called, digest = proof.split("|")
    assert (number, caller) == ("1", "sip:alice@phone.test")
    assert called.startswith("sip:bob@127.0.0.1")
    assert digest in first


@pytest.mark.parametrize("disclose", [(False, "id"), (False, ""), None])
def test_a_closed_call_is_not_shown_to_the_prover(tmp_path: Path, disclose: tuple[bool, str] | None) -> None:
    with calling(tmp_path, disclose, ("Identity", "forged")) as far:
        text = far.recv(65536).decode()
    assert text.startswith("INVITE ")
    assert proofs(text) == []


def test_a_mark_closes_an_open_phone(tmp_path: Path) -> None:
    with calling(tmp_path, (True, "id"), ("Sottovoce-Disclosure", "none")) as far:
        assert proofs(far.recv(65536).decode()) == []


def test_what_the_library_is_given_does_not_pass_for_a_proof(tmp_path: Path) -> None:
    with calling(tmp_path, (True, "id"), ("Identity", "forged"), ("y", "forged")) as far:
        assert "forged" not in far.recv(65536).decode()
