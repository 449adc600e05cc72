// SPDX-License-Identifier: GPL-2.0-only
/*
 * An I2C adapter that remembers what was written, takes the time of a real bus, and can fail.
 *
 * The kernel's own i2c-dev makes it /dev/i2c-1. /dev/i2c-witness is the other side:
 *   read    the record from its beginning: struct entry, then its octets, again and again
 *   write   one command
 *             plug 3c    a module with that address (hexadecimal) is on the bus    pull   nobody is
 *             fail N     the next N messages are not acknowledged
 *             clock N    the bus runs at N kHz; 0: at once
 *             forget     empty the record
 *
 * "pull" and "plug" leave an entry without octets in the record: whatever was plugged lost its power.
 */
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/i2c.h>
#include <linux/ktime.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#define RECORD_SIZE (16u << 20)
#define NOBODY 0xffff

struct entry {
	__le64 when_ns;		/* CLOCK_MONOTONIC, when the message was over */
	__le16 address;		/* NOBODY: the power went or came */
	__le16 length;
	__le32 took_us;		/* on the wire, at the present clock */
} __packed;

static u8 *record;
static size_t filled;
static u16 plugged = 0x3c;
static unsigned int failing, clock_khz;
static DEFINE_MUTEX(lock);

static void remember(u16 address, const u8 *octets, u16 length, unsigned int took_us)
{
	struct entry entry = {
		.when_ns = cpu_to_le64(ktime_get_ns()),
		.address = cpu_to_le16(address),
		.length = cpu_to_le16(length),
		.took_us = cpu_to_le32(took_us),
	};

	if (filled + sizeof(entry) + length > RECORD_SIZE) {
		pr_warn_once("i2c-witness: the record is full\n");
		return;
	}
	memcpy(record + filled, &entry, sizeof(entry));
	if (length)
		memcpy(record + filled + sizeof(entry), octets, length);
	filled += sizeof(entry) + length;
}

/* One message: start, address and its acknowledgement, octets and theirs, stop. */
static int transfer_one(struct i2c_msg *message)
{
	unsigned int took_us = 0;
	int fault = 0;

	mutex_lock(&lock);
	if (clock_khz)
		took_us = (9 * (message->len + 1) + 2) * 1000 / clock_khz;
	mutex_unlock(&lock);
	if (took_us)
		fsleep(took_us);
	mutex_lock(&lock);
	if (message->addr != plugged) {
		fault = -EREMOTEIO;	/* what i2c-bcm2835 says when nobody answers */
	} else if (failing) {
		failing--;
		fault = -EREMOTEIO;
	} else if (message->flags & I2C_M_RD) {
		memset(message->buf, 0, message->len);
	} else {
		remember(message->addr, message->buf, message->len, took_us);
	}
	mutex_unlock(&lock);
	return fault;
}

static int transfer(struct i2c_adapter *adapter, struct i2c_msg *messages, int count)
{
	int done, fault;

	for (done = 0; done < count; done++) {
		fault = transfer_one(&messages[done]);
		if (fault)
			return fault;
	}
	return count;
}

static u32 functionality(struct i2c_adapter *adapter)
{
	return I2C_FUNC_I2C | I2C_FUNC_SMBUS_EMUL;
}

static const struct i2c_algorithm algorithm = {
	.master_xfer = transfer,
	.functionality = functionality,
};

static struct i2c_adapter adapter = {
	.owner = THIS_MODULE,
	.algo = &algorithm,
	.name = "i2c-witness",
	.nr = 1,
};

static ssize_t witness_read(struct file *file, char __user *to, size_t count, loff_t *place)
{
	ssize_t size;

	mutex_lock(&lock);
	size = simple_read_from_buffer(to, count, place, record, filled);
	mutex_unlock(&lock);
	return size;
}

static int carry_out(const char *verb, const char *number)
{
	unsigned int value;

	if (!strcmp(verb, "forget"))
		filled = 0;
	else if (!strcmp(verb, "pull"))
		plugged = NOBODY;
	else if (!strcmp(verb, "plug") && !kstrtouint(number, 16, &value))
		plugged = value;
	else if (!strcmp(verb, "fail") && !kstrtouint(number, 10, &value))
		failing = value;
	else if (!strcmp(verb, "clock") && !kstrtouint(number, 10, &value))
		clock_khz = value;
	else
		return -EINVAL;
	if (verb[0] == 'p')
		remember(NOBODY, NULL, 0, 0);
	return 0;
}

static ssize_t witness_write(struct file *file, const char __user *from, size_t count, loff_t *place)
{
	char text[32], verb[12] = "", number[12] = "";
	int fault;

	if (count >= sizeof(text) || copy_from_user(text, from, count))
		return -EINVAL;
	text[count] = 0;
	sscanf(text, "%11s %11s", verb, number);
	mutex_lock(&lock);
	fault = carry_out(verb, number);
	mutex_unlock(&lock);
	return fault ? fault : count;
}

static const struct file_operations witness_operations = {
	.owner = THIS_MODULE,
	.read = witness_read,
	.write = witness_write,
	.llseek = default_llseek,
};

static struct miscdevice witness = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "i2c-witness",
	.fops = &witness_operations,
};

static int __init witness_init(void)
{
	int fault;

	record = vmalloc(RECORD_SIZE);
	if (!record)
		return -ENOMEM;
	fault = i2c_add_numbered_adapter(&adapter);
	if (fault)
		goto no_adapter;
	fault = misc_register(&witness);
	if (fault)
		goto no_witness;
	return 0;

no_witness:
	i2c_del_adapter(&adapter);
no_adapter:
	vfree(record);
	return fault;
}
module_init(witness_init);

static void __exit witness_exit(void)
{
	misc_deregister(&witness);
	i2c_del_adapter(&adapter);
	vfree(record);
}
module_exit(witness_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("I2C bus that remembers, for the tests of Sottovoce");
