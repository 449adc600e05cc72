"""How large the parts may be: ``board/image/sizes.toml``, checked whenever an image is made."""

from __future__ import annotations

from dataclasses import dataclass

from firmware.image.disk import Sizes
from firmware.image.shell import ImageError


@dataclass(frozen=True)
class Measured:
    """Octets."""

    unpacked: int
    boot: int
    """What is in the boot partition, without its free space."""
    root: int

    @property
    def bundle(self) -> int:
        """What an update carries, before RAUC's own octets."""
        return self.boot + self.root

    def text(self, sizes: Sizes) -> str:
        return (
            f"root {self.unpacked / 1e6:.0f} MB unpacked (at most {sizes.unpacked / 1e6:.0f}), "
            f"{self.root / 1e6:.0f} MB packed; boot {self.boot / 1e6:.0f} MB; "
            f"an update {self.bundle / 1e6:.0f} MB (at most {sizes.bundle / 1e6:.0f})"
        )


def check(measured: Measured, sizes: Sizes) -> None:
    """Raises ImageError when a part is larger than it may be."""
    for what, found, limit in (
        ("the unpacked root", measured.unpacked, sizes.unpacked),
        ("an update", measured.bundle, sizes.bundle),
    ):
        if found > limit:
            raise ImageError(
                f"{what} has {found / 1e6:.0f} MB, and board/image/sizes.toml allows {limit / 1e6:.0f}: "
                "leave something out, or say there why it is worth it"
            )
