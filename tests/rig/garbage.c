/* Throws garbage at a media port, with the far end's own address as its source: garbage TARGET PORT SOURCE PORT
 * RATE SECONDS FILE. Both ports are RTP's; RTCP's follow. FILE holds packets that the far end sent: two octets of
 * length, one of channel (0 RTP, 1 RTCP), and the packet. Needs a raw socket (CAP_NET_RAW). Prints how many left.
 * cc -O2 -o garbage garbage.c */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { BATCH = 20, LARGEST = 1400, SAMPLES = 4096, KINDS = 10 };

struct sample {
	int channel, size;
	uint8_t octets[LARGEST];
};

struct packet {
	struct iphdr ip;
	struct udphdr udp;
	uint8_t octets[LARGEST];
} __attribute__((packed));

static struct sample samples[SAMPLES];
static int sample_count;
static uint64_t state = 88172645463325252ULL;

static uint32_t chance(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 16) % below;
}

static void fill(uint8_t *octets, int from, int to)
{
	for (int at = from; at < to; ++at)
		octets[at] = (uint8_t)chance(256);
}

static void put(uint8_t *octets, const char *first, int size)
{
	memcpy(octets, first, (size_t)size);
}

static void read_samples(const char *name)
{
	FILE *file = fopen(name, "rb");
	uint8_t head[3];

	while (file && sample_count < SAMPLES && fread(head, 1, 3, file) == 3) {
		struct sample *one = &samples[sample_count];

		one->size = head[0] << 8 | head[1];
		one->channel = head[2];
		if (one->size > LARGEST || fread(one->octets, 1, (size_t)one->size, file) != (size_t)one->size)
			break;
		++sample_count;
	}
	if (file)
		fclose(file);
}

/* A DTLS record header, with a length that may lie, before `size` octets */
static int record(uint8_t *octets, int type, int epoch, int size)
{
	int says = chance(4) ? size : (int)chance(65536);

	put(octets, "\0\xfe\xfd", 3);
	octets[0] = (uint8_t)type;
	octets[3] = 0;
	octets[4] = (uint8_t)epoch;
	fill(octets, 5, 11);
	octets[11] = (uint8_t)(says >> 8);
	octets[12] = (uint8_t)says;
	return 13 + size;
}

/* What is thrown next: its length; the channel in *channel */
static int make(uint8_t *octets, int *channel)
{
	const struct sample *one = sample_count ? &samples[chance((uint32_t)sample_count)] : NULL;
	uint32_t kind = chance(KINDS);
	int size = 1 + (int)chance(LARGEST - 1);

	*channel = (int)chance(2);
	fill(octets, 0, size);
	if (one && kind <= 2) {
		*channel = one->channel;
		size = one->size;
		memcpy(octets, one->octets, (size_t)size);
		if (kind == 1 && size > 1) /* cut */
			size = 1 + (int)chance((uint32_t)size - 1);
		if (kind == 2) /* one bit is wrong */
			octets[chance((uint32_t)size)] ^= (uint8_t)(1 << chance(8));
	} else if (kind == 3) { /* RTP, with contributing sources and an extension that may lie */
		octets[0] = (uint8_t)(0x80 | chance(64));
	} else if (kind == 4 && size >= 4) { /* RTCP */
		octets[0] = (uint8_t)(0x80 | chance(64));
		octets[1] = (uint8_t)(200 + chance(8));
	} else if (kind == 5 && size >= 20) { /* STUN */
		octets[0] = (uint8_t)chance(2);
		octets[1] = (uint8_t)chance(18);
		put(octets + 4, "\x21\x12\xa4\x42", 4);
	} else if (kind == 6 && size >= 28) { /* a ClientHello, or what begins as one */
		int body = size - 25;

		record(octets, 22, (int)chance(2), size - 13);
		octets[13] = (uint8_t)(chance(3) ? 1 : chance(25));
		octets[14] = octets[22] = (uint8_t)(body >> 16);
		octets[15] = octets[23] = (uint8_t)(body >> 8);
		octets[16] = octets[24] = (uint8_t)body;
		put(octets + 17, "\0\0\0\0\0", 5);
		put(octets + 25, "\xfe\xfd", 2);
	} else if (kind == 7 && size >= 15) { /* a DTLS alert, fatal more often than not, or another record */
		size = record(octets, 20 + (int)chance(8), (int)chance(3), 2);
		octets[13] = 2;
	} else if (kind == 8 && size >= 28) { /* ZRTP: a cookie, a type, a length that may lie */
		static const char *types[] = {"Hello   ", "HelloACK", "Commit  ", "DHPart1 ", "DHPart2 ", "Confirm1",
			"Confirm2", "Conf2ACK", "Error   ", "GoClear ", "Ping    "};

		octets[0] = 0x10;
		put(octets + 4, "ZRTP", 4);
		put(octets + 12, "\x50\x5a", 2);
		put(octets + 16, types[chance(11)], 8);
	}
	return size;
}

int main(int argc, char **argv)
{
	static struct packet packets[BATCH];
	static struct mmsghdr messages[BATCH];
	static struct iovec pieces[BATCH];
	struct sockaddr_in target = {.sin_family = AF_INET};
	int raw = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	long rate, total, sent = 0;
	struct timespec next;

	if (argc != 8 || raw < 0 || !inet_aton(argv[1], &target.sin_addr))
		return 2;
	rate = atol(argv[5]);
	total = rate * atol(argv[6]);
	read_samples(argv[7]);
	clock_gettime(CLOCK_MONOTONIC, &next);
	while (sent < total) {
		int made;

		for (int at = 0; at < BATCH; ++at) {
			struct packet *one = &packets[at];
			int channel, size = make(one->octets, &channel);

			memset(one, 0, sizeof(one->ip) + sizeof(one->udp));
			one->ip.version = 4;
			one->ip.ihl = 5;
			one->ip.ttl = 64;
			one->ip.protocol = IPPROTO_UDP;
			one->ip.daddr = target.sin_addr.s_addr;
			one->ip.saddr = inet_addr(argv[3]);
			one->udp.source = htons((uint16_t)(atoi(argv[4]) + channel));
			one->udp.dest = htons((uint16_t)(atoi(argv[2]) + channel));
			one->udp.len = htons((uint16_t)(sizeof(one->udp) + (size_t)size));
			pieces[at].iov_base = one;
			pieces[at].iov_len = sizeof(one->ip) + sizeof(one->udp) + (size_t)size;
			messages[at].msg_hdr = (struct msghdr){.msg_name = &target, .msg_namelen = sizeof(target),
				.msg_iov = &pieces[at], .msg_iovlen = 1};
		}
		made = sendmmsg(raw, messages, BATCH, 0);
		sent += made > 0 ? made : BATCH;
		next.tv_nsec += BATCH * (1000000000L / rate);
		next.tv_sec += next.tv_nsec / 1000000000L;
		next.tv_nsec %= 1000000000L;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
	printf("%ld\n", sent);
	return 0;
}
