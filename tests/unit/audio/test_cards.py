"""A card is chosen by its name: every way to write its number is refused, with the names that there are."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware.phone.audio.cards import by_name, names
from firmware.phone.config import load
from firmware.phone.errors import ConfigError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number, name in enumerate(("vc4hdmi0", "Handset")):
        (tmp_path / f"card{number}").mkdir()
        (tmp_path / f"card{number}" / "id").write_text(f"{name}\n")
    return tmp_path


NUMBERED = [
    "hw:0", "hw:1,0", "plughw:1", "plughw:1,0,0", "hw:CARD=1,DEV=0", "plughw:CARD=0", "sysdefault:0",
    "sysdefault:CARD=1", "default:1", "front:0", "dmix:0,0", "dsnoop:CARD=2", "hdmi:0,1", "HW:0",
    "hw:{CARD 0}", "hw:{ CARD 1 DEV 0 }", " hw:0 ", 'hw:"1"', "surround51:0",
]  # fmt: skip


@pytest.mark.parametrize("pcm", NUMBERED)
def test_a_number_is_refused_and_the_names_are_said(pcm: str, folder: Path) -> None:
    with pytest.raises(ValueError, match=r'Handset, vc4hdmi0, as in "plughw:CARD=Handset"'):
        by_name(pcm, folder)


@pytest.mark.parametrize(
    "pcm",
    ["default", "null", "ear", "hw:Handset", "plughw:CARD=Handset,DEV=1", "hw:Handset,0",
     "sysdefault:CARD=U0x1", "dmix:CARD=Headset", "pulse", "hw:3Dfx", "plughw:CARD=2ndCard"],
)  # fmt: skip
def test_a_name_is_taken(pcm: str, folder: Path) -> None:
    assert by_name(pcm, folder) == pcm


def test_without_a_card_it_says_how_to_find_them(tmp_path: Path) -> None:
    assert names(tmp_path / "nothing") == []
    with pytest.raises(ValueError, match="aplay -l"):
        by_name("hw:0", tmp_path)


@pytest.mark.parametrize("option", ["playback", "capture", "mixer", "ringer"])
def test_the_configuration_refuses_it_for_every_device(option: str, tmp_path: Path) -> None:
    file = tmp_path / "phone.toml"
    file.write_text(f'[audio]\n{option} = "hw:1"\n')
    with pytest.raises(ConfigError, match=rf"audio\.{option}: .*by its number") as caught:
        load(file)
    assert len(caught.value.faults) == 1
