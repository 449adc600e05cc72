"""A board with two slots in the virtual machine: U-Boot and its script, dm-verity, RAUC, our updater.

images     what is in a slot, bundles of it, and the disk
init       process 1 of a slot
inside     what runs in the machine: RAUC's service, the updater, and what it is to do
machine    QEMU, whose power can be cut at any moment, and its console
writes     all that was written to the disk, to have it as it was at any moment
verdict    what a disk would boot, judged from outside
telephone  the telephone itself in a slot
real_rauc  RAUC's service for the contract of slot engines; debian13: the image's RAUC
scenarios  what has to hold; cuts: while the power goes
__main__   ``python -m tests.vm.slots``: some of it in a few minutes, or ``--cuts 20`` all
"""

RAUC = "SOTTOVOCE_RAUC"
"""Set in the machine while the contract of slot engines is tried there: the command line of a RAUC."""
