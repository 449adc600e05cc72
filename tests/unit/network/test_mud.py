"""The MUD file: the same list as the firewall's, in the form of RFC 8520."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from firmware.network.egress import declared
from firmware.network.mud import NOWHERE, mud
from firmware.phone import declaring
from firmware.phone.config import Account, Config, Contact, Network, Secret, Sip
from firmware.updater.settings import Settings

NOW = datetime(2026, 11, 24, 1, 2, 3, tzinfo=UTC)
ACCOUNT = Config(
    account=Account("alice", "phone.test", Secret("x"), outbound_proxy="sip:192.0.2.7:6061;transport=tls;lr"),
    network=Network(dns=("2001:db8::1#dns.test",), time=("time.test",)),
)
DIRECT = Config(contacts=(Contact("Bob", "sip:bob@[2001:db8::7]"),), sip=Sip(port=5071))
UPDATES = Settings(url="https://updates.test:8443/")


def aces(made: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    return {acl["name"]: acl["aces"]["ace"] for acl in made["ietf-access-control-list:acls"]["acl"]}


def test_it_has_the_form_of_the_standard() -> None:
    made = json.loads(json.dumps(mud(declared(ACCOUNT, UPDATES), NOW)))
    about = made["ietf-mud:mud"]
    assert about["mud-version"] == 1
    assert about["mud-url"] == NOWHERE
    assert about["last-update"] == "2026-11-24T01:02:03Z"
    assert 1 <= about["cache-validity"] <= 168
    assert len(about["systeminfo"]) <= 60
    named = {
        one["name"]
        for way in ("from", "to")
        for one in about[f"{way}-device-policy"]["access-lists"]["access-list"]
    }
    lists = made["ietf-access-control-list:acls"]["acl"]
    assert named == {acl["name"] for acl in lists}
    for acl in lists:
        names = [ace["name"] for ace in acl["aces"]["ace"]]
        assert len(names) == len(set(names))
        assert all(1 <= len(name) <= 64 for name in names)
        family = acl["type"].removesuffix("-acl-type")
        for ace in acl["aces"]["ace"]:
            assert ace["actions"] == {"forwarding": "accept"}
            assert set(ace["matches"]) == {family, {6: "tcp", 17: "udp"}[ace["matches"][family]["protocol"]]}


def test_every_flow_is_in_it_both_ways_and_nothing_else() -> None:
    flows = declared(ACCOUNT, UPDATES)
    found = aces(mud(flows, NOW))
    for way, name in (("from", "dst"), ("to", "src")):
        for family in ("ipv4", "ipv6"):
            entries = found[f"{way}-{family}"]
            hosts = {
                place.get(f"ietf-acldns:{name}-dnsname")
                or place.get(f"{'destination' if way == 'from' else 'source'}-{family}-network", "")
                for place in (ace["matches"][family] for ace in entries)
            }
            own = {"192.0.2.7/32"} if family == "ipv4" else {"2001:db8::1/128"}
            assert hosts == {"time.test", "updates.test", "", *own}


def test_who_begins_is_said_of_connections() -> None:
    found = aces(mud(declared(DIRECT, Settings()), NOW))
    (incoming,) = [ace for ace in found["to-ipv6"] if "come in" in ace["name"]]
    assert incoming["matches"]["tcp"] == {
        "ietf-mud:direction-initiated": "to-device",
        "destination-port": {"operator": "eq", "port": 5071},
    }
    (contact,) = [ace for ace in found["from-ipv6"] if "contact" in ace["name"]]
    assert contact["matches"]["ipv6"]["destination-ipv6-network"] == "2001:db8::7/128"
    assert contact["matches"]["tcp"]["ietf-mud:direction-initiated"] == "from-device"
    assert contact["matches"]["tcp"]["destination-port"] == {"operator": "eq", "port": 5061}
    assert not [ace for ace in found["from-ipv4"] if "to a contact" in ace["name"]]


def test_speech_has_a_range_of_ports_at_both_ends() -> None:
    found = aces(mud(declared(Config(), Settings()), NOW))
    (out,) = [ace for ace in found["from-ipv4"] if ace["name"].endswith("speech, encrypted")]
    (back,) = [ace for ace in found["to-ipv4"] if ace["name"].endswith("speech, encrypted")]
    assert out["matches"]["udp"]["destination-port"] == back["matches"]["udp"]["source-port"]
    assert out["matches"]["udp"]["source-port"] == {"lower-port": 32768, "upper-port": 60999}
    assert "ietf-mud:direction-initiated" not in out["matches"]["udp"]


@pytest.mark.parametrize(
    ("url", "said"),
    [("", NOWHERE), ("http://x/", NOWHERE), ("https://mud.test/a.json", "https://mud.test/a.json")],
)
def test_where_it_is_served_is_an_https_address(url: str, said: str) -> None:
    made = declaring.mud_file(declared(Config(), Settings()), NOW, url)
    assert made["ietf-mud:mud"]["mud-url"] == said


def test_the_manifest_says_to_whom_and_what_for() -> None:
    told = declaring.told(declared(ACCOUNT, UPDATES))
    assert {"updates.test"} in [set(flow["hosts"]) for flow in told]
    assert all(flow["for"] and flow["program"] for flow in told)
    text = "\n".join(declaring.lines(told))
    assert "updates: to updates.test, tcp 8443 (sottovoce-update)" in text
    assert "speech, encrypted: to anybody, udp 1024 to 65535" in text
