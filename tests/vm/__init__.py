"""``make test-vm``: a machine with a kernel of its own, where the real drivers meet kernel devices.

kit        the kernel of Debian, our two modules and a first root, made once and kept by content
machine    one run of QEMU, watched: what does not boot or hangs fails loudly
session    what runs in the machine: pytest
devices    the test's hands on the machine's devices (GPIO wires, I2C bus, sound cards)
test_*.py  what is tried in there, besides tests/contract
"""
