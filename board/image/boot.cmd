# U-Boot: boots one of two slots of the disk that it came from. firmware/updater/boot/uboot.py writes the sector.
#
# Partitions, by their names: bootstate (one sector of variables, CRC-32), boot_a and boot_b (FAT), root_a and
# root_b. A slot's boot partition holds: kernel, initrd, args.txt (one line: args=what the kernel is told), and
# board.dtb where the board's firmware gives no device tree.
#
# The kernel is told besides: rauc.slot=a or b, and sottovoce.root=PARTUUID=... of that slot's root.
# What cannot be loaded is a failed try: the machine resets, and the sector says whose turn it is.

test -n "${devtype}" || setenv devtype mmc
test -n "${devnum}" || setenv devnum 0
setenv BOOT_ORDER
setenv BOOT_TRIAL
setenv BOOT_a_LEFT
setenv BOOT_b_LEFT
${devtype} dev ${devnum}
part start ${devtype} ${devnum} bootstate state_at
${devtype} read ${scriptaddr} ${state_at} 1
env import -c ${scriptaddr} 0x200 BOOT_ORDER BOOT_TRIAL BOOT_a_LEFT BOOT_b_LEFT
test -n "${BOOT_ORDER}" || setenv BOOT_ORDER "a b"
test -n "${BOOT_TRIAL}" || setenv BOOT_TRIAL -
test -n "${BOOT_a_LEFT}" || setenv BOOT_a_LEFT 3
test -n "${BOOT_b_LEFT}" || setenv BOOT_b_LEFT 3

# Begin to boot slot ${s} if it has a try left; not every U-Boot has setexpr.
setenv take_a 'if test "${BOOT_a_LEFT}" = 3; then setenv slot a; setenv BOOT_a_LEFT 2; elif test "${BOOT_a_LEFT}" = 2; then setenv slot a; setenv BOOT_a_LEFT 1; elif test "${BOOT_a_LEFT}" = 1; then setenv slot a; setenv BOOT_a_LEFT 0; fi'
setenv take_b 'if test "${BOOT_b_LEFT}" = 3; then setenv slot b; setenv BOOT_b_LEFT 2; elif test "${BOOT_b_LEFT}" = 2; then setenv slot b; setenv BOOT_b_LEFT 1; elif test "${BOOT_b_LEFT}" = 1; then setenv slot b; setenv BOOT_b_LEFT 0; fi'
setenv take 'for s in ${BOOT_ORDER}; do if test -z "${slot}"; then run take_${s}; fi; done'

setenv slot
if test "${BOOT_TRIAL}" != -; then
  setenv slot ${BOOT_TRIAL}
  setenv BOOT_TRIAL -
else
  run take
  if test -z "${slot}"; then
    for s in ${BOOT_ORDER}; do setenv BOOT_${s}_LEFT 3; done
    run take
  fi
fi
env export -c -s 0x200 ${scriptaddr} BOOT_ORDER BOOT_TRIAL BOOT_a_LEFT BOOT_b_LEFT
${devtype} write ${scriptaddr} ${state_at} 1
echo "slot ${slot} of ${BOOT_ORDER}, a ${BOOT_a_LEFT} b ${BOOT_b_LEFT}"

part number ${devtype} ${devnum} boot_${slot} boot_part
part number ${devtype} ${devnum} root_${slot} root_part
part uuid ${devtype} ${devnum}:${root_part} root_uuid
setenv from "${devtype} ${devnum}:${boot_part}"
setenv args panic=10
load ${from} ${scriptaddr} args.txt && env import -t ${scriptaddr} ${filesize} args
setenv bootargs "${args} rauc.slot=${slot} sottovoce.root=PARTUUID=${root_uuid}"
if load ${from} ${kernel_addr_r} kernel; then
  setenv kernel_size ${filesize}
  if load ${from} ${ramdisk_addr_r} initrd; then
    setenv initrd_size ${filesize}
    if test "${arch}" = x86; then
      zboot ${kernel_addr_r} ${kernel_size} ${ramdisk_addr_r} ${initrd_size}
    fi
    setenv tree ${fdtcontroladdr}
    test -n "${fdt_addr}" && setenv tree ${fdt_addr}
    load ${from} ${fdt_addr_r} board.dtb && setenv tree ${fdt_addr_r}
    booti ${kernel_addr_r} ${ramdisk_addr_r}:${initrd_size} ${tree}
    bootz ${kernel_addr_r} ${ramdisk_addr_r}:${initrd_size} ${tree}
  fi
fi
echo "slot ${slot} does not load"
reset
