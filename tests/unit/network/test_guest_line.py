"""Two guest periods at one access point: no packet of the second tells that it is the telephone of the first.

systemd-networkd with the image's own file, in network namespaces. What is above it (SIP, TLS, RTP) is seen by
``make berlin`` (R10).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.network import identity
from tests.rig.hotspot import Hotspot
from tests.rig.linked import links, of_line

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make network namespaces")


@pytest.fixture(scope="module")
def hotspot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hotspot]:
    with Hotspot(tmp_path_factory.mktemp("hotspot")) as made:
        yield made


def test_two_periods_share_no_identifier(hotspot: Hotspot) -> None:
    with hotspot.period("first") as one:
        first = hotspot.number()
    with hotspot.period("second") as two:
        second = hotspot.number()
    before, after = of_line(one), of_line(two)
    for seen, number in ((before, first), (after, second)):
        kinds = {kind for kind, _ in seen}
        assert {"card", "DHCP transaction", "ARP", "IPv6 interface", "ND option", "MLD group"} <= kinds, kinds
        assert int(number[:2], 16) & 0b11 == 0b10, "locally administered, of one card"
        assert ("card", number) in seen
    assert links(before, after) == []
    assert first.replace(":", "") not in two.read_bytes().hex()
    assert not {kind for kind, _ in before | after} & {"DHCP host name", "DHCP name", "DHCP class"}


def test_a_card_that_keeps_its_number_is_found(hotspot: Hotspot, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oracle can fail: the same number twice."""
    same = "02:11:22:33:44:55"
    seen = []
    for name in ("kept-1", "kept-2"):
        with hotspot.period(name) as capture:
            hotspot.run(hotspot.phone, f"ip link set p0 address {same}")
            hotspot.hello()
        seen.append(of_line(capture))
    assert ("card", same) in links(*seen)


def test_what_cannot_be_changed_is_said(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert not identity.renumber("no-such-card", guest=True)
    numbers = {identity.by_chance() for _ in range(50)}
    assert len(numbers) == 50
    assert {number[0] & 0b11 for number in numbers} == {0b10}
