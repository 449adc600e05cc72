"""The thin wrapper around the GPIO library: what goes wrong, in words, and what the library does to us."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from firmware.phone.errors import HardwareError
from firmware.phone.gpio import Gpio
from tests.contract.rpi_gpio import RpiGpio
from tests.contract.rpi_gpio import rpi_gpio as rpi_gpio


@pytest.fixture
def gpio(rpi_gpio: RpiGpio, tmp_path: Path) -> Gpio:
    made = Gpio(tmp_path)
    made.open()
    return made


def test_levels_in_and_out(rpi_gpio: RpiGpio, gpio: Gpio) -> None:
    gpio.claim_input(17, "hook switch")
    assert gpio.high(17, "hook switch")
    rpi_gpio.ground(17)
    assert not gpio.high(17, "hook switch")
    gpio.claim_output(23, True, "light")
    assert rpi_gpio.driven(23)
    gpio.write(23, False, "light")
    assert not rpi_gpio.driven(23)
    gpio.release([17, 23, 4])
    assert rpi_gpio.claimed() == {}


def test_the_kernels_name_of_the_holder_is_told(
    rpi_gpio: RpiGpio, gpio: Gpio, monkeypatch: pytest.MonkeyPatch
) -> None:
    lgpio = ModuleType("lgpio")
    lgpio.gpio_get_line_info = lambda chip, line: [0, line, 1, "GPIO17", "w1-gpio"]  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "lgpio", lgpio)
    rpi_gpio.hold(17, "w1-gpio")
    with pytest.raises(HardwareError, match=r'GPIO 17 \(hook switch\) is held by "w1-gpio"; stop that'):
        gpio.claim_input(17, "hook switch")


@pytest.mark.usefixtures("rpi_gpio")
@pytest.mark.parametrize("line", [-1, 28, 99])
def test_a_line_that_does_not_exist(gpio: Gpio, line: int) -> None:
    with pytest.raises(HardwareError, match=rf"GPIO {line} \(light\) failed: .*; check the pin"):
        gpio.claim_output(line, False, "light")


@pytest.mark.usefixtures("rpi_gpio")
def test_before_open_nothing_can_be_claimed(tmp_path: Path) -> None:
    gpio = Gpio(tmp_path)
    gpio.release([17])
    with pytest.raises(HardwareError, match="is not open"):
        gpio.claim_input(17, "hook switch")


@pytest.mark.usefixtures("rpi_gpio")
def test_the_library_is_told_its_folder_and_its_chip(tmp_path: Path) -> None:
    Gpio(tmp_path / "run", chip=4).open()
    assert os.environ["LG_WD"] == str(tmp_path / "run")
    assert os.environ["RPI_LGPIO_CHIP"] == "4"


def test_no_library_at_all(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LG_WD", "")
    monkeypatch.setitem(sys.modules, "RPi", None)
    with pytest.raises(HardwareError, match=r"GPIO cannot be used: .*--board simulator"):
        Gpio(tmp_path).open()


REAL = """
import os, sys
from pathlib import Path
from firmware.phone.errors import HardwareError
from firmware.phone.gpio import Gpio
here = os.getcwd()
assert "RPi" not in sys.modules and "lgpio" not in sys.modules
try:
    Gpio(Path(sys.argv[1]), chip=999).open()
except HardwareError as error:
    print(error)
assert os.getcwd() == here, "the library changed the working directory"
"""


def real(tmp_path: Path, runtime_dir: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Open the chip by the real library in a process of its own, in an empty working directory."""
    work = tmp_path / "work"
    work.mkdir()
    root = Path(__file__).parents[3]
    env = {key: value for key, value in os.environ.items() if not key.startswith(("LG_", "RPI_"))}
    env |= {"PYTHONPATH": str(root)} | environment
    argv = [sys.executable, "-c", REAL, str(runtime_dir)]
    done = subprocess.run(argv, cwd=work, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert list(work.iterdir()) == [], "the library wrote into the working directory"
    return done


@pytest.mark.parametrize("relative", [False, True])
def test_the_real_library_without_a_chip(tmp_path: Path, relative: bool) -> None:
    run = tmp_path / "phone" / "run"
    run.mkdir(parents=True)
    done = real(tmp_path, Path("../phone/run") if relative else run, RPI_LGPIO_REVISION="c03114")
    assert done.stdout.startswith("GPIO cannot be used: can not open gpiochip; is this a Raspberry Pi")
    assert [file.name for file in run.iterdir()] == [".lgd-nfy0"]


def test_the_real_library_on_another_machine(tmp_path: Path) -> None:
    if Path("/proc/device-tree/system/linux,revision").exists():
        pytest.skip("this is a Raspberry Pi")
    run = tmp_path / "run"
    run.mkdir()
    assert "can only be run on a Raspberry Pi" in real(tmp_path, run).stdout


def test_the_real_library_without_its_folder(tmp_path: Path) -> None:
    done = real(tmp_path, tmp_path / "missing", RPI_LGPIO_REVISION="c03114")
    assert done.stdout.startswith("GPIO cannot be used: ")


class FakeLgpio(ModuleType):
    """Chips by their number; None: may not be opened."""

    class error(Exception):
        pass

    def __init__(self, *labels: str | None) -> None:
        super().__init__("lgpio")
        self.labels = labels
        self.open_handles: set[int] = set()

    def gpiochip_open(self, number: int) -> int:
        if self.labels[number] is None:
            raise self.error("can not open gpiochip")
        self.open_handles.add(number)
        return number

    def gpiochip_close(self, handle: int) -> None:
        self.open_handles.remove(handle)

    def gpio_get_chip_info(self, handle: int) -> list[object]:
        return [0, 54, f"gpiochip{handle}", self.labels[handle]]


@pytest.fixture
def chips(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeLgpio:
    made = FakeLgpio("raspberrypi-exp-gpio", None, "pinctrl-rp1", "pinctrl-rp1")
    monkeypatch.setitem(sys.modules, "lgpio", made)
    monkeypatch.setattr("firmware.phone.gpio.DEVICES", tmp_path)
    monkeypatch.setenv("RPI_LGPIO_REVISION", "")
    monkeypatch.delenv("RPI_LGPIO_REVISION")
    for number in range(len(made.labels)):
        (tmp_path / f"gpiochip{number}").touch()
    return made


@pytest.mark.usefixtures("rpi_gpio")
@pytest.mark.parametrize("labels", ["pinctrl-rp1", ("pinctrl-bcm2711", "pinctrl-rp1")])
def test_the_chip_is_found_by_its_label(
    chips: FakeLgpio, tmp_path: Path, labels: str | tuple[str, ...]
) -> None:
    """Also where another chip has the lower number, and one may not be opened."""
    Gpio(tmp_path, labels).open()
    assert os.environ["RPI_LGPIO_CHIP"] == "2"
    assert os.environ["RPI_LGPIO_REVISION"] == "c03114", "a board that is no Raspberry Pi has none"
    assert chips.open_handles == set()


@pytest.mark.usefixtures("rpi_gpio", "chips")
def test_a_label_that_is_not_there_names_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(
        HardwareError,
        match=r'no gpiochip is called "pinctrl-bcm2711" \(there are raspberrypi-exp-gpio, pinctrl-rp1\)',
    ):
        Gpio(tmp_path, "pinctrl-bcm2711").open()
