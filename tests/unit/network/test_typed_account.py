"""The rules of a telephone whose account was typed at its first start: its provider, and no other."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from firmware.network import __main__ as program
from firmware.network import first
from firmware.phone import config as configuration
from firmware.phone import typed
from firmware.updater import disk

TYPED = '[phone]\ncountry = "FR"\n[account]\nuser = "ann"\npassword = "typed-secret"\n'
OWN = TYPED + 'domain = "192.0.2.7"\n'
WEAKER = TYPED + 'provider = "ovh"\naccept_weaker = true\n'


class Place:
    """A telephone that was typed in, its phone.toml, and the folder between it and the rules."""

    def __init__(self, folder: Path) -> None:
        self.config, self.state, self.between = folder / "phone.toml", folder / "state", folder / "typed"
        self.out = folder / "out"
        for made in (self.state, self.between, self.out):
            made.mkdir()
        self.config.write_text("")

    @property
    def told(self) -> Path:
        return self.between / typed.TOLD

    def start(self, text: str | None) -> None:
        """As the telephone does."""
        if text is not None:
            disk.replace(self.state / typed.FILE, text.encode())
        found = typed.effective(configuration.load(self.config), self.state)
        typed.tell(found, self.state, self.between)

    def rules(self) -> str:
        given = ["--config", str(self.config), "--typed", str(self.told), "--folder", str(self.out)]
        assert program.main([*given, "--ticket", "/nowhere", "--update", "/nowhere"]) == 0
        return (self.out / "egress.nft").read_text()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_its_provider_is_reached_and_only_there(place: Place) -> None:
    place.start(OWN)
    assert "ip daddr { 192.0.2.7 } tcp dport 5061 accept" in place.rules()
    assert '"sottovoce" tcp dport 5061' not in place.rules(), "no longer anybody"


def test_its_provider_s_transport_passes(place: Place) -> None:
    profiled = configuration.judged({"account": {"provider": "ovh", "accept_weaker": True,
                                                 "user": "x", "password": "y"}}, Path("x"))  # fmt: skip
    assert profiled.accounts[0].transport in ("udp", "tcp"), "one that needs it, or this shows nothing"
    before = place.rules()
    place.start(WEAKER)
    protocol = "udp" if profiled.accounts[0].transport == "udp" else "tcp"
    assert f"{protocol} dport 5060 accept" not in before
    assert f"{protocol} dport 5060 accept" in place.rules()


def test_nothing_secret_is_told_and_it_is_written_once(place: Place) -> None:
    place.start(OWN)
    text = place.told.read_text()
    assert "ann" not in text
    assert "typed-secret" not in text
    assert place.told.stat().st_mode & 0o777 == 0o640
    before = place.told.stat().st_ino
    place.start(None)
    assert place.told.stat().st_ino == before, "each time it changes the telephone is started anew"
    assert [path.name for path in place.between.iterdir()] == [typed.TOLD]


def test_what_counts_no_more_is_told_no_more(place: Place) -> None:
    place.start(OWN)
    place.config.write_text('[account]\nuser = "a"\ndomain = "192.0.2.9"\npassword = "x"\n')
    place.config.chmod(0o600)
    assert "192.0.2.7" not in place.rules(), "before the telephone starts, too"
    place.start(None)
    assert not place.told.exists()
    place.config.write_text("")
    (place.state / typed.FILE).unlink()
    place.start(None)
    assert "192.0.2.7" not in place.rules()


def test_without_a_folder_nothing_is_told(place: Place, tmp_path: Path) -> None:
    typed.tell(configuration.load(place.config), place.state, tmp_path / "none")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    "text",
    [
        'outbound_proxy = "sip:192.0.2.7:22"\n',
        'domain = "192.0.2.7:22"\n',
        'domain = "192.0.2.7"\nports = [22]\n',
        'domain = "192.0.2.7"\ntransport = "udp"\n',
        'domain = "192.0.2.7"\n[network]\ntime = ["evil.test"]\n',
        'domain = "192.0.2.7"\nca_file = "/etc/shadow"\n',
        'provider = "none-such"\n',
        'accept_weaker = "x"\ndomain = "192.0.2.7"\n',
        "x = [",
        "",
        "\x00",
        "domain = [" * 5000,
        "#" * (first.LARGEST + 1),
    ],
)  # fmt: skip
def test_a_broken_telephone_opens_no_other_way(place: Place, text: str) -> None:
    before = place.rules()
    place.told.write_text(text)
    assert place.rules() == before


def test_a_link_and_a_pipe_are_not_read(place: Place, tmp_path: Path) -> None:
    before = place.rules()
    (tmp_path / "other").write_text('domain = "192.0.2.7"\n')
    place.told.symlink_to(tmp_path / "other")
    assert place.rules() == before
    place.told.unlink()
    os.mkfifo(place.told)
    assert place.rules() == before
