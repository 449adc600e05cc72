/* LD_PRELOAD for the phone under test: the machine's name and its user's are those of the environment, so that a
 * test can look for names that do not occur by chance, and needs no privilege to give them. Every address that
 * the process turns to and every name that it looks up is noted in the file that RIG_EGRESS names.
 * cc -shared -fPIC -o false_machine.so false_machine.c -ldl */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

static const char *host(void)
{
	const char *name = getenv("RIG_HOST_NAME");

	return name ? name : "rig";
}

static char *user(void)
{
	char *name = getenv("RIG_MACHINE_USER");

	return name ? name : "rig";
}

int gethostname(char *name, size_t length)
{
	strncpy(name, host(), length);
	return 0;
}

int uname(struct utsname *found)
{
	int (*real)(struct utsname *) = (int (*)(struct utsname *))dlsym(RTLD_NEXT, "uname");
	int result = real(found);

	strncpy(found->nodename, host(), sizeof(found->nodename) - 1);
	return result;
}

struct passwd *getpwuid(uid_t id)
{
	struct passwd *(*real)(uid_t) = (struct passwd *(*)(uid_t))dlsym(RTLD_NEXT, "getpwuid");
	struct passwd *found = real(id);

	if (found)
		found->pw_name = found->pw_gecos = user();
	return found;
}

int getpwuid_r(uid_t id, struct passwd *entry, char *buffer, size_t length, struct passwd **found)
{
	int (*real)(uid_t, struct passwd *, char *, size_t, struct passwd **) =
		(int (*)(uid_t, struct passwd *, char *, size_t, struct passwd **))dlsym(RTLD_NEXT, "getpwuid_r");
	int result = real(id, entry, buffer, length, found);

	if (!result && *found)
		entry->pw_name = entry->pw_gecos = user();
	return result;
}

char *getlogin(void)
{
	return user();
}

int getlogin_r(char *name, size_t length)
{
	strncpy(name, user(), length);
	return 0;
}

static void note(const char *what, const char *where, int port)
{
	const char *name = getenv("RIG_EGRESS");
	FILE *file = name ? fopen(name, "a") : NULL;

	if (!file)
		return;
	fprintf(file, "%s %s %d\n", what, where, port);
	fclose(file);
}

static void note_address(const char *what, const struct sockaddr *to)
{
	char text[INET6_ADDRSTRLEN] = "";

	if (to && to->sa_family == AF_INET) {
		const struct sockaddr_in *four = (const struct sockaddr_in *)to;

		inet_ntop(AF_INET, &four->sin_addr, text, sizeof(text));
		note(what, text, ntohs(four->sin_port));
	} else if (to && to->sa_family == AF_INET6) {
		const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)to;

		inet_ntop(AF_INET6, &six->sin6_addr, text, sizeof(text));
		note(what, text, ntohs(six->sin6_port));
	}
}

int bind(int fd, const struct sockaddr *at, socklen_t length)
{
	int (*real)(int, const struct sockaddr *, socklen_t) =
		(int (*)(int, const struct sockaddr *, socklen_t))dlsym(RTLD_NEXT, "bind");
	struct sockaddr_storage got;
	socklen_t size = sizeof(got);
	int result = real(fd, at, length);

	if (!result && !getsockname(fd, (struct sockaddr *)&got, &size))
		note_address("bind", (struct sockaddr *)&got);
	return result;
}

int connect(int fd, const struct sockaddr *to, socklen_t length)
{
	int (*real)(int, const struct sockaddr *, socklen_t) =
		(int (*)(int, const struct sockaddr *, socklen_t))dlsym(RTLD_NEXT, "connect");
	int kind = 0;
	socklen_t size = sizeof(kind);

	getsockopt(fd, SOL_SOCKET, SO_TYPE, &kind, &size);
	note_address(kind == SOCK_DGRAM ? "route" : "connect", to);
	return real(fd, to, length);
}

ssize_t sendto(int fd, const void *data, size_t length, int flags, const struct sockaddr *to, socklen_t size)
{
	ssize_t (*real)(int, const void *, size_t, int, const struct sockaddr *, socklen_t) =
		(ssize_t (*)(int, const void *, size_t, int, const struct sockaddr *, socklen_t))dlsym(RTLD_NEXT,
													"sendto");

	note_address("send", to);
	return real(fd, data, length, flags, to, size);
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
	int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) =
		(int (*)(const char *, const char *, const struct addrinfo *, struct addrinfo **))dlsym(RTLD_NEXT,
													"getaddrinfo");

	note("lookup", name ? name : "-", 0);
	return real(name, service, hints, found);
}

struct hostent *gethostbyname(const char *name)
{
	struct hostent *(*real)(const char *) = (struct hostent *(*)(const char *))dlsym(RTLD_NEXT, "gethostbyname");

	note("lookup", name ? name : "-", 0);
	return real(name);
}
