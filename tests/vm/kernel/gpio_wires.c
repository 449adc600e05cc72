// SPDX-License-Identifier: GPL-2.0-only
/*
 * A GPIO chip on a bench: its lines are joined by wires, as a keypad or a switch joins them.
 *
 * Levels follow at once, with no helper that polls: while a driver pulls a row low, each column that a
 * pressed key joins to it reads low. So a key matrix can be scanned as on a board.
 *
 * /sys/devices/platform/gpio-wires.0/
 *   wire    written: one command a line
 *             join A B   put a wire between two lines      part A B   take it away
 *             ground A   tie a line to ground              supply A   tie it to 3.3 V
 *             free A     take ground or supply away        clear      take all wires away
 *   lines   read: "NUMBER in|out DRIVEN none|up|down LEVEL", one row for each line
 *   shorts  read: how often an output or supply has met an opposite one since "clear"
 *
 * A line that nothing pulls keeps its last level, as the charge of a floating wire does for a while.
 */
#include <linux/bits.h>
#include <linux/gpio/driver.h>
#include <linux/interrupt.h>
#include <linux/irqdomain.h>
#include <linux/module.h>
#include <linux/pinctrl/pinconf-generic.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/string.h>

#define LINES 28	/* as the header of a Raspberry Pi has */

static char *label = "pinctrl-bcm2711";
module_param(label, charp, 0444);
MODULE_PARM_DESC(label, "what the chip calls itself");

struct bench {
	struct gpio_chip chip;
	raw_spinlock_t lock;	/* all that follows */
	u32 wire[LINES];	/* for each line, the lines it is joined to */
	u32 grounded, supplied;
	u32 output, high;	/* driven by the chip, and to which level */
	u32 pull_up, pull_down;
	u32 level;
	u32 in_short;
	u32 rising, falling, listening;
	unsigned long shorts;
};

static struct platform_device *device;

static void put(u32 *word, unsigned int line, bool on)
{
	if (on)
		*word |= BIT(line);
	else
		*word &= ~BIT(line);
}

/* All lines that are one piece of copper with @line. */
static u32 net(const struct bench *b, unsigned int line)
{
	u32 known = 0, todo = BIT(line);

	while (todo) {
		unsigned int next = __ffs(todo);

		known |= BIT(next);
		todo = (todo | b->wire[next]) & ~known;
	}
	return known;
}

/* Levels after a change; the lines whose listener has to hear an edge. */
static u32 settle(struct bench *b)
{
	u32 seen = 0, level = 0, in_short = 0, moved;
	unsigned int line;

	for (line = 0; line < LINES; line++) {
		u32 piece, low, high;

		if (seen & BIT(line))
			continue;
		piece = net(b, line);
		seen |= piece;
		low = piece & (b->grounded | (b->output & ~b->high));
		high = piece & (b->supplied | (b->output & b->high));
		if (low && high)
			in_short |= piece;
		if (low)
			continue;
		if (high || (piece & b->pull_up) || (!(piece & b->pull_down) && (piece & b->level)))
			level |= piece;
	}
	if (in_short & ~b->in_short)
		b->shorts++;
	b->in_short = in_short;
	moved = (b->level ^ level) & b->listening & ~b->output;
	b->level = level;
	return moved & ((level & b->rising) | (~level & b->falling));
}

/* Carry out CHANGE under the lock, then tell the listeners without it. */
#define CHANGED(b, CHANGE) do {						\
	unsigned long flags_, edges_;					\
	unsigned int line_;						\
	raw_spin_lock_irqsave(&(b)->lock, flags_);			\
	CHANGE;								\
	edges_ = settle(b);						\
	raw_spin_unlock_irqrestore(&(b)->lock, flags_);			\
	for_each_set_bit(line_, &edges_, LINES)				\
		generic_handle_irq_safe(				\
			irq_find_mapping((b)->chip.irq.domain, line_));	\
} while (0)

static int bench_get(struct gpio_chip *chip, unsigned int line)
{
	struct bench *b = gpiochip_get_data(chip);

	return !!(READ_ONCE(b->level) & BIT(line));
}

static void bench_set(struct gpio_chip *chip, unsigned int line, int value)
{
	struct bench *b = gpiochip_get_data(chip);

	CHANGED(b, put(&b->high, line, value));
}

static int bench_output(struct gpio_chip *chip, unsigned int line, int value)
{
	struct bench *b = gpiochip_get_data(chip);

	CHANGED(b, put(&b->high, line, value); put(&b->output, line, true));
	return 0;
}

static int bench_input(struct gpio_chip *chip, unsigned int line)
{
	struct bench *b = gpiochip_get_data(chip);

	CHANGED(b, put(&b->output, line, false));
	return 0;
}

static int bench_direction(struct gpio_chip *chip, unsigned int line)
{
	struct bench *b = gpiochip_get_data(chip);

	return b->output & BIT(line) ? GPIO_LINE_DIRECTION_OUT : GPIO_LINE_DIRECTION_IN;
}

static int bench_config(struct gpio_chip *chip, unsigned int line, unsigned long config)
{
	struct bench *b = gpiochip_get_data(chip);
	enum pin_config_param param = pinconf_to_config_param(config);

	switch (param) {
	case PIN_CONFIG_BIAS_DISABLE:
	case PIN_CONFIG_BIAS_PULL_UP:
	case PIN_CONFIG_BIAS_PULL_DOWN:
		CHANGED(b, put(&b->pull_up, line, param == PIN_CONFIG_BIAS_PULL_UP);
			   put(&b->pull_down, line, param == PIN_CONFIG_BIAS_PULL_DOWN));
		return 0;
	default:
		return -ENOTSUPP;
	}
}

/* A line that nobody holds any more drives nothing. */
static void bench_free(struct gpio_chip *chip, unsigned int line)
{
	struct bench *b = gpiochip_get_data(chip);

	CHANGED(b, put(&b->output, line, false));
}

static void bench_mask(struct irq_data *data)
{
	struct gpio_chip *chip = irq_data_get_irq_chip_data(data);
	struct bench *b = gpiochip_get_data(chip);

	put(&b->listening, irqd_to_hwirq(data), false);
	gpiochip_disable_irq(chip, irqd_to_hwirq(data));
}

static void bench_unmask(struct irq_data *data)
{
	struct gpio_chip *chip = irq_data_get_irq_chip_data(data);
	struct bench *b = gpiochip_get_data(chip);

	gpiochip_enable_irq(chip, irqd_to_hwirq(data));
	put(&b->listening, irqd_to_hwirq(data), true);
}

static int bench_edges(struct irq_data *data, unsigned int type)
{
	struct bench *b = gpiochip_get_data(irq_data_get_irq_chip_data(data));

	if (type & ~IRQ_TYPE_EDGE_BOTH)
		return -EINVAL;
	put(&b->rising, irqd_to_hwirq(data), type & IRQ_TYPE_EDGE_RISING);
	put(&b->falling, irqd_to_hwirq(data), type & IRQ_TYPE_EDGE_FALLING);
	return 0;
}

static const struct irq_chip bench_irqs = {
	.name = "gpio-wires",
	.irq_mask = bench_mask,
	.irq_unmask = bench_unmask,
	.irq_set_type = bench_edges,
	.flags = IRQCHIP_IMMUTABLE,
	GPIOCHIP_IRQ_RESOURCE_HELPERS,
};

static void clear(struct bench *b)
{
	memset(b->wire, 0, sizeof(b->wire));
	b->grounded = b->supplied = 0;
	b->shorts = 0;
}

static int carry_out(struct bench *b, const char *command)
{
	unsigned int one = 0, other = 0;
	char verb[8];
	int words = sscanf(command, "%7s %u %u", verb, &one, &other);

	if (words < 1)
		return 0;
	if (one >= LINES || other >= LINES)
		return -ERANGE;
	if (words == 3 && !strcmp(verb, "join"))
		CHANGED(b, put(&b->wire[one], other, true); put(&b->wire[other], one, true));
	else if (words == 3 && !strcmp(verb, "part"))
		CHANGED(b, put(&b->wire[one], other, false); put(&b->wire[other], one, false));
	else if (words == 2 && !strcmp(verb, "ground"))
		CHANGED(b, put(&b->grounded, one, true); put(&b->supplied, one, false));
	else if (words == 2 && !strcmp(verb, "supply"))
		CHANGED(b, put(&b->supplied, one, true); put(&b->grounded, one, false));
	else if (words == 2 && !strcmp(verb, "free"))
		CHANGED(b, put(&b->grounded, one, false); put(&b->supplied, one, false));
	else if (words == 1 && !strcmp(verb, "clear"))
		CHANGED(b, clear(b));
	else
		return -EINVAL;
	return 0;
}

static ssize_t wire_store(struct device *dev, struct device_attribute *attr, const char *buf, size_t count)
{
	char *copy = kstrndup(buf, count, GFP_KERNEL), *rest = copy, *command;
	int fault = 0;

	if (!copy)
		return -ENOMEM;
	while (!fault && (command = strsep(&rest, "\n")))
		fault = carry_out(dev_get_drvdata(dev), command);
	kfree(copy);
	return fault ? fault : count;
}
static DEVICE_ATTR_WO(wire);

static ssize_t lines_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct bench *b = dev_get_drvdata(dev);
	unsigned int line;
	int size = 0;

	for (line = 0; line < LINES; line++)
		size += sysfs_emit_at(buf, size, "%u %s %d %s %d\n", line,
				      b->output & BIT(line) ? "out" : "in", !!(b->high & BIT(line)),
				      b->pull_up & BIT(line) ? "up" : b->pull_down & BIT(line) ? "down" : "none",
				      !!(b->level & BIT(line)));
	return size;
}
static DEVICE_ATTR_RO(lines);

static ssize_t shorts_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct bench *b = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%lu\n", b->shorts);
}
static DEVICE_ATTR_RO(shorts);

static struct attribute *bench_attrs[] = {
	&dev_attr_wire.attr, &dev_attr_lines.attr, &dev_attr_shorts.attr, NULL
};
ATTRIBUTE_GROUPS(bench);

static int bench_probe(struct platform_device *pdev)
{
	struct bench *b = devm_kzalloc(&pdev->dev, sizeof(*b), GFP_KERNEL);
	struct gpio_chip *chip;

	if (!b)
		return -ENOMEM;
	raw_spin_lock_init(&b->lock);
	chip = &b->chip;
	chip->label = label;
	chip->parent = &pdev->dev;
	chip->owner = THIS_MODULE;
	chip->base = -1;
	chip->ngpio = LINES;
	chip->get = bench_get;
	chip->set = bench_set;
	chip->direction_output = bench_output;
	chip->direction_input = bench_input;
	chip->get_direction = bench_direction;
	chip->set_config = bench_config;
	chip->free = bench_free;
	gpio_irq_chip_set_chip(&chip->irq, &bench_irqs);
	chip->irq.handler = handle_simple_irq;
	chip->irq.default_type = IRQ_TYPE_NONE;
	platform_set_drvdata(pdev, b);
	return devm_gpiochip_add_data(&pdev->dev, chip, b);
}

static struct platform_driver driver = {
	.driver = { .name = "gpio-wires", .dev_groups = bench_groups },
	.probe = bench_probe,
};

static int __init bench_init(void)
{
	int fault = platform_driver_register(&driver);

	if (fault)
		return fault;
	device = platform_device_register_simple("gpio-wires", 0, NULL, 0);
	if (IS_ERR(device)) {
		platform_driver_unregister(&driver);
		return PTR_ERR(device);
	}
	return 0;
}
module_init(bench_init);

static void __exit bench_exit(void)
{
	platform_device_unregister(device);
	platform_driver_unregister(&driver);
}
module_exit(bench_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("GPIO lines joined by wires, for the tests of Sottovoce");
