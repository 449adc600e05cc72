"""The program that writes phone.toml: what it takes from a telephone that may be broken, and refuses."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from firmware.keep import __main__ as keep

BEFORE = """\
[account]
user = "alice"
domain = "phone.test"
password_file = "/data/password"
pin = ["sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="]

[sip]
transport = "tls"

[media]
encryption = "end-to-end"
"""


class Place:
    def __init__(self, folder: Path) -> None:
        self.config = folder / "phone.toml"
        self.proposal = folder / "proposal"
        self.passwords = folder / "passwords"
        self.config.write_text(BEFORE)
        self.config.chmod(0o640)

    def run(self, proposed: str | bytes) -> int:
        self.proposal.write_bytes(proposed.encode() if isinstance(proposed, str) else proposed)
        return keep.main(
            [
                "--config",
                str(self.config),
                "--proposal",
                str(self.proposal),
                "--passwords",
                str(self.passwords),
            ]
        )


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_a_change_is_written_and_the_one_before_kept(place: Place) -> None:
    after = BEFORE.replace("alice", "alina") + '[[contact]]\nname = "Bob"\nuri = "sip:bob@phone.test"\n'
    assert place.run(after) == keep.WRITTEN
    assert place.config.read_text() == after
    assert place.config.with_name(keep.BEFORE).read_text() == BEFORE
    assert place.config.stat().st_mode & 0o777 == 0o640
    assert not place.proposal.exists()
    assert sorted(path.name for path in place.config.parent.iterdir()) == ["phone.toml", "phone.toml.before"]


def test_the_first_one_is_written(place: Place) -> None:
    place.config.unlink()
    assert place.run("[display]\nbrightness = 5\n") == keep.WRITTEN
    assert place.config.stat().st_mode & 0o777 == 0o640


def test_nothing_proposed(place: Place) -> None:
    assert keep.main(["--config", str(place.config), "--proposal", str(place.proposal)]) == keep.NONE


@pytest.mark.parametrize(
    "proposed",
    [
        BEFORE.replace('"tls"', '"udp"'),
        BEFORE.replace('"end-to-end"', '"provider"'),
        BEFORE + "allow_clear = true\n",
        BEFORE.replace('[sip]\ntransport = "tls"\n', ""),
        BEFORE + "[privacy]\nhistory_hours = 24\n",
        BEFORE + '[[privacy.watcher]]\nuri = "sip:spy@phone.test"\n',
        BEFORE + '[[dial]]\nmatch = "X."\nprefix = "0900"\n',
        BEFORE + '[phone]\nlock = false\n',
        BEFORE + '[phone]\nforward_always = "0900"\n',
        BEFORE.replace("[account]\n", '[account]\ntransport = "udp"\n'),
        BEFORE.replace("[account]\n", '[account]\npreferred_identity = true\n'),
        BEFORE.replace("[account]\n", '[account]\nprivacy = ["user"]\n'),
        BEFORE.replace("/data/password", "/etc/shadow"),
        BEFORE.replace("[account]", "[[account]]")
        + '[[account]]\nuser = "x"\ndomain = "y.test"\ntransport = "tcp"\n',
        BEFORE + "x = 1\n",
        "not = toml = at all",
        b"\xff\xfe",
        b"x" * (keep.LARGEST + 1),
        BEFORE.replace("phone.test", "sip:phone.test"),
    ],
)  # fmt: skip
def test_what_weakens_or_is_wrong_is_not_written(place: Place, proposed: str | bytes) -> None:
    assert place.run(proposed) == keep.REFUSED
    assert place.config.read_text() == BEFORE
    assert not place.proposal.exists(), "or it would be tried for ever"


def test_a_new_password_lies_with_the_telephone(place: Place) -> None:
    named = BEFORE.replace("/data/password", str(place.passwords / "account-1"))
    assert place.run(named) == keep.WRITTEN
    assert place.run(named.replace("account-1", "../x")) == keep.REFUSED


def test_a_link_is_no_proposal(place: Place, tmp_path: Path) -> None:
    (tmp_path / "other").write_text(BEFORE.replace("alice", "eve"))
    place.proposal.symlink_to(tmp_path / "other")
    given = ["--config", str(place.config), "--proposal", str(place.proposal)]
    assert keep.main(given) == keep.REFUSED
    os.unlink(place.proposal)
    os.mkfifo(place.proposal)
    assert keep.main(given) == keep.REFUSED
    assert place.config.read_text() == BEFORE


def test_an_account_may_go_and_an_old_one_keeps_what_it_has(place: Place) -> None:
    old = BEFORE.replace("[account]\n", '[account]\ntransport = "tcp"\n')
    place.config.write_text(old)
    two = old.replace("[account]", "[[account]]") + '[[account]]\nuser = "x"\ndomain = "y.test"\n'
    two = two.replace(
        'domain = "y.test"\n', f'domain = "y.test"\npassword_file = "{place.passwords / "a"}"\n'
    )
    tcp = two.replace('pin = ["sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="]\n', "", 1)
    assert place.run(tcp) == keep.WRITTEN
    assert place.run('[sip]\ntransport = "tls"\n\n[media]\nencryption = "end-to-end"\n') == keep.WRITTEN
