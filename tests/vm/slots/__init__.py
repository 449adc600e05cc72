"""A board with two slots in the virtual machine: U-Boot and its script, dm-verity, RAUC, our updater.

images     what is in a slot, bundles of it, and the disk
init       process 1 of a slot
inside     what runs in the machine: RAUC's service, the updater, and what it is to do
machine    QEMU, whose power can be cut at any moment, and its console
writes     all that was written to the disk, to have it as it was at any moment
verdict    what a disk would boot, judged from outside
scenarios  what has to hold
__main__   ``python -m tests.vm.slots``: some of it in a few minutes, or ``--cuts 20`` all
"""
