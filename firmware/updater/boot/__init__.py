"""Which slot boots: one small back end for each kind of boot firmware, and the program that RAUC asks.

state       what all of them mean, and what may be changed (pure)
uboot       U-Boot: variables of its environment in one sector (board/image/boot.cmd reads them)
tryboot     Raspberry Pi's own firmware: autoboot.txt, one sector in place, and its one-shot flag
efi         EFI: BootOrder and BootNext
partitions  the partitions of the disk that was booted, by their names
__main__    RAUC's handler for the boot loader
"""
