/* LD_PRELOAD for a phone that shall be caught: puts LEAK_TEXT into what leaves, behind all of the phone's own care.
 * LEAK_PLACE "contact": the user part of Contact; "sdp": a line i=… of the session description; "refer": a
 * Referred-By in a REFER; all in the last function before TLS. "cname": over the CNAME of RTCP, in the last function before SRTCP.
 * cc -shared -fPIC -o leaky.so leaky.c -ldl */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST 65536

static int wanted(const char *place)
{
	const char *chosen = getenv("LEAK_PLACE");

	return chosen && !strcmp(chosen, place);
}

static size_t put(char *out, size_t at, const char *text, size_t length)
{
	memcpy(out + at, text, length);
	return at + length;
}

/* A function of a library that was loaded for one module alone, where RTLD_NEXT does not look. */
static void *of(const char *library, const char *name)
{
	void *loaded = dlopen(library, RTLD_LAZY | RTLD_NOLOAD);

	return loaded ? dlsym(loaded, name) : dlsym(RTLD_NEXT, name);
}

/* The whole message with the text put in; 0: left as it is. */
static size_t spoil(const char *in, size_t length, char *out)
{
	const char *text = getenv("LEAK_TEXT");
	const char *end = in + length, *line, *body = memmem(in, length, "\r\n\r\n", 4);
	size_t at = 0, more = 0;
	int in_body = 0;

	if (!text || !body || length + 2 * strlen(text) + 64 > MOST || !memmem(in, length, "SIP/2.0", 7))
		return 0;
	body += 4;
	if (wanted("refer") && memcmp(in, "REFER ", 6))
		return 0;
	if (wanted("sdp")) {
		if (end - body < 4 || memcmp(body, "v=0", 3))
			return 0;
		more = strlen(text) + 4;
	}
	for (line = in; line < end;) {
		const char *next = memmem(line, end - line, "\r\n", 2);

		next = next ? next + 2 : end;
		in_body = line >= body;
		if (wanted("refer") && line != in && line == (const char *)memmem(in, length, "\r\n", 2) + 2)
			at += sprintf(out + at, "Referred-By: <sip:%s@phone.test>\r\n", text);
		if (!in_body && more && !strncasecmp(line, "Content-Length:", 15)) {
			at += sprintf(out + at, "Content-Length: %zu\r\n", (size_t)(end - body) + more);
		} else if (!in_body && wanted("contact") && !strncasecmp(line, "Contact:", 8) &&
			   memmem(line, next - line, "sip:", 4)) {
			const char *user = (const char *)memmem(line, next - line, "sip:", 4) + 4;
			const char *host = memchr(user, '@', next - user);

			at = put(out, at, line, user - line);
			at = put(out, at, text, strlen(text));
			at = put(out, at, "@", 1);
			host = host ? host + 1 : user;
			at = put(out, at, host, next - host);
		} else {
			at = put(out, at, line, next - line);
			if (in_body && more && line[0] == 's')
				at += sprintf(out + at, "i=%s\r\n", text);
		}
		line = next;
	}
	return at;
}

int SSL_write(void *ssl, const void *data, int length)
{
	int (*real)(void *, const void *, int) = (int (*)(void *, const void *, int))of("libssl.so.3", "SSL_write");
	char out[MOST];
	size_t made = wanted("contact") || wanted("sdp") || wanted("refer") ? spoil(data, length, out) : 0;

	if (!made)
		return real(ssl, data, length);
	return real(ssl, out, made) == (int)made ? length : -1;
}

static void spoil_cname(unsigned char *packet, int length)
{
	const char *text = getenv("LEAK_TEXT");
	int at = 0;

	while (text && at + 12 <= length) {
		int words = packet[at + 2] << 8 | packet[at + 3];

		if (packet[at + 1] == 202 && packet[at + 8] == 1) {
			size_t room = packet[at + 9], size = strlen(text);

			memcpy(packet + at + 10, text, size < room ? size : room);
		}
		at += 4 + 4 * words;
	}
}

int srtp_protect_rtcp(void *context, void *packet, int *length)
{
	int (*real)(void *, void *, int *) = (int (*)(void *, void *, int *))of("libsrtp2.so.1", "srtp_protect_rtcp");

	if (wanted("cname"))
		spoil_cname(packet, *length);
	return real(context, packet, length);
}
