// What the programs about namespaces have in common.
#ifndef NAMESPACES_H
#define NAMESPACES_H
#include "guest.h"
#include <sys/mount.h>
#include <sys/prctl.h>

// An ordinary user whose /proc files are his own, as after an exec.
__attribute__((unused)) static void become_user(void)
{
    become_nobody();
    CHECK_OK(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}

// In a new user namespace (and others): the caller's own ids become 0.
__attribute__((unused)) static bool enter(int flags)
{
    char text[64];
    int uid = geteuid(), gid = getegid();
    if (unshare(CLONE_NEWUSER | flags) == -1) return guest_fail(__FILE__, __LINE__, errno, "unshare"), false;
    snprintf(text, sizeof text, "0 %d 1", uid);
    CHECK_OK(write_text("/proc/self/uid_map", text));
    CHECK_OK(write_text("/proc/self/setgroups", "deny"));
    snprintf(text, sizeof text, "0 %d 1", gid);
    CHECK_OK(write_text("/proc/self/gid_map", text));
    return true;
}

// Some machines let ordinary users make no user namespaces: then there is nothing to test.
__attribute__((unused)) static bool refused(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        become_user();
        _exit(unshare(CLONE_NEWUSER) == -1 && (errno == EPERM || errno == ENOSPC || errno == EACCES));
    }
    int status = 0;
    waitpid(pid, &status, 0);
    return status != 0;
}

// IN_USER(pid) { body }: IN_CHILD as an ordinary user.
#define IN_USER(pid) IN_CHILD(pid) for (int once_ = (become_user(), 1); once_; once_ = 0)

__attribute__((unused)) static void link_of(pid_t pid, const char *kind, char *text, size_t size)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/ns/%s", pid, kind);
    ssize_t n = readlink(path, text, size - 1);
    text[n < 0 ? 0 : n] = 0;
}

__attribute__((unused)) static int open_of(pid_t pid, const char *what)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", pid, what);
    return open(path, O_RDONLY | O_CLOEXEC);
}
#endif
