"""One question over HTTPS: verified by chain, name and, where the ticket says so, the server's key.

No redirect, no proxy, no cookie; nothing is told of the telephone but the name of its file.
"""

from __future__ import annotations

import base64
import hashlib
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import urllib3
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from firmware.phone.errors import ProvisioningError
from firmware.provisioning.sealed import LARGEST
from firmware.provisioning.ticket import Ticket

SILENCE = 20.0
"""Seconds without an octet after which the server is given up."""

WHOLE = 60.0
"""Seconds for the whole answer, however steadily it drips."""

USER_AGENT = "Sottovoce"
_OK, _SAME, _GONE = 200, 304, (404, 410)
_CHUNK = 16 * 1024


@dataclass(frozen=True)
class Answer:
    """``content`` is None when it is what the telephone has already."""

    content: bytes | None
    etag: str


Fetch = Callable[[Ticket, str], Answer]


def fetch(ticket: Ticket, etag: str) -> Answer:
    """Ask for the file; ``etag``: what the one that is here was called. Raises ``ProvisioningError``."""
    address = urlsplit(ticket.address)
    pool = _pool(ticket)
    headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity"}
    headers |= {"If-None-Match": etag} if etag else {}
    try:
        answer = pool.urlopen(
            "GET", address.path, headers=headers, redirect=False, retries=False, preload_content=False,
            decode_content=False,
        )  # fmt: skip
        return _read(answer, etag)
    except urllib3.exceptions.NewConnectionError as error:
        raise ProvisioningError(_words(address.netloc, error)) from None
    except urllib3.exceptions.TimeoutError:
        raise ProvisioningError(f"{address.netloc} does not answer; it is asked again later") from None
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise ProvisioningError(_words(address.netloc, error)) from error
    finally:
        pool.close()


def _words(server: str, error: BaseException) -> str:
    said = str(error)
    if "CERTIFICATE_VERIFY_FAILED" in said or "match" in said:
        return (
            f"{server} has no certificate that proves its name; look at the clock and at the network: a "
            "sign-in page may stand before it"
        )
    return f"{server} cannot be reached; look at the cable and the address. It is asked again later"


def _read(answer: urllib3.BaseHTTPResponse, etag: str) -> Answer:
    status = int(answer.status)
    if status == _SAME and etag:
        return Answer(None, etag)
    if status in _GONE:
        raise ProvisioningError(
            "the server has no configuration for this telephone; ask your administrator whether it still "
            "should"
        )
    if status != _OK:
        raise ProvisioningError(
            f"the server answered {status} instead of a configuration; compare the address with the paper"
        )
    content, until = b"", time.monotonic() + WHOLE
    for chunk in answer.stream(_CHUNK, decode_content=False):
        content += chunk
        if len(content) > LARGEST:
            raise ProvisioningError("the server sends more than any configuration is; nothing of it is used")
        if time.monotonic() > until:
            raise ProvisioningError("the server is too slow; it is asked again later")
    return Answer(content, answer.headers.get("ETag", "")[:200])


def _pool(ticket: Ticket) -> urllib3.HTTPSConnectionPool:
    class Pinned(urllib3.connection.HTTPSConnection):
        """Its server's key is looked at before the first octet of the question."""

        def connect(self) -> None:
            super().connect()
            socket: Any = self.sock
            if ticket.pins and _pin_of(socket.getpeercert(binary_form=True)) not in ticket.pins:
                socket.close()
                raise ProvisioningError(
                    "the server has another key than the ticket says: nothing was asked. If your "
                    "administrator has changed it, a new ticket is needed"
                )

    class Pool(urllib3.HTTPSConnectionPool):
        ConnectionCls = Pinned

    address = urlsplit(ticket.url)
    return Pool(
        address.hostname or "",
        address.port or 443,
        cert_reqs="CERT_REQUIRED",
        ca_certs=str(ticket.ca_file) if ticket.ca_file else None,
        ssl_minimum_version=ssl.TLSVersion.TLSv1_2,
        timeout=urllib3.Timeout(connect=SILENCE, read=SILENCE),
    )


def _pin_of(certificate: bytes) -> str:
    key = x509.load_der_x509_certificate(certificate).public_key()
    octets = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return "sha256/" + base64.b64encode(hashlib.sha256(octets).digest()).decode()
