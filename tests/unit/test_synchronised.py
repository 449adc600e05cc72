"""Whether the clock is kept right, told by a file to those who may not ask the kernel."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from firmware import synchronised
from firmware.synchronised import FRESH_S, __main__, kernel_says


def test_the_kernels_word_is_had() -> None:
    assert kernel_says() in (True, False)


def test_the_file_is_there_while_the_kernel_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synchronised, "kernel_says", lambda: False)
    file = tmp_path / "synchronised"
    assert not synchronised.synchronised(file)
    __main__.look(file, lambda: True)
    assert synchronised.synchronised(file)
    __main__.look(file, lambda: False)
    assert not synchronised.synchronised(file)
    __main__.look(file, lambda: False)


@pytest.mark.parametrize("moved", [-FRESH_S - 1, FRESH_S + 1], ids=["nobody touches it", "set back since"])
def test_a_file_of_another_time_is_not_believed(tmp_path: Path, moved: float) -> None:
    file = tmp_path / "synchronised"
    __main__.look(file, lambda: True)
    touched = time.time() + moved
    os.utime(file, (touched, touched))
    assert not synchronised.told(file)
    __main__.look(file, lambda: True)
    assert synchronised.told(file)


def test_where_the_kernel_can_be_asked_no_file_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(synchronised, "kernel_says", lambda: True)
    assert synchronised.synchronised(tmp_path / "none")


def test_it_looks_again_and_again_and_says_when_it_cannot_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    looks: list[float] = []

    def sleep(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 3:
            raise OSError("the folder has gone")

    monkeypatch.setattr(time, "sleep", sleep)
    assert __main__.main(["--file", str(tmp_path / "synchronised")]) == 1
    assert looks == [__main__.LOOK_S] * 3
    assert "the folder has gone" in capsys.readouterr().err
