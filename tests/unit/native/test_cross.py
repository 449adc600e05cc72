import sys
from dataclasses import replace

from firmware.native.cross import interpreter


def test_a_python_on_another_machine_has_that_machines_names() -> None:
    python = interpreter("aarch64-linux-gnu")
    abi = f"{sys.version_info[0]}{sys.version_info[1]}"
    assert python.suffix == f".cpython-{abi}-aarch64-linux-gnu.so"
    assert python.platform == "linux_aarch64"
    assert python.tool("gcc") == "aarch64-linux-gnu-gcc"
    assert replace(python, triplet="").tool("gcc") == "gcc"
