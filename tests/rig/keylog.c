/* LD_PRELOAD for a program linked with OpenSSL: writes the secrets of its TLS and DTLS sessions to the file that
 * SSLKEYLOGFILE names (NSS key log format). For the test peers only; needs no header of OpenSSL.
 * cc -shared -fPIC -o keylog.so keylog.c -ldl */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

typedef void (*keylog_fn)(const void *ssl, const char *line);

static void write_line(const void *ssl, const char *line)
{
	const char *name = getenv("SSLKEYLOGFILE");
	FILE *file = name ? fopen(name, "a") : NULL;

	(void)ssl;
	if (!file)
		return;
	fprintf(file, "%s\n", line);
	fclose(file);
}

void *SSL_CTX_new(const void *method)
{
	void *(*make)(const void *) = (void *(*)(const void *))dlsym(RTLD_NEXT, "SSL_CTX_new");
	void (*set)(void *, keylog_fn) =
		(void (*)(void *, keylog_fn))dlsym(RTLD_NEXT, "SSL_CTX_set_keylog_callback");
	void *context = make(method);

	if (context && set)
		set(context, write_line);
	return context;
}
