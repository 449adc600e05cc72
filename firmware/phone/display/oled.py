"""SSD1306 and SH1106 displays on I2C, through luma.oled. The only module that imports luma.

The controllers: Solomon Systech SSD1306 rev 1.1, Sino Wealth SH1106 v2.3.
"""

from __future__ import annotations

from typing import Any

from luma.core.error import DeviceNotFoundError, DevicePermissionError
from luma.core.error import Error as LumaError
from luma.core.interface.serial import i2c
from luma.oled.device import sh1106, ssd1306
from PIL import Image

from firmware.phone.display.base import require_frame
from firmware.phone.errors import ConfigError, HardwareError

DRIVERS = {"ssd1306": ssd1306, "sh1106": sh1106}
_NOP, _DISPLAY_OFF, _SET_CONTRAST = 0xE3, 0xAE, 0x81
"""Commands that both controllers know by these numbers."""


class OledDisplay:
    """One display. The bus is first touched by ``show``, so that a missing display stops nobody.

    ``bus``: the number N of /dev/i2c-N. ``address``: 7 bits, 0x3C or 0x3D on most modules. ``rotate``: 0 or
    2 quarter turns. ``contrast``: 0 to 255. Raises ``ConfigError`` for values that no display can have.
    """

    def __init__(
        self,
        driver: str = "ssd1306",
        *,
        bus: int = 1,
        address: int = 0x3C,
        rotate: int = 0,
        contrast: int = 0x7F,
    ) -> None:
        faults = []
        if driver not in DRIVERS:
            faults.append(f"display: driver {driver!r} is unknown, use one of: {', '.join(DRIVERS)}")
        if bus < 0:
            faults.append(f"display: bus {bus} is not the number of an I2C bus, use 1 on a Raspberry Pi")
        if not 0x08 <= address <= 0x77:
            faults.append(f"display: address {address:#04x} is not an I2C address, use 0x3C or 0x3D")
        if rotate not in (0, 2):
            faults.append(f"display: rotate {rotate} cannot be done, use 0 or 2 (upside down)")
        if not 0 <= contrast <= 255:
            faults.append(f"display: contrast {contrast} is out of range, use 0 to 255")
        if faults:
            raise ConfigError(faults)
        self._driver = DRIVERS[driver]
        self._bus, self._address = bus, address
        self._turns, self._contrast = rotate, contrast
        self._serial: Any = None
        self._device: Any = None
        self._shown = b""

    def show(self, image: Image.Image) -> None:
        require_frame(image)
        if self._device is not None and image.tobytes() == self._shown:
            return
        try:
            if self._device is None:
                self._open()
            else:
                self._serial.repeat_settings()
            self._device.contrast(self._contrast)
            self._device.display(image)
            self._device.show()
        except (LumaError, OSError) as fault:
            self._release()
            raise HardwareError(
                f"The display does not answer at {self._address:#04x} on I2C bus {self._bus}: "
                f"check its four wires and its address ({fault})."
            ) from fault
        self._shown = image.tobytes()

    def close(self) -> None:
        try:
            if self._device is not None:
                self._device.hide()
        except (LumaError, OSError):
            pass  # pulled out, so it is dark already
        self._release()

    def _open(self) -> None:
        self._serial = _Serial(self._open_bus())
        self._serial.probe()
        self._device = self._driver(self._serial, rotate=self._turns)

    def _open_bus(self) -> Any:
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

    def _release(self) -> None:
        serial, self._serial, self._device = self._serial, None, None
        if serial is not None:
            serial.cleanup()


class _Serial:
    """luma's I2C, remembering how luma set the controller up.

    A display that lost its power for a moment answers again, but with the settings of its reset and dark:
    so the settings are repeated with each picture. They are what is sent before the first data.
    """

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
