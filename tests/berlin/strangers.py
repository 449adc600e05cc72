"""Servers and far ends that do not keep to what a careful one would do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.berlin.stage import Stage
from tests.rig import capture, certs, ports
from tests.rig.certs import Certificate
from tests.rig.kamailio import Registrar
from tests.rig.processes import wait_until


@dataclass(frozen=True)
class WrongCertificate:
    """What servers got that showed a certificate."""

    wrong: list[tuple[str, int, str]]
    """What was wrong, octets of SIP received over TLS and UDP, what the display said."""
    right: int
    evidence: Path


def wrong_certificate(stage: Stage) -> WrongCertificate:
    """Three wrong certificates and a right one."""
    authority = stage.kit.authority
    names, ips = ["phone.test"], ["127.0.0.1"]
    shown: dict[str, Certificate] = {
        "expired": authority.issue("expired", names, ips, not_after=certs.days(-1)),
        "another name": authority.issue("elsewhere", dns=["elsewhere.test"], ips=["127.9.9.9"]),
        "unknown authority": certs.Authority.create(stage.folder("other-ca"), "Another CA").registrar(),
    }
    met = []
    for case, certificate in shown.items():
        with stage.lab(f"certificate {case}") as lab:
            server = lab.tls_server(certificate)
            phone = lab.phone(proxy=server.uri, registrar=None)
            server.wait_visit()
            phone.wait_registration("failed")
            said = " ".join(phone.wait_screen("not trusted|certificate").split())
            met.append((case, len(server.data) + sum(map(len, server.datagrams)), said))
    with stage.lab("certificate right") as lab:
        server = lab.tls_server(stage.kit.certificate)
        lab.phone(proxy=server.uri, registrar=None)
        server.wait_visit()
        wait_until(lambda: server.data.startswith(b"REGISTER"), 5, "the REGISTER")
        right = len(server.data)
    file = stage.evidence("certificates", "certificates.txt")
    file.write_text("\n".join(f"{case}: {octets} octets; {said}" for case, octets, said in met) + "\n")
    return WrongCertificate(met, right, file)


@dataclass(frozen=True)
class ClearAnswer:
    """A call to a far end that answers without encryption."""

    packets: int
    said: str
    ended: bool
    evidence: Path


def clear_answer(stage: Stage) -> ClearAnswer:
    """The phone calls it, with the default policy."""
    with stage.lab("clear-answer") as lab:
        port, address = ports.block(4), lab.address()
        registrar: Registrar = lab.registrar(
            udp=True, routes={"105": f"sip:far@127.0.0.1:{port};transport=udp"}
        )
        wire = lab.capture(hosts=[address])
        phone = lab.phone(address=address)
        far = lab.sipp("clear_answer.xml", port=port)
        phone.hook("up")
        phone.keys("105#")
        said = phone.wait_screen("encryption")
        ended = far.wait(10) == 0
        wire.stop()
        packets = capture.of_kind(capture.sent_by(wire.packets(), address), "rtp", "rtcp", "other")
        file = stage.evidence("clear-answer", "sip.txt")
        file.write_text("\n\n".join(map(str, registrar.messages())))
    return ClearAnswer(len(packets), said, ended, file)
