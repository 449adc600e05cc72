"""A virtual machine that does not boot, hangs, dies or takes too long is said to; QEMU is a script here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.vm import machine
from tests.vm.kit import Kit, VmError
from tests.vm.machine import Ran

Qemu = Callable[[str], Ran]


@pytest.fixture
def qemu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Qemu:
    """Runs a machine that is this shell script; ``$console`` and ``$results`` are where QEMU's would be."""
    results = tmp_path / "results"
    results.mkdir()
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(machine, "BOOT_S", 0.5)
    monkeypatch.setattr(machine, "SILENCE_S", 0.5)

    def run(script: str) -> Ran:
        program = tmp_path / "qemu-system-x86_64"
        names = f"results={results}\nconsole=$results/console.log\n"
        program.write_text(f"#!/bin/sh\n{names}{script}\n")
        program.chmod(0o755)
        return machine.run(
            Kit(tmp_path / "vmlinuz", tmp_path / "initrd"), results, [], accelerator="tcg", limit_s=2
        )

    return run


def test_pytest_s_exit_code_is_the_machine_s(qemu: Qemu) -> None:
    for code in (0, 1):
        ran = qemu(f'echo "vm: ready" >>$console; sleep 0.2; echo {code} >$results/exit')
        assert ran.exit == code
        assert 0 < ran.boot_s < ran.whole_s


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("exec sleep 9", "did not boot within"),
        ('while :; do echo "grub>" >>$console; sleep 0.1; done', "did not boot within"),
        ('echo "Kernel panic: no init" >>$console', "ended without a result"),
        ('echo "vm: ready" >>$console; exec sleep 9', "hangs: not a word"),
        (
            'echo "vm: ready" >>$console; while :; do echo . >>$console; sleep 0.1; done',
            "not done within 2 s",
        ),
    ],
)
def test_what_is_wrong_is_said_with_the_end_of_the_console(qemu: Qemu, script: str, said: str) -> None:
    with pytest.raises(VmError, match=said) as caught:
        qemu(script)
    assert "the end of" in str(caught.value)
    if "panic" in script:
        assert "Kernel panic: no init" in str(caught.value)
