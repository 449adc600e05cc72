"""SSD1306, SSD1309 and SH1106 displays on I2C or SPI, through luma.oled. The only module that imports luma.

The controllers: Solomon Systech SSD1306 rev 1.1 and SSD1309 rev 1.0, Sino Wealth SH1106 v2.3. luma sets them
up and speaks to the bus; which octets go over it is decided by ``pages``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from luma.core.error import DeviceNotFoundError, DevicePermissionError
from luma.core.error import Error as LumaError
from luma.core.interface.serial import i2c, spi
from luma.oled.device import sh1106, ssd1306, ssd1309
from PIL import Image

from firmware.phone.clock import Clock, SystemClock
from firmware.phone.display.base import require_frame
from firmware.phone.display.pages import WHOLE, Memory, Patch, changes, memory
from firmware.phone.errors import ConfigError, HardwareError

DRIVERS = {"ssd1306": ssd1306, "ssd1309": ssd1309, "sh1106": sh1106}

WHOLE_EVERY = 60.0
"""Seconds after which all is sent again, settings too: a display that lost its power for a moment answers as
before, but is dark, and nothing tells so."""

SPI_MHZ = (1, 2, 4, 8)
"""The bus speeds that luma and the controllers (SSD1306: 10 MHz at most) both take."""

_NOP, _DISPLAY_OFF, _SET_CONTRAST = 0xE3, 0xAE, 0x81
_COLUMNS, _PAGES = 0x21, 0x22
"""Commands. The first three all controllers know by these numbers, the window only those of Solomon."""

_SH1106_FIRST_COLUMN = 2
"""The memory is 132 columns wide; the 128 of the glass are wired to its middle."""


class Lines(Protocol):
    """Two GPIO lines of a display on SPI."""

    def claim_output(self, line: int, high: bool, what: str) -> None: ...

    def write(self, line: int, high: bool, what: str) -> None: ...

    def open(self) -> None: ...

    def release(self, lines: Iterable[int]) -> None: ...


class OledDisplay:
    """One display. The bus is first touched by ``show``, so that a missing display stops nobody.

    ``wire``: what is at the other end. ``rotate``: 0 or 2 quarter turns. ``contrast``: 0 to 255. Raises
    ``ConfigError`` for values that no display can have.
    """

    def __init__(
        self,
        driver: str = "ssd1306",
        wire: I2c | Spi | None = None,
        *,
        rotate: int = 0,
        contrast: int = 0x7F,
        clock: Clock | None = None,
    ) -> None:
        self._wire = wire or I2c()
        faults = self._wire.faults()
        if driver not in DRIVERS:
            faults.append(f"display: driver {driver!r} is unknown, use one of: {', '.join(DRIVERS)}")
        if rotate not in (0, 2):
            faults.append(f"display: rotate {rotate} cannot be done, use 0 or 2 (upside down)")
        if not 0 <= contrast <= 255:
            faults.append(f"display: contrast {contrast} is out of range, use 0 to 255")
        if faults:
            raise ConfigError(faults)
        self._driver = DRIVERS[driver]
        self._windows = driver != "sh1106"
        self._upside_down = rotate == 2
        self._contrast = contrast
        self._clock = clock or SystemClock()
        self._serial: _Serial | None = None
        self._device: Any = None
        self._shown: Memory | None = None
        self._shown_contrast = -1
        self._whole_at = 0.0

    def show(self, image: Image.Image, brightness: float = 1.0) -> None:
        require_frame(image)
        if self._upside_down:
            image = image.transpose(Image.Transpose.ROTATE_180)
        wanted, contrast = memory(image), min(255, round(self._contrast * max(0.0, brightness)))
        try:
            if self._serial is None:
                self._open()
            elif self._clock.monotonic() - self._whole_at >= WHOLE_EVERY:
                self._serial.repeat_settings()
                self._shown, self._shown_contrast = None, -1
            self._send(wanted, contrast)
        except HardwareError:
            self._release()
            raise
        except (LumaError, OSError) as fault:
            self._release()
            raise HardwareError(f"{self._wire.silent} ({fault}).") from fault

    def close(self) -> None:
        try:
            if self._device is not None:
                self._device.hide()
        except (LumaError, OSError):
            pass  # pulled out, so it is dark already
        self._release()

    def _send(self, wanted: Memory, contrast: int) -> None:
        whole = self._shown is None
        if contrast != self._shown_contrast:
            self._device.contrast(contrast)
            self._shown_contrast = contrast
        found = [WHOLE] if self._shown is None else self._changes(self._shown, wanted)
        if not found:
            self._device.command(_NOP)  # to hear whether it is still there
        for patch in found:
            self._window(patch, wanted)
        self._shown = wanted
        if whole:
            self._device.show()
            self._whole_at = self._clock.monotonic()

    def _changes(self, before: Memory, after: Memory) -> list[Patch]:
        overhead = self._wire.message * 2 + (6 if self._windows else 3)
        return changes(before, after, overhead, windows=self._windows)

    def _window(self, patch: Patch, wanted: Memory) -> None:
        if self._windows:
            self._device.command(_COLUMNS, patch.left, patch.right, _PAGES, patch.top, patch.bottom)
            self._device.data(list(patch.octets(wanted)))
            return
        first = patch.left + _SH1106_FIRST_COLUMN
        for page in range(patch.top, patch.bottom + 1):
            self._device.command(0xB0 | page, first & 0x0F, 0x10 | first >> 4)
            self._device.data(list(wanted[page][patch.left : patch.right + 1]))

    def _open(self) -> None:
        self._serial = _Serial(self._wire.open())
        self._serial.probe()
        self._device = self._driver(self._serial)
        self._shown, self._shown_contrast = None, -1

    def _release(self) -> None:
        serial, self._serial, self._device = self._serial, None, None
        if serial is not None:
            serial.cleanup()
            self._wire.release()


class I2c:
    """``bus``: the number N of /dev/i2c-N. ``address``: 7 bits, 0x3C or 0x3D on most modules."""

    message = 2
    """Octets that each message costs: the address, and the control octet (commands or data follow)."""

    def __init__(self, bus: int = 1, address: int = 0x3C) -> None:
        self._bus, self._address = bus, address
        self.silent = (
            f"The display does not answer at {address:#04x} on I2C bus {bus}: "
            "check its four wires and its address"
        )

    def faults(self) -> list[str]:
        """What is wrong with the numbers."""
        faults = []
        if self._bus < 0:
            faults.append(
                f"display: bus {self._bus} is not the number of an I2C bus, use 1 on a Raspberry Pi"
            )
        if not 0x08 <= self._address <= 0x77:
            faults.append(f"display: address {self._address:#04x} is not an I2C address, use 0x3C or 0x3D")
        return faults

    def open(self) -> Any:
        """luma's interface. Raises ``HardwareError``."""
        try:
            return i2c(port=self._bus, address=self._address)
        except DevicePermissionError as fault:
            raise HardwareError(
                f"The display needs I2C bus {self._bus}, which may not be opened: "
                "add the phone's user to the group i2c."
            ) from fault
        except (DeviceNotFoundError, OSError) as fault:
            raise HardwareError(
                f"The display needs I2C bus {self._bus}, which is not there: "
                "put dtparam=i2c_arm=on into config.txt and restart."
            ) from fault

    def release(self) -> None:
        """luma closes the bus; there is nothing else."""


class Spi:
    """``port`` and ``device``: the numbers of /dev/spidevPORT.DEVICE. ``dc``, ``reset``: GPIO lines (BCM).

    A display on SPI never answers: one that is pulled out is not noticed, and is right again within
    ``WHOLE_EVERY`` after it was plugged in.
    """

    message = 0

    def __init__(
        self, lines: Lines, dc: int, reset: int, *, port: int = 0, device: int = 0, mhz: int = 8
    ) -> None:
        self._lines, self._dc, self._reset = lines, dc, reset
        self._port, self._device, self._mhz = port, device, mhz
        self.silent = f"The display's SPI bus /dev/spidev{port}.{device} failed: check its wires"

    def faults(self) -> list[str]:
        """What is wrong with the numbers."""
        if self._mhz in SPI_MHZ:
            return []
        return [
            f"display: {self._mhz} MHz is no speed of its bus, use one of: {', '.join(map(str, SPI_MHZ))}"
        ]

    def open(self) -> Any:
        """luma's interface. Raises ``HardwareError``."""
        try:
            self._lines.open()
            return spi(
                gpio=_LumaLines(self._lines),
                port=self._port,
                device=self._device,
                bus_speed_hz=self._mhz * 1_000_000,
                gpio_DC=self._dc,
                gpio_RST=self._reset,
                reset_hold_time=0.001,
                reset_release_time=0.001,
            )
        except PermissionError as fault:
            raise HardwareError(
                f"The display needs /dev/spidev{self._port}.{self._device}, which may not be opened: "
                "add the phone's user to the group spi."
            ) from fault
        except (LumaError, OSError, ImportError) as fault:
            raise HardwareError(
                f"The display needs /dev/spidev{self._port}.{self._device}, which cannot be used ({fault}): "
                "put dtparam=spi=on into config.txt and restart."
            ) from fault

    def release(self) -> None:
        """Give the two lines back."""
        self._lines.release((self._dc, self._reset))


class _LumaLines:
    """What luma asks of the RPi.GPIO module, on the lines of this board."""

    OUT, LOW, HIGH = 0, 0, 1

    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    def setup(self, line: int, direction: int) -> None:
        self._lines.claim_output(line, False, "display")

    def output(self, line: int, level: int) -> None:
        self._lines.write(line, bool(level), "display")


class _Serial:
    """luma's bus, remembering how luma set the controller up: what is sent before the first data."""

    def __init__(self, wire: Any) -> None:
        self._wire = wire
        self._settings: list[tuple[int, ...]] = []
        self._data_seen = False

    def probe(self) -> None:
        """Fails if nobody answers, before luma has made a device (it keeps each one until the exit)."""
        self._wire.command(_NOP)

    def command(self, *codes: int) -> None:
        self._wire.command(*codes)
        if not self._data_seen and codes[0] != _SET_CONTRAST:
            self._settings.append(codes[1:] if codes[0] == _DISPLAY_OFF else codes)

    def data(self, octets: list[int]) -> None:
        self._data_seen = True
        self._wire.data(octets)

    def repeat_settings(self) -> None:
        for codes in self._settings:
            self._wire.command(*codes)

    def cleanup(self) -> None:
        self._wire.cleanup()
