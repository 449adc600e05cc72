"""Servers of contacts: Radicale for CardDAV and OpenLDAP's slapd, over TLS, each on a loopback address."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.rig import ports
from tests.rig.certs import Certificate
from tests.rig.processes import Process, RigError, wait_until

READY_S = 20.0
USER, PASSWORD = "alice", "contacts password"
BASE = "dc=phone,dc=test"
ADMIN = f"cn=admin,{BASE}"


def answers(address: str, port: int) -> bool:
    """Whether somebody takes connections there."""
    try:
        socket.create_connection((address, port), 0.5).close()
    except OSError:
        return False
    return True


class Radicale:
    """One user with one address book of ``cards``; a context manager."""

    def __init__(self, folder: Path, certificate: Certificate, cards: Sequence[str]) -> None:
        self.port = ports.one(ports.LOOPBACK)
        book = folder / "storage" / "collection-root" / USER / "people"
        book.mkdir(parents=True)
        (book / ".Radicale.props").write_text(json.dumps({"tag": "VADDRESSBOOK", "D:displayname": "People"}))
        self.book = book
        self.put(cards)
        (folder / "users").write_text(f"{USER}:{PASSWORD}\n")
        (folder / "config").write_text(
            f"[server]\nhosts = {ports.LOOPBACK}:{self.port}\nssl = True\ncertificate = {certificate.cert}\n"
            f"key = {certificate.key}\n[auth]\ntype = htpasswd\nhtpasswd_filename = {folder / 'users'}\n"
            f"htpasswd_encryption = plain\ndelay = 0\n[storage]\nfilesystem_folder = {folder / 'storage'}\n"
            "[logging]\nlevel = info\n"
        )
        self.process = Process(
            "radicale", ["radicale", "--config", folder / "config"], folder / "radicale.log"
        )

    def put(self, cards: Sequence[str]) -> None:
        """The address book from now on."""
        for old in self.book.glob("*.vcf"):
            old.unlink()
        for number, card in enumerate(cards):
            (self.book / f"{number}.vcf").write_text(card)

    def url(self, path: str = "/alice/people/") -> str:
        return f"https://localhost:{self.port}{path}"

    def __enter__(self) -> Radicale:
        self.process.start()
        wait_until(lambda: answers(ports.LOOPBACK, self.port), READY_S, "radicale")
        return self

    def __exit__(self, *_: object) -> None:
        self.process.stop()

    @property
    def log(self) -> str:
        return self.process.log.read_text(errors="replace")


class Slapd:
    """A directory with the entries of ``ldif``, on ldaps and, for StartTLS, on ldap; a context manager."""

    def __init__(self, folder: Path, certificate: Certificate, ca: Path, ldif: str) -> None:
        self.secure, self.plain = ports.one(ports.LOOPBACK), ports.one(ports.LOOPBACK)
        data = folder / "data"
        data.mkdir(parents=True)
        schema = Path("/etc/ldap/schema")
        (folder / "slapd.conf").write_text(
            "".join(f"include {schema / name}.schema\n" for name in ("core", "cosine", "inetorgperson"))
            + f"modulepath /usr/lib/ldap\nmoduleload back_mdb\npidfile {folder / 'pid'}\n"
            f"TLSCertificateFile {certificate.cert}\nTLSCertificateKeyFile {certificate.key}\n"
            f"TLSCACertificateFile {ca}\nsizelimit unlimited\n"
            f'database mdb\nsuffix "{BASE}"\nrootdn "{ADMIN}"\nrootpw {PASSWORD.replace(" ", "-")}\n'
            f"directory {data}\naccess to * by dn.exact={ADMIN} write by users read by anonymous auth\n"
        )
        (folder / "data.ldif").write_text(ldif)
        loaded = subprocess.run(
            ["slapadd", "-f", folder / "slapd.conf", "-l", folder / "data.ldif"],
            capture_output=True, text=True, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}, check=False,
        )  # fmt: skip
        if loaded.returncode:
            raise RigError(f"slapadd: {loaded.stderr}")
        self.password = PASSWORD.replace(" ", "-")
        hosts = f"ldaps://{ports.LOOPBACK}:{self.secure} ldap://{ports.LOOPBACK}:{self.plain}"
        argv = ["/usr/sbin/slapd", "-f", str(folder / "slapd.conf"), "-h", hosts, "-d", "256"]
        self.process = Process("slapd", argv, folder / "slapd.log")

    def __enter__(self) -> Slapd:
        self.process.start()
        wait_until(lambda: answers(ports.LOOPBACK, self.secure), READY_S, "slapd")
        return self

    def __exit__(self, *_: object) -> None:
        self.process.stop()

    @property
    def log(self) -> str:
        return self.process.log.read_text(errors="replace")


def ldif(people: Sequence[tuple[str, str]]) -> str:
    """A directory of names and numbers; a number may be "" ."""
    head = f"dn: {BASE}\nobjectClass: dcObject\nobjectClass: organization\no: Phone\ndc: phone\n"
    rows = [
        f"dn: cn={name},{BASE}\nobjectClass: inetOrgPerson\ncn: {name}\nsn: {name}\nou: choir\n"
        + (f"telephoneNumber: {number}\n" if number else "")
        for name, number in people
    ]
    return "\n".join([head, *rows])
