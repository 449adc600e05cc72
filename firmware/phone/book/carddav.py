"""Reads the address books of a CardDAV server (RFC 6352), and never writes to it.

Only over TLS that names the server and is vouched for; a redirection is followed on the same server alone, so
that the password goes to nobody else.
"""

from __future__ import annotations

import base64
import http.client
import ssl
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit
from xml.etree import ElementTree

TIMEOUT = 15.0
"""Seconds without a word of the server."""

LARGEST = 32 * 1024 * 1024
"""Octets of one answer."""

MOST_BOOKS, HOPS = 10, 4

_DAV, _CARD = "{DAV:}", "{urn:ietf:params:xml:ns:carddav}"
_FIND_HOME = (
    '<propfind xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><prop><resourcetype/>'
    "<current-user-principal/><C:addressbook-home-set/></prop></propfind>"
)
_QUERY = (
    '<C:addressbook-query xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><prop>'
    "<C:address-data/></prop></C:addressbook-query>"
)


class Unreachable(Exception):
    """The source gave nothing; the text says why and what to do."""


class Answer(NamedTuple):
    status: int
    location: str
    body: bytes


@dataclass(frozen=True)
class Server:
    """``url``: of an address book, or of anything from which it is found. ``ca_file``: "" = the system's."""

    url: str
    user: str
    password: str
    ca_file: str = ""


def cards(server: Server) -> str:
    """All cards of the address books, one after the other. Raises ``Unreachable``."""
    client = _Client(server)
    try:
        books = client.books()
        return "\n".join(card for book in books[:MOST_BOOKS] for card in client.cards(book))
    except ssl.SSLCertVerificationError as error:
        raise Unreachable(f"its certificate is not good: {error.verify_message}; ask who runs it") from error
    except (OSError, http.client.HTTPException) as error:
        raise Unreachable(f"it cannot be reached ({_said(error)}); look at the network, or at url") from error
    except ElementTree.ParseError as error:
        raise Unreachable("it answers, but not as a CardDAV server; look at url") from error
    finally:
        client.close()


def _said(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else "") or str(error) or type(error).__name__


class _Client:
    def __init__(self, server: Server) -> None:
        self._server = server
        place = urlsplit(server.url)
        context = ssl.create_default_context(cafile=server.ca_file or None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._path = place.path or "/"
        self._host = place.netloc
        self._connection = http.client.HTTPSConnection(
            place.hostname or "", place.port or 443, timeout=TIMEOUT, context=context
        )

    def close(self) -> None:
        self._connection.close()

    def books(self) -> list[str]:
        """The paths of the address books (RFC 6352 section 6.2, RFC 6764 section 5)."""
        root, path = self._propfind(self._path, "0", last=False)
        if root is None:
            root, path = self._propfind("/.well-known/carddav", "0", last=True)
        if root is None:
            raise Unreachable("there is no address book at url; look at it")
        if _is_book(root):
            return [path]
        home = _href(root, f"{_CARD}addressbook-home-set")
        principal = _href(root, f"{_DAV}current-user-principal")
        if not home and principal:
            found, path = self._propfind(self._here(principal), "0", last=True)
            home = _href(found, f"{_CARD}addressbook-home-set") if found is not None else ""
        listing, at = self._propfind(self._here(home) if home else path, "1", last=True)
        rows = listing.findall(f"{_DAV}response") if listing is not None else []
        found_books = [
            self._here(urljoin(at, row.findtext(f"{_DAV}href", ""))) for row in rows if _is_book(row)
        ]
        if not found_books:
            raise Unreachable("the server has no address book for this user; look at url and user")
        return found_books

    def cards(self, path: str) -> list[str]:
        answer = self._asked("REPORT", path, "1", _QUERY)
        if answer.status != 207:
            raise Unreachable(_refusal(answer.status))
        found = _xml(answer.body).iter(f"{_CARD}address-data")
        return [data.text.strip() for data in found if data.text]

    def _propfind(self, path: str, depth: str, *, last: bool) -> tuple[ElementTree.Element | None, str]:
        """The properties, and where they were found in the end; None for 404, unless ``last``."""
        for _ in range(HOPS):
            answer = self._asked("PROPFIND", path, depth, _FIND_HOME)
            if answer.status == 207:
                return _xml(answer.body), path
            if answer.status in (301, 302, 307, 308) and answer.location:
                path = self._here(urljoin(path, answer.location))
                continue
            if answer.status in (404, 405) and not last:
                return None, path
            raise Unreachable(_refusal(answer.status))
        raise Unreachable("it sends from one address to the next without end; look at url")

    def _here(self, address: str) -> str:
        """The path of an address on this server. Raises ``Unreachable`` for one elsewhere."""
        place = urlsplit(address)
        if (place.scheme, place.netloc) not in (("", ""), ("https", self._host)):
            raise Unreachable(f'it sends to another server; if that is right, write url = "{address[:200]}"')
        return place.path or "/"

    def _asked(self, method: str, path: str, depth: str, body: str) -> Answer:
        word = base64.b64encode(f"{self._server.user}:{self._server.password}".encode()).decode()
        headers = {
            "Authorization": f"Basic {word}",
            "Content-Type": "application/xml; charset=utf-8",
            "Depth": depth,
            "User-Agent": "Sottovoce",
        }
        self._connection.request(method, path, body.encode(), headers)
        reply = self._connection.getresponse()
        found = reply.read(LARGEST + 1)
        if len(found) > LARGEST:
            raise Unreachable(
                f"its answer is larger than {LARGEST // 1024**2} MiB; name a smaller address book"
            )
        return Answer(reply.status, reply.getheader("Location") or "", found)


def _refusal(status: int) -> str:
    if status in (401, 403):
        return "it refuses user and password; correct them"
    if status in (404, 405, 410):
        return "there is no address book at url; look at it"
    return f"it answers with the error {status}; try again later, or look at url"


def _xml(body: bytes) -> ElementTree.Element:
    """Raises ``ParseError``; a document type, which could blow up or point elsewhere, is refused."""
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise ElementTree.ParseError("a document type is not allowed")
    return ElementTree.fromstring(body)  # noqa: S314 - of bounded size, without a document type


def _is_book(element: ElementTree.Element) -> bool:
    row = element.find(f"{_DAV}response") if element.tag == f"{_DAV}multistatus" else element
    return row is not None and row.find(f".//{_DAV}resourcetype/{_CARD}addressbook") is not None


def _href(element: ElementTree.Element, name: str) -> str:
    return element.findtext(f".//{name}/{_DAV}href", "")
