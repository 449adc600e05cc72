"""Every capability that the phone stands on has a judgement that can go red."""

import importlib.util
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from firmware.native.verify import ADDITIONS, CODECS, LINKED, SUITES, Observation, judge, observe

GOOD = Observation(
    needed=(
        "libssl.so.3",
        "libcrypto.so.3",
        "libsrtp2.so.1",
        "libopus.so.0",
        "libasound.so.2",
        "libbzrtp.so.0",
        "libc.so.6",
    ),
    loaded=("libssl.so.3", "libcrypto.so.3", "libopus.so.0.8.0", "libc.so.6"),
    bind_now=True,
    relro=True,
    codecs=("PCMU/8000/1", "PCMA/8000/1", "G722/16000/1", "opus/48000/2"),
    suites=SUITES,
    keyings=("SDES", "DTLS"),
    drivers=("ALSA",),
    additions=ADDITIONS,
)


def test_a_whole_module_is_accepted() -> None:
    assert judge(GOOD) == []


@pytest.mark.parametrize("codec", CODECS)
def test_a_missing_codec_is_named(codec: str) -> None:
    left = tuple(name for name in GOOD.codecs if not name.startswith(codec))
    assert judge(replace(GOOD, codecs=left)) == [f"it lacks the codec {codec}"]


@pytest.mark.parametrize("suite", SUITES)
def test_a_missing_suite_is_named(suite: str) -> None:
    left = tuple(name for name in SUITES if name != suite)
    assert judge(replace(GOOD, suites=left)) == [f"it lacks the SRTP suite {suite}"]


@pytest.mark.parametrize("keying", ["DTLS", "SDES"])
def test_a_missing_keying_is_named(keying: str) -> None:
    left = tuple(name for name in GOOD.keyings if name != keying)
    assert judge(replace(GOOD, keyings=left)) == [f"it lacks {keying} keys for SRTP"]


@pytest.mark.parametrize("addition", ADDITIONS)
def test_a_missing_addition_is_named(addition: str) -> None:
    left = tuple(name for name in ADDITIONS if name != addition)
    assert judge(replace(GOOD, additions=left)) == [f"it lacks {addition} of sottovoce.cpp"]


def test_missing_alsa_is_named() -> None:
    assert judge(replace(GOOD, drivers=("Null",))) == ["it lacks the ALSA audio driver"]


@pytest.mark.parametrize("library", LINKED)
def test_a_library_that_is_not_linked_is_named(library: str) -> None:
    left = tuple(name for name in GOOD.needed if not name.startswith(library))
    assert f"it is not linked to {library}" in judge(replace(GOOD, needed=left))


@pytest.mark.parametrize(
    "old", ["libssl.so.1.1", "libcrypto.so.1.1", "libssl-9ad06800.so.1.0.2k", "libcrypto.so.10"]
)
def test_another_openssl_is_refused_wherever_it_comes_from(old: str) -> None:
    assert judge(replace(GOOD, loaded=(*GOOD.loaded, old))) == [f"it pulls in {old}, which is not OpenSSL 3"]
    assert judge(replace(GOOD, needed=(*GOOD.needed, old))) == [f"it pulls in {old}, which is not OpenSSL 3"]


@pytest.mark.parametrize("lost", ["bind_now", "relro"])
def test_a_soft_link_is_refused(lost: str) -> None:
    seen = replace(GOOD, bind_now=lost != "bind_now", relro=lost != "relro")
    assert judge(seen) == ["it is not linked with relro and now"]


def test_looking_at_a_module_leaves_nothing_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A __pycache__ there would end in the wheel."""
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    found = importlib.util.find_spec("pjsua2")
    assert found is not None
    assert found.origin is not None
    site = Path(found.origin).parent
    for file in (site / "pjsua2.py", *site.glob("_pjsua2*.so")):
        shutil.copy(file, tmp_path)
    before = sorted(tmp_path.iterdir())
    assert judge(observe(tmp_path, Path(sys.executable))) == []
    assert sorted(tmp_path.iterdir()) == before
