// SPDX-License-Identifier: GPL-2.0-only
/*
 * The one-shot flag "tryboot" of Raspberry Pi's firmware, for a kernel without it (Debian's): when the machine
 * is restarted with the parameter "0 tryboot", as systemd passes it on from /run/systemd/reboot-param, the
 * firmware is told so by its mailbox. It boots the partition under [tryboot] in autoboot.txt once.
 */
#include <linux/errno.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/of.h>
#include <linux/reboot.h>
#include <linux/string.h>
#include <soc/bcm2835/raspberrypi-firmware.h>

#define SET_REBOOT_FLAGS 0x00038064
#define FLAG_TRYBOOT 1

static struct rpi_firmware *firmware;

static int on_restart(struct notifier_block *block, unsigned long action, void *parameter)
{
	__le32 flags = cpu_to_le32(FLAG_TRYBOOT);
	int failed;

	if (action != SYS_RESTART || !parameter || strcmp(parameter, "0 tryboot"))
		return NOTIFY_DONE;
	failed = rpi_firmware_property(firmware, (enum rpi_firmware_property_tag)SET_REBOOT_FLAGS, &flags, sizeof(flags));
	if (failed)
		pr_emerg("the firmware did not take the flag (%d); the old version boots\n", failed);
	return NOTIFY_DONE;
}

static struct notifier_block restarts = { .notifier_call = on_restart };

static int __init tryboot_init(void)
{
	struct device_node *node = of_find_compatible_node(NULL, NULL, "raspberrypi,bcm2835-firmware");
	int failed;

	if (!node)
		return -ENODEV;
	firmware = rpi_firmware_get(node);
	of_node_put(node);
	if (!firmware)
		return -EPROBE_DEFER;
	failed = register_reboot_notifier(&restarts);
	if (failed)
		rpi_firmware_put(firmware);
	return failed;
}

static void __exit tryboot_exit(void)
{
	unregister_reboot_notifier(&restarts);
	rpi_firmware_put(firmware);
}

module_init(tryboot_init);
module_exit(tryboot_exit);
MODULE_DESCRIPTION("The one-shot boot flag of Raspberry Pi's firmware");
MODULE_LICENSE("GPL");
