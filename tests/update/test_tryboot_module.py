"""The kernel module that passes "tryboot" on, compiled with a kernel that is a stand-in: what it asks of the
firmware's mailbox, and when. (Real firmware has not been asked: docs/hardware-tests.md.)
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from firmware.updater.boot.tryboot import FLAG

SOURCE = Path(__file__).parents[2] / "board/image/tryboot/sottovoce_tryboot.c"
HEADERS = (
    *(
        "linux/module.h",
        "linux/notifier.h",
        "linux/of.h",
        "linux/reboot.h",
        "linux/string.h",
    ),
    "soc/bcm2835/raspberrypi-firmware.h",
)
KERNEL = r"""
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define EPROBE_DEFER 517
#define __init
#define __exit
#define module_init(function)
#define module_exit(function)
#define MODULE_DESCRIPTION(text)
#define MODULE_LICENSE(text)
#define pr_emerg(...) printf(__VA_ARGS__)
#define NOTIFY_DONE 0
#define SYS_RESTART 1
#define SYS_HALT 2
#define SYS_POWER_OFF 3
typedef uint32_t __le32;
#define cpu_to_le32(number) htole32(number)
#include <endian.h>
struct notifier_block { int (*notifier_call)(struct notifier_block *, unsigned long, void *); };
struct device_node { int node; };
struct rpi_firmware { int firmware; };
enum rpi_firmware_property_tag { RPI_FIRMWARE_PROPERTY_END = 0 };
static struct device_node node;
static struct rpi_firmware one;
static struct notifier_block *registered;
static int lacks_node, lacks_firmware, fails;
static struct device_node *of_find_compatible_node(void *from, void *type, const char *name)
{ return lacks_node || strcmp(name, "raspberrypi,bcm2835-firmware") ? NULL : &node; }
static void of_node_put(struct device_node *which) {}
static struct rpi_firmware *rpi_firmware_get(struct device_node *which)
{ return lacks_firmware ? NULL : &one; }
static void rpi_firmware_put(struct rpi_firmware *which) { printf("put\n"); }
static int register_reboot_notifier(struct notifier_block *block) { registered = block; return 0; }
static int unregister_reboot_notifier(struct notifier_block *block) { registered = NULL; return 0; }
static int rpi_firmware_property(struct rpi_firmware *which, uint32_t tag, void *data, size_t size)
{
	const unsigned char *octets = data;
	printf("tag %08x:", (unsigned int)tag);
	for (size_t at = 0; at < size; at++)
		printf(" %02x", octets[at]);
	printf("\n");
	return fails;
}
"""
MAIN = r"""
int main(int count, char **words)
{
	lacks_node = count > 3 && !strcmp(words[3], "no node");
	lacks_firmware = count > 3 && !strcmp(words[3], "no firmware");
	fails = count > 3 && !strcmp(words[3], "refused") ? -EIO : 0;
	int failed = tryboot_init();
	printf("init %d\n", failed);
	if (failed)
		return 0;
	unsigned long action = strtoul(words[1], NULL, 10);
	registered->notifier_call(registered, action, strcmp(words[2], "-") ? words[2] : NULL);
	tryboot_exit();
	return registered != NULL;
}
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tryboot")
    for name in HEADERS:
        header = folder / "include" / name
        header.parent.mkdir(parents=True, exist_ok=True)
        header.write_text('#pragma once\n#include "kernel.h"\n')
    (folder / "kernel.h").write_text(f"#pragma once\n{KERNEL}")
    (folder / "main.c").write_text(f'#include "{SOURCE}"\n{MAIN}')
    words = ["gcc", "-Wall", "-Werror", "-I", f"{folder}", "-I", f"{folder}/include"]
    words += ["-o", f"{folder}/program", f"{folder}/main.c"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "program"


def said(program: Path, *words: str) -> list[str]:
    return subprocess.run(
        [program, *words], check=True, capture_output=True, text=True, timeout=10
    ).stdout.splitlines()


RESTART, HALT, POWER_OFF = "1", "2", "3"


def test_a_restart_with_the_flag(program: Path) -> None:
    """The tag SET_REBOOT_FLAGS with 1 in 32 bits, little endian, once."""
    assert said(program, RESTART, FLAG) == ["init 0", "tag 00038064: 01 00 00 00", "put"]


@pytest.mark.parametrize(
    ("action", "parameter"),
    [
        *((RESTART, word) for word in ("-", "", "0", "tryboot", FLAG + " ", FLAG[:-1])),
        *((action, FLAG) for action in (HALT, POWER_OFF)),
    ],
)
def test_anything_else_leaves_the_firmware_alone(program: Path, action: str, parameter: str) -> None:
    assert said(program, action, parameter) == ["init 0", "put"]


def test_a_firmware_that_refuses(program: Path) -> None:
    told = said(program, RESTART, FLAG, "refused")
    assert told[2] == "the firmware did not take the flag (-5); the old version boots"


@pytest.mark.parametrize(("lacks", "error"), [("no node", "-19"), ("no firmware", "-517")])
def test_a_machine_without_it(program: Path, lacks: str, error: str) -> None:
    assert said(program, RESTART, FLAG, lacks) == [f"init {error}"]
