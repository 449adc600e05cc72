"""An SSD1306, SSD1309 or SH1106 module as its bus sees it: octets in, light out. From the data sheets.

SSD1306 rev 1.1 (table 9-1, section 10.1), SSD1309 rev 1.0 (table 9-1; it has no charge pump), SH1106 v2.3
(commands 1 to 22). ``Wires`` takes the place of ``smbus2.SMBus``, ``SpiWires`` of ``spidev.SpiDev`` and of
two GPIO lines: the lowest things that luma touches.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable

from PIL import Image

_ONE_OPERAND = {0x81, 0xA8, 0xD3, 0xD5, 0xD9, 0xDA, 0xDB}
_SSD1306_OPERANDS = {0x20: 1, 0x21: 2, 0x22: 2, 0x8D: 1} | dict.fromkeys(_ONE_OPERAND, 1)
_SH1106_OPERANDS = {0xAD: 1} | dict.fromkeys(_ONE_OPERAND, 1)
_SH1106_FIRST_COLUMN = 2
"""The RAM is 132 columns wide; the 128 of the glass are wired in its middle."""


class Controller:
    """One module. ``power_cycle`` is the reset that a loose wire makes."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.power_cycle()

    def power_cycle(self) -> None:
        columns = 132 if self.kind == "sh1106" else 128
        self.ram = [[0xA5] * columns for _ in range(8)]
        self.on = self.inverted = self.remapped = self.scan_down = False
        self.pump = self.kind != "ssd1306"
        self.contrast, self.multiplex = 0x7F, 63
        self.horizontal = False
        self.column_window, self.page_window = (0, columns - 1), (0, 7)
        self.column = self.page = 0
        self._pending: list[int] = []

    def receive(self, octets: list[int]) -> None:
        control, *rest = octets
        assert control in (0x00, 0x40), f"control octet {control:#x} mixes commands and data"
        for octet in rest:
            if control == 0x40:
                self._data(octet)
            else:
                self._command(octet)

    def glass(self) -> Image.Image:
        """What a person sees: modules are mounted so that the remapped, downward scan is upright."""
        image = Image.new("1", (128, self.multiplex + 1))
        if not (self.on and self.pump):
            return image
        first = _SH1106_FIRST_COLUMN if self.kind == "sh1106" else 0
        for y in range(image.height):
            for x in range(128):
                bit = self.ram[y // 8][x + first] >> (y % 8) & 1
                at = (x if self.remapped else 127 - x, y if self.scan_down else image.height - 1 - y)
                image.putpixel(at, 255 * (bit ^ self.inverted))
        return image

    def _command(self, octet: int) -> None:
        self._pending.append(octet)
        code, *operands = self._pending
        table = _SH1106_OPERANDS if self.kind == "sh1106" else _SSD1306_OPERANDS
        if len(operands) < table.get(code, 0):
            return
        self._pending = []
        self._carry_out(code, operands)

    def _carry_out(self, code: int, operands: list[int]) -> None:
        match code:
            case 0x20 if operands:
                self.horizontal = operands[0] & 3 == 0
            case 0x21 if operands:
                self.column_window, self.column = (operands[0], operands[1]), operands[0]
            case 0x22 if operands:
                self.page_window, self.page = (operands[0], operands[1]), operands[0]
            case 0x81:
                self.contrast = operands[0]
            case 0x8D if operands and self.kind == "ssd1306":
                self.pump = bool(operands[0] & 4)
            case 0xA0 | 0xA1:
                self.remapped = code == 0xA1
            case 0xA6 | 0xA7:
                self.inverted = code == 0xA7
            case 0xA8:
                self.multiplex = operands[0]
            case 0xAD:
                self.pump = bool(operands[0] & 1)
            case 0xAE | 0xAF:
                self.on = code == 0xAF
            case 0xC0 | 0xC8:
                self.scan_down = code == 0xC8
            case _ if 0xB0 <= code <= 0xB7:
                self.page = code & 7
            case _ if code <= 0x0F:
                self.column = self.column & 0xF0 | code
            case _ if code <= 0x1F:
                self.column = self.column & 0x0F | (code & 0x0F) << 4

    def _data(self, octet: int) -> None:
        if self.column < len(self.ram[0]):
            self.ram[self.page][self.column] = octet
        self.column += 1
        if self.horizontal and self.column > self.column_window[1]:
            self.column = self.column_window[0]
            self.page = self.page_window[0] if self.page >= self.page_window[1] else self.page + 1


class Wires:
    """The I2C buses of a machine with one module on bus 1; call it as ``smbus2.SMBus``."""

    def __init__(self, kind: str, address: int = 0x3C) -> None:
        self.controller = Controller(kind)
        self.address = address
        self.plugged = True
        self.bus_fault: OSError | None = None
        self.silence = errno.EREMOTEIO
        self.fail_after: int | None = None
        self.log: list[list[int]] = []
        self.open = 0

    @property
    def octets(self) -> int:
        """All that went over the bus, with each message's address octet."""
        return sum(len(message) + 1 for message in self.log)

    def __call__(self, port: int) -> Wires:
        if self.bus_fault is not None:
            raise self.bus_fault
        if port != 1:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory", f"/dev/i2c-{port}")
        self.open += 1
        return self

    def close(self) -> None:
        self.open -= 1

    def write_i2c_block_data(self, address: int, register: int, octets: list[int]) -> None:
        assert len(octets) <= 32, "SMBus block write is limited to 32 octets"
        self._write(address, [register, *octets])

    def i2c_rdwr(self, *messages: Iterable[int]) -> None:
        for message in messages:
            self._write(message.addr, [int(octet) for octet in message])  # type: ignore[attr-defined]

    def _write(self, address: int, octets: list[int]) -> None:
        assert self.open == 1, f"{self.open} users of the bus"
        if self.fail_after is not None:
            self.fail_after -= 1
        if not self.plugged or address != self.address or self.fail_after == -1:
            self.fail_after = None
            raise OSError(self.silence, "Remote I/O error")
        self.log.append(octets)
        self.controller.receive(octets)


class SpiWires:
    """The SPI bus 0 of a machine with one module as device 0, and its lines ``dc`` and ``reset``; call it as
    ``spidev.SpiDev``, and give it to the driver as its GPIO lines. Nobody ever answers on this bus.
    """

    def __init__(self, kind: str, dc: int = 25, reset: int = 24) -> None:
        self.controller = Controller(kind)
        self.dc, self.reset = dc, reset
        self.levels: dict[int, bool] = {}
        self.claimed: set[int] = set()
        self.log: list[list[int]] = []
        self.plugged = True
        self.bus_fault: OSError | None = None
        self.max_speed_hz = 0

    @property
    def octets(self) -> int:
        """All that went over the bus."""
        return sum(map(len, self.log))

    # --- as GPIO lines -------------------------------------------------------------------------------

    def claim_output(self, line: int, high: bool, what: str) -> None:
        self.claimed.add(line)
        self.levels[line] = high

    def write(self, line: int, high: bool, what: str) -> None:
        assert line in self.claimed, f"line {line} is not ours"
        if line == self.reset and not self.levels[line] and high and self.plugged:
            self.controller.power_cycle()
        self.levels[line] = high

    def release(self, lines: Iterable[int]) -> None:
        self.claimed -= set(lines)

    # --- as spidev -----------------------------------------------------------------------------------

    def __call__(self) -> SpiWires:
        return self

    def open(self, port: int = 0, device: int = 0) -> None:
        """Also what opens the GPIO chip, without arguments."""
        if self.bus_fault is not None:
            raise self.bus_fault
        assert (port, device) == (0, 0)

    def writebytes(self, octets: Iterable[int]) -> None:
        assert self.levels[self.reset], "the controller is held in reset"
        sent = list(octets)
        assert len(sent) <= 4096, "spidev takes no more at once"
        if self.bus_fault is not None:
            raise self.bus_fault
        self.log.append(sent)
        if self.plugged:
            self.controller.receive([0x40 if self.levels[self.dc] else 0x00, *sent])

    def close(self) -> None:
        """Nothing is kept."""
