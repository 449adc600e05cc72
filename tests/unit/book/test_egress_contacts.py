"""What the firewall lets through for contacts: the servers that the configuration names, and no others."""

from __future__ import annotations

from pathlib import Path

from firmware.network.egress import PHONE, Flow, declared
from firmware.network.nft import rules
from firmware.phone.config import Config, Secret
from firmware.phone.config_types import Book, CardDav, Ldap
from firmware.updater.settings import Settings


def contacts(book: Book) -> list[Flow]:
    return [flow for flow in declared(Config(book=book), Settings()) if flow.what == "contacts"]


def test_each_server_with_its_port() -> None:
    found = contacts(
        Book(
            carddavs=(
                CardDav("https://dav.test/books/", "a", Secret("x")),
                CardDav("https://10.0.0.7:8443/", "a", Secret("x")),
            ),
            ldaps=(Ldap("ldaps://dir.test", "dc=test"), Ldap("ldap://dir.test", "dc=test")),
        )
    )
    assert [(flow.hosts, flow.ports) for flow in found] == [
        (("dav.test",), (443, 443)),
        (("10.0.0.7",), (8443, 8443)),
        (("dir.test",), (636, 636)),
        (("dir.test",), (389, 389)),
    ]
    assert {(flow.user, flow.direction, flow.protocol) for flow in found} == {(PHONE, "out", "tcp")}
    assert "ip daddr { 10.0.0.7 } tcp dport 8443 accept" in rules(found)


def test_without_servers_there_is_no_way_out() -> None:
    assert contacts(Book(files=(Path("a.vcf"),))) == []
