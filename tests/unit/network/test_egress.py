"""What is declared for which configuration, and what is written for the programs."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from firmware.network import __main__ as program
from firmware.network import nft, services
from firmware.network.egress import CLOCK, PHONE, PROVISIONER, RESOLVER, UPDATER, Flow, declared
from firmware.phone import config as configuration
from firmware.phone import guest
from firmware.phone.config import Account, Config, Contact, Network, Secret, Sip
from firmware.phone.config_types import Guest
from firmware.phone.errors import ConfigError
from firmware.phone.values import MOST_ACCOUNTS
from firmware.provisioning import code
from firmware.updater.settings import Settings

ROOT = Path(__file__).parents[3]


def account(**more: str) -> Account:
    return Account(user="alice", domain="phone.test", password=Secret("secret"), **more)  # type: ignore[arg-type]


def ends(config: Config, user: str) -> set[tuple[str, int, tuple[str, ...]]]:
    found = declared(config, Settings())
    return {(flow.protocol, flow.ports[0], flow.hosts) for flow in found if flow.user == user}


def test_an_account_is_reached_at_its_provider_alone() -> None:
    """By its transport; by the others too, for a call for help that nothing else brings through."""
    speech = ("udp", 1024, ())
    tls, tcp, udp = (("tcp", 5061), ("tcp", 5060), ("udp", 5060))
    here = ("phone.test",)
    keys = ("udp", 32768, ())
    every = {(*tls, here), (*tcp, here), (*udp, here), speech, keys}
    assert ends(Config(account=account()), PHONE) == every
    proxy = account(outbound_proxy="sip:192.0.2.7:6061;transport=tls;lr")
    assert ends(Config(account=proxy), PHONE) == {
        ("tcp", 6061, ("192.0.2.7",)),
        ("udp", 6061, ("192.0.2.7",)),
        speech,
        keys,
    }
    assert ends(Config(account=account(), sip=Sip(transport="udp")), PHONE) == every
    needed = [flow for flow in declared(Config(account=account()), Settings()) if flow.user == PHONE]
    assert [flow.what for flow in needed if flow.ports == (5060, 5060)] == [
        "emergency calls, when nothing else works"
    ] * 2


def test_every_account_is_reached_at_its_own_provider() -> None:
    more = (replace(account(), domain="work.test", transport="tcp"),)
    found = declared(Config(account=account(), more=more), Settings())
    signalling = {(f.protocol, f.ports[0], f.hosts) for f in found if f.what.startswith("signalling")}
    assert signalling == {("tcp", 5061, ("phone.test",)), ("tcp", 5060, ("work.test",))}


def test_direct_calls_reach_the_contacts() -> None:
    config = Config(contacts=(Contact("Bob", "sip:bob@192.0.2.8:7071"),))
    assert ("tcp", 7071, ("192.0.2.8",)) in ends(config, PHONE)
    assert not [flow for flow in declared(config, Settings()) if flow.direction == "in"]


def test_a_port_is_open_only_where_it_was_written_down() -> None:
    for port, opened in ((None, []), (0, []), (5061, [(5061, 5061)])):
        flows = declared(Config(sip=Sip(port=port)), Settings())
        assert [flow.ports for flow in flows if flow.direction == "in" and not flow.hello] == opened
        assert any(flow.hello for flow in flows) == bool(opened), "nobody calls, nobody answers"


def test_names_go_over_tls_or_not_but_never_both() -> None:
    assert {port for _, port, _ in ends(Config(), RESOLVER)} == {53}
    config = Config(network=Network(dns=("9.9.9.9#dns.quad9.net",)))
    assert ends(config, RESOLVER) == {("tcp", 853, ("9.9.9.9",))}
    assert "DNSOverTLS=yes" in services.resolved(config)
    assert "DNS=" not in services.resolved(Config())


def test_the_time_is_always_authenticated() -> None:
    assert {port for _, port, _ in ends(Config(), CLOCK)} == {4460, 123}
    servers = [line for line in services.chrony(Config()).splitlines() if line.startswith("server")]
    assert len(servers) >= 4
    assert all(line.endswith(" iburst nts") for line in servers)
    assert ends(Config(network=Network(time=())), CLOCK) == set()


def test_address_books_are_fetched_from_their_servers_alone(tmp_path: Path) -> None:
    phone = tmp_path / "phone.toml"
    phone.write_text(
        '[book]\nfiles = ["/not/for/us.vcf"]\n'
        '[[book.carddav]]\nurl = "https://cloud.test/x/"\nuser = "a"\npassword_file = "/nor/this"\n'
        '[[book.ldap]]\nurl = "ldap://192.0.2.9"\nbase = "dc=test"\n'
    )
    found = ends(configuration.load(phone, files=False), PHONE)
    assert {("tcp", 443, ("cloud.test",)), ("tcp", 389, ("192.0.2.9",))} <= found


def test_updates_only_where_there_is_a_server() -> None:
    assert ends(Config(), UPDATER) == set()
    flows = declared(Config(), Settings(url="https://updates.test:8443/x/"))
    assert [(flow.ports, flow.hosts) for flow in flows if flow.user == UPDATER] == [
        ((8443, 8443), ("updates.test",))
    ]


def test_a_name_can_be_anywhere_and_an_address_only_there() -> None:
    def rule(*hosts: str) -> list[str]:
        flow = Flow("x", "sottovoce", "out", "tcp", (1, 1), hosts)
        return [line for line in nft.rules([flow]).splitlines() if line.startswith("add")]

    assert "daddr" not in "".join(rule("phone.test", "192.0.2.1"))
    assert "ip daddr { 192.0.2.1 }" in rule("192.0.2.1")[0]
    assert "ip6 daddr { 2001:db8::1 }" in rule("[2001:db8::1]")[0]
    assert len(rule("192.0.2.1", "2001:db8::1")) == 2


def test_nothing_of_the_configuration_s_text_gets_into_a_rule() -> None:
    evil = Config(
        account=Account(
            user="x accept", domain="phone.test", password=Secret("y"), display_name='"; flush ruleset; #'
        )
    )
    lines = nft.rules(declared(evil, Settings())).splitlines()[1:]
    for line in lines:
        assert re.fullmatch(r'[a-z0-9_ ".{},:@-]+', line), line
        assert "flush ruleset" not in line


def test_it_needs_no_secret_and_writes_old_or_new(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    phone = tmp_path / "phone.toml"
    phone.write_text(
        '[account]\nuser = "alice"\ndomain = "192.0.2.7"\npassword_file = "/not/for/us"\n'
        '[sip]\nca_file = "/nor/this"\ncert_file = "/nor"\nkey_file = "/that"\n'
    )
    update = tmp_path / "update.toml"
    out = tmp_path / "out"
    out.mkdir()
    words = ["--config", str(phone), "--update", str(update), "--folder", str(out)]
    assert program.main(words) == 0
    assert "192.0.2.7" in (out / "egress.nft").read_text()
    assert sorted(path.name for path in out.iterdir()) == [
        "egress.nft",
        "iwd",
        "resolved.conf",
        "time.sources",
        "voice.netdev",
        "voice.network",
        "wired.network",
    ]
    before = (out / "egress.nft").read_text()
    phone.write_text('[account]\nuser = "alice"\n')
    assert program.main(words) == 2
    assert (out / "egress.nft").read_text() == before
    assert "account.domain" in capsys.readouterr().err
    assert program.main(["--config", str(tmp_path / "none.toml"), "--update", str(update)]) == 0


def test_the_password_comes_from_systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    credential = tmp_path / "account-password"
    credential.write_text("from systemd")
    credential.chmod(0o400)
    phone = tmp_path / "phone.toml"
    phone.write_text('[account]\nuser = "alice"\ndomain = "phone.test"\n')
    with pytest.raises(ConfigError):
        configuration.load(phone)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    found = configuration.load(phone)
    assert found.account
    assert found.account.password.reveal() == "from systemd"
    assert not found.password_exposed
    phone.write_text('[account]\nuser = "alice"\ndomain = "phone.test"\npassword = "own"\n')
    own = configuration.load(phone)
    assert own.account
    assert own.account.password.reveal() == "own"


def test_ports_that_srv_may_name_are_declared(tmp_path: Path) -> None:
    """Only for a server that is found by its name; one with a port is at that port."""
    head = '[account]\nuser = "alice"\ndomain = "phone.test"\npassword = "x"\nports = [5071]\n'
    for more, expected in (
        ("", {(5061, 5061), (5071, 5071)}),
        ('outbound_proxy = "sip:p.test:5065;lr"\n', {(5065, 5065)}),
    ):
        file = tmp_path / "phone.toml"
        file.write_text(head + more)
        flows = declared(configuration.load(file), Settings())
        assert {one.ports for one in flows if one.what.startswith("signalling to the provider")} == expected


def test_a_guest_period_declares_its_account_and_the_ways_to_help() -> None:
    """No time, no updates, no contacts; the owner's provider for calls for help alone."""
    owner = Config(
        account=account(), guest=Guest(domain="guests.test"), network=Network(dns=("192.0.2.1#dns.test",))
    )
    found = declared(guest.config(owner), Settings())
    assert {flow.user for flow in found} == {PHONE, RESOLVER}
    hosts = {flow.hosts: flow.what for flow in found if flow.hosts}
    assert set(hosts) == {("guests.test",), ("phone.test",)}
    helps = [flow for flow in found if flow.hosts == ("phone.test",)]
    assert all("emergency" in flow.what for flow in helps)
    every = [("tcp", 5060), ("tcp", 5061), ("udp", 5060)]
    assert sorted((flow.protocol, flow.ports[0]) for flow in helps) == every


def test_the_program_looks_whether_it_is_a_guest_period(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config, period = tmp_path / "phone.toml", tmp_path / "guest"
    update = tmp_path / "update.toml"
    config.write_text('[account]\nuser = "alice"\ndomain = "192.0.2.7"\npassword = "x"\n')
    update.write_text('url = "https://192.0.2.8/"\n')
    words = ["--config", str(config), "--update", str(update), "--period", str(period)]
    assert program.main([*words, "--folder", str(tmp_path)]) == 0
    assert "AddressRandomization=network" in (tmp_path / "iwd/main.conf").read_text()
    assert CLOCK in (tmp_path / "egress.nft").read_text()
    period.mkdir()
    assert program.main([*words, "--folder", str(tmp_path)]) == 0
    assert "AddressRandomization=once" in (tmp_path / "iwd/main.conf").read_text()
    rules = (tmp_path / "egress.nft").read_text()
    assert CLOCK not in rules
    assert UPDATER not in rules
    assert "192.0.2.7" in rules


def test_iwd_is_told_what_the_image_s_file_tells_it() -> None:
    """The two differ in who wrote them alone."""
    kept = (ROOT / "systemd/network/iwd.conf").read_text().partition("\n")[2]
    assert services.iwd(Config()).partition("\n")[2] == kept


def test_who_is_provisioned_may_reach_that_server_and_only_the_one_who_pulls(tmp_path: Path) -> None:
    ticket = tmp_path / "provision.toml"
    assert "sottovoce-provision" not in program.files(Config(), Settings())["egress.nft"]
    ticket.write_text(
        f'url = "https://phones.example:8443/f/"\ncode = "{code.new()}"\nissuer = "{"x" * 43}"\n'
    )
    flows = declared(Config(), Settings(), program._provisioned(ticket))
    assert [
        (one.direction, one.protocol, one.ports, one.hosts) for one in flows if one.user == PROVISIONER
    ] == [("out", "tcp", (8443, 8443), ("phones.example",))]
    ticket.write_text("url = 1")
    assert program._provisioned(ticket) == ""


def test_each_account_has_a_credential_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the unit hands over all of them, for as many accounts as there may be."""
    names = ["account-password", *(f"account-password-{n}" for n in range(2, MOST_ACCOUNTS + 1))]
    for name in names:
        (tmp_path / name).write_text(f"of {name}")
        (tmp_path / name).chmod(0o400)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    phone = tmp_path / "phone.toml"
    phone.write_text(
        "".join(f'[[account]]\nuser = "u{n}"\ndomain = "p{n}.test"\n' for n in range(MOST_ACCOUNTS))
    )
    found = configuration.load(phone)
    assert [account.password.reveal() for account in found.accounts] == [f"of {name}" for name in names]
    unit = (Path(__file__).parents[3] / "systemd/sottovoce-phone.service").read_text()
    assert [
        line.partition("=")[2] for line in unit.splitlines() if line.startswith("ImportCredential=")
    ] == names
    (tmp_path / names[2]).unlink()
    with pytest.raises(ConfigError, match=r"account\[3\]\.password"):
        configuration.load(phone)
