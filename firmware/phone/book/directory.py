"""Reads people from an LDAP directory (RFC 4511), and never writes to it.

Only over verified TLS: from the first octet (ldaps) or, before anything is said, by StartTLS (ldap).
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass

import ldap3
from ldap3.core.exceptions import LDAPException

from firmware.phone.book.carddav import TIMEOUT, Unreachable
from firmware.phone.book.entries import MOST, Entry, entry

_NAMES = ("displayName", "cn")
_NUMBERS = ("telephoneNumber", "mobile", "homePhone", "ipPhone")
_GROUPS = ("ou", "departmentNumber")
_PAGE = 500


@dataclass(frozen=True)
class Directory:
    """``base``: where to look; ``search``: a filter of RFC 4515. ``user``: "" = without a name."""

    url: str
    base: str
    search: str
    user: str = ""
    password: str = ""
    ca_file: str = ""


class _Verified(ldap3.Tls):  # type: ignore[misc]  # the library has no types
    """TLS by the standard library's own rules: a chain to the authority, and the name of the server."""

    def __init__(self, ca_file: str) -> None:
        super().__init__(validate=ssl.CERT_REQUIRED)
        self._context = ssl.create_default_context(cafile=ca_file or None)
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.refused = ""

    def wrap_socket(self, connection: ldap3.Connection, do_handshake: bool = False) -> None:
        name = connection.server.host
        try:
            connection.socket = self._context.wrap_socket(connection.socket, server_hostname=name)
        except ssl.SSLCertVerificationError as error:
            self.refused = error.verify_message
            raise


def people(directory: Directory, country: str) -> list[Entry]:
    """Who has a name and a number there. Raises ``Unreachable``."""
    tls = _Verified(directory.ca_file)
    try:
        return _people(directory, country, tls)
    except (LDAPException, OSError) as error:
        if tls.refused:
            said = f"its certificate is not good: {tls.refused}; ask who runs it"
        elif isinstance(error, LDAPException):
            said = _said(error)
        else:
            said = f"it cannot be reached ({error.strerror or error}); look at the network, or at url"
        raise Unreachable(said) from error


def _said(error: LDAPException) -> str:
    text = str(error)
    if "invalidCredentials" in text:
        return "it refuses user and password; correct them"
    if "socket" in text.lower():
        return "it cannot be reached; look at the network, or at url"
    if "noSuchObject" in text:
        return "there is nothing at base; look at it"
    if "filter" in text.lower():
        return "the search is no LDAP filter; correct it"
    return f"it answers with an error ({text[:120]}); look at url, base and search"


def _people(directory: Directory, country: str, tls: _Verified) -> list[Entry]:
    server = ldap3.Server(
        directory.url,
        use_ssl=directory.url.startswith("ldaps:"),
        tls=tls,
        get_info=ldap3.NONE,
        connect_timeout=int(TIMEOUT),
    )
    connection = ldap3.Connection(
        server,
        directory.user or None,
        directory.password or None,
        read_only=True,
        raise_exceptions=True,
        receive_timeout=int(TIMEOUT),
        auto_referrals=False,
    )
    try:
        connection.open()
        if not server.ssl:
            connection.start_tls()
        connection.bind()
        return _found(connection, directory, country)
    finally:
        connection.unbind()


def _found(connection: ldap3.Connection, directory: Directory, country: str) -> list[Entry]:
    rows = connection.extend.standard.paged_search(
        directory.base,
        directory.search,
        attributes=[*_NAMES, *_NUMBERS, *_GROUPS],
        paged_size=_PAGE,
        generator=True,
    )
    entries: list[Entry] = []
    for row in rows:
        values = row.get("attributes") or {}
        name = next((text for key in _NAMES for text in _texts(values.get(key))), "")
        numbers = [text for key in _NUMBERS for text in _texts(values.get(key))]
        group = next((text for key in _GROUPS for text in _texts(values.get(key))), "")
        try:
            entries.append(entry(name, numbers, group, country))
        except ValueError:
            continue  # a machine, a room, somebody without a telephone
        if len(entries) >= MOST:
            break
    return entries


def _texts(value: object) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [text for text in values if isinstance(text, str) and text.strip()]
