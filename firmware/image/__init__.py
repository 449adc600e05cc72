"""What is flashed: ``python -m firmware.image --board NAME`` makes one file from Debian's signed packages.

A tool of the developer's machine; nothing here is on a phone. In the order of the work:

places      folders of the cache and of the results
shell       one way to speak, to fail and to run a program
board       what a board needs, from board/NAME/image.toml
packages    lists and locks of Debian packages
debian      the packages, fetched and proven by apt, unpacked by mmdebstrap
workshop    a Debian 13 of its own with compilers and tools: the bytes do not depend on this machine
wheels      the Python packages for the board's processor
kernel      the modules that the board needs, and no others
root        the tree: what is left out, our programs, users, units
bill        its bill of materials, licences and offer of source
trees       pieces of that: removing packages, copying, one order and one date
initramfs   the first root, which checks the real one
filesystem  the read-only file system with its hash tree, and FAT images
signed      what Raspberry Pi's firmware starts under secure boot
disk        partitions and the file that is flashed
budget      how large it may be
"""
