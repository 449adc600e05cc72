/* LD_PRELOAD for the phone under test: the machine's name and its user's are those of the environment, so that a
 * test can look for names that do not occur by chance, and needs no privilege to give them.
 * cc -shared -fPIC -o false_machine.so false_machine.c -ldl */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
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
