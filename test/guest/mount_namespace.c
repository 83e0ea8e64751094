// mount_namespaces(7), mount(2), pivot_root(2): mounts of one's own in a user namespace, and that those from outside stay as they are.
#include "namespaces.h"
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

#ifndef MS_REC
#define MS_REC 16384
#endif

static int pivot(const char *to, const char *old) { return syscall(SYS_pivot_root, to, old); }

static bool is_listed(const char *end)
{
    static char text[65536];
    read_file("/proc/self/mountinfo", text, sizeof text);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        char path[4096];
        if (sscanf(line, "%*d %*d %*s %*s %4095s", path) == 1 && strlen(path) >= strlen(end) && strcmp(path + strlen(path) - strlen(end), end) == 0) return true;
    }
    return false;
}

TEST(only_with_a_right)
{
    pid_t pid;
    if (refused()) return;
    IN_USER(pid)
    {
        CHECK_ERRNO(unshare(CLONE_NEWNS), EPERM);
        CHECK_ERRNO(mount("x", ".", "tmpfs", 0, NULL), EPERM);
        enter(0); // all rights in a user namespace, whose mounts these are not
        CHECK_ERRNO(mount("x", ".", "tmpfs", 0, NULL), EPERM);
        CHECK_ERRNO(mount(".", ".", NULL, MS_BIND, NULL), EPERM);
        CHECK_ERRNO(umount("/proc"), EPERM);
        CHECK_OK(unshare(CLONE_NEWNS));
        CHECK_OK(mount("x", "/proc/self/cwd", "tmpfs", 0, NULL));
    }
    CHECK_EXIT(pid, 0);
}

TEST(mounts_of_ones_own)
{
    pid_t pid;
    char outside[64], inside[64];
    struct stat st;
    if (refused()) return;
    CHECK_OK(mkdir("d", 0777));
    link_of(getpid(), "mnt", outside, sizeof outside);
    IN_USER(pid)
    {
        enter(CLONE_NEWNS);
        link_of(getpid(), "mnt", inside, sizeof inside);
        CHECK(strcmp(inside, outside) != 0 && strncmp(inside, "mnt:[", 5) == 0);
        CHECK_OK(mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL));
        CHECK(!is_listed("/d"));
        CHECK_OK(mount("x", "d", "tmpfs", MS_NODEV, "size=64k"));
        CHECK(is_listed("/d"));
        CHECK_OK(stat("d", &st));
        CHECK_EQ(st.st_uid | st.st_gid, 0);
        write_file("d/f", "x");
        CHECK_OK(chown("d/f", 0, 0));
        CHECK_ERRNO(chown("d/f", 1, 0), EINVAL);
        CHECK_OK(chmod("d/f", 04755));
        CHECK_ERRNO(mknod("d/null", S_IFCHR | 0666, makedev(1, 3)), EPERM);
        CHECK_OK(mkdir("d/b", 0700));
        CHECK_OK(mount("d", "d/b", NULL, MS_BIND, NULL));
        CHECK_OK(access("d/b/f", F_OK));
        CHECK_OK(mount(NULL, "d/b", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
        CHECK_ERRNO(open("d/b/f", O_WRONLY), EROFS);
        CHECK_OK(mount(NULL, "d/b", NULL, MS_REMOUNT | MS_BIND, NULL)); // what it mounted itself it may open again
        CHECK_OK(close(CHECK_OK(open("d/b/f", O_WRONLY))));
        CHECK_ERRNO(umount("d"), EBUSY);
        CHECK_OK(umount("d/b"));
        CHECK_OK(mount(NULL, "d", NULL, MS_REMOUNT, "size=128k"));
        CHECK_ERRNO(mount("x", "d/b", "tmpfs", 0, "uid=1"), EINVAL); // nobody has this name
        CHECK_OK(mount("x", "d/b", "tmpfs", 0, "uid=0,gid=0,mode=700"));
        CHECK_OK(mkdir("d/c", 0700));
        CHECK_OK(mount("d/b", "d/c", NULL, MS_MOVE, NULL));
        CHECK(is_listed("/d/c") && !is_listed("/d/b"));
    }
    CHECK_EXIT(pid, 0);
    CHECK(!is_listed("/d"));
    CHECK_OK(rmdir("d")); // nothing was made in it
}

// File systems that show what belongs to the first user namespace.
TEST(not_what_is_not_ones_own)
{
    static const char *const types[] = {"proc", "sysfs", "mqueue", "devtmpfs", "ext4", "hostfs", "nullfs"};
    pid_t pid;
    if (refused()) return;
    CHECK_OK(mkdir("d", 0777));
    IN_USER(pid)
    {
        enter(CLONE_NEWNS);
        for (size_t i = 0; i < COUNT(types); i++) {
            CHECK_EQ(mount("/", "d", types[i], 0, NULL), -1);
            CHECK(errno == EPERM || errno == ENODEV || errno == ENOTBLK || errno == EINVAL || errno == EACCES);
        }
        CHECK_ERRNO(mount(NULL, "/", NULL, MS_REMOUNT, NULL), EPERM);
    }
    CHECK_EXIT(pid, 0);
    CHECK_OK(rmdir("d"));
}

// Those that came from a namespace with more rights stay where and as they are.
TEST(mounts_from_outside_are_locked)
{
    pid_t pid;
    if (refused()) return;
    IN_USER(pid)
    {
        CHECK_OK(mkdir("d", 0700));
        CHECK_OK(mkdir("e", 0700));
        CHECK_OK(mkdir("f", 0700));
        write_file("d/hidden", "x");
        pid_t inner;
        IN_CHILD(inner)
        {
            enter(CLONE_NEWNS);
            CHECK_OK(mount("x", "d", "tmpfs", 0, NULL));
            CHECK_OK(mount(NULL, "d", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL));
            CHECK_OK(unshare(CLONE_NEWNS)); // no less rights: nothing is locked
            CHECK_OK(mount(NULL, "d", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NODEV | MS_NOEXEC, NULL));
            CHECK_OK(unshare(CLONE_NEWUSER | CLONE_NEWNS));
            CHECK_ERRNO(umount("/proc"), EINVAL);
            CHECK_ERRNO(umount2("d", MNT_DETACH), EINVAL);
            CHECK_ERRNO(umount("d"), EINVAL);
            CHECK_ERRNO(mount("d", "e", NULL, MS_MOVE, NULL), EINVAL);
            CHECK_ERRNO(mount(".", "e", NULL, MS_BIND, NULL), EINVAL); // would show d/hidden
            CHECK_ERRNO(mount(NULL, "d", NULL, MS_REMOUNT | MS_BIND, NULL), EPERM);
            CHECK_ERRNO(mount(NULL, "d", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NODEV, NULL), EPERM);
            CHECK_ERRNO(mount(NULL, "d", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOEXEC, NULL), EPERM);
            CHECK_ERRNO(mount(NULL, "d", NULL, MS_REMOUNT | MS_BIND | MS_NODEV | MS_NOEXEC, NULL), EPERM);
            CHECK_ERRNO(mount(NULL, "d", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NODEV | MS_NOEXEC | MS_NOATIME, NULL), EPERM);
            CHECK_ERRNO(mount(NULL, "d", NULL, MS_REMOUNT, NULL), EPERM);
            CHECK_OK(mount(NULL, "d", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL)); // more is allowed
            CHECK_OK(mount("d", "f", NULL, MS_BIND, NULL)); // a copy has the locks of its flags
            CHECK_ERRNO(mount(NULL, "f", NULL, MS_REMOUNT | MS_BIND, NULL), EPERM);
            CHECK_OK(umount("f"));
            CHECK_OK(mount("x", "d", "tmpfs", 0, NULL)); // over it, and off again
            CHECK_OK(umount("d"));
            CHECK_OK(mount(".", "e", NULL, MS_BIND | MS_REC, NULL));
            int fd = CHECK_OK(open("e", O_RDONLY | O_DIRECTORY));
            CHECK_ERRNO(umount("e/d"), EINVAL);
            CHECK_OK(umount2("e", MNT_DETACH)); // as a whole they go
            CHECK_EQ(openat(fd, "d/hidden", O_RDONLY), -1); // and what was covered stays so
            CHECK_EQ(access("d/hidden", F_OK), -1);
        }
        CHECK_EXIT(inner, 0);
        CHECK_OK(access("d/hidden", F_OK));
        CHECK_OK(unlink("d/hidden"));
        CHECK_OK(rmdir("d"));
        CHECK_OK(rmdir("e"));
        CHECK_OK(rmdir("f"));
    }
    CHECK_EXIT(pid, 0);
}

TEST(a_root_of_ones_own)
{
    pid_t pid;
    if (refused()) return;
    CHECK_OK(mkdir("d", 0777));
    IN_USER(pid)
    {
        enter(CLONE_NEWNS);
        CHECK_ERRNO(pivot("/proc", "/proc"), EINVAL); // locked
        CHECK_OK(mount("x", "d", "tmpfs", 0, NULL));
        CHECK_OK(mkdir("d/old", 0700));
        CHECK_OK(mkdir("d/sub", 0700));
        CHECK_OK(pivot("d", "d/old"));
        CHECK_OK(chdir("/"));
        CHECK_OK(access("/old/proc/self", F_OK));
        CHECK_OK(umount2("/old", MNT_DETACH));
        CHECK_ERRNO(access("/old/proc", F_OK), ENOENT);
        CHECK_OK(rmdir("/old"));
        CHECK_OK(access("/../sub", F_OK));
        CHECK_OK(chroot("/sub"));
        CHECK_ERRNO(access("/sub", F_OK), ENOENT);
    }
    CHECK_EXIT(pid, 0);
    CHECK_OK(rmdir("d"));
}

TEST(entering_another)
{
    pid_t pid;
    if (refused()) return;
    CHECK_OK(mkdir("d", 0777));
    IN_USER(pid)
    {
        int up[2], down[2];
        char here[PATH_MAX];
        struct stat st;
        pid_t one, two;
        CHECK_OK(pipe(up));
        CHECK_OK(pipe(down));
        strcat(getcwd(here, sizeof here), "/d/f");
        IN_CHILD(one)
        {
            enter(CLONE_NEWNS);
            CHECK_OK(mount("x", "d", "tmpfs", 0, NULL));
            write_file("d/f", "x");
            pipe_signal(up[1]);
            pipe_wait(down[0]);
        }
        pipe_wait(up[0]);
        int users = CHECK_OK(open_of(one, "ns/user")), mounts = CHECK_OK(open_of(one, "ns/mnt"));
        CHECK_ERRNO(access(here, F_OK), ENOENT);
        IN_CHILD(two)
        {
            CHECK_ERRNO(setns(mounts, CLONE_NEWNS), EPERM); // CAP_SYS_CHROOT is wanted in the own user namespace, too
            CHECK_OK(setns(users, CLONE_NEWUSER));
            CHECK_OK(setns(mounts, 0));
            CHECK_OK(stat(here, &st));
            CHECK_EQ(st.st_uid, 0);
        }
        CHECK_EXIT(two, 0);
        int pidfd = CHECK_OK(syscall(SYS_pidfd_open, one, 0));
        IN_CHILD(two)
        {
            CHECK_ERRNO(setns(pidfd, 0), EINVAL);
            CHECK_ERRNO(setns(pidfd, CLONE_NEWNS), EPERM);
            CHECK_OK(setns(pidfd, CLONE_NEWUSER | CLONE_NEWNS));
            CHECK_OK(access(here, F_OK));
        }
        CHECK_EXIT(two, 0);
        pipe_signal(down[1]);
        CHECK_EXIT(one, 0);
        close(users);
        IN_CHILD(two)
        {
            // The last of it is this descriptor: it keeps the mounts and the user namespace that they belong to.
            users = CHECK_OK(ioctl(mounts, _IO(0xb7, 1)));
        }
        waitpid(two, NULL, 0);
        close(mounts);
        close(pidfd);
    }
    CHECK_EXIT(pid, 0);
    CHECK_OK(rmdir("d"));
}

// What somebody mounts on a name does not hold the name for the others.
TEST(names_are_not_held)
{
    int up[2], down[2];
    pid_t pid;
    if (refused()) return;
    CHECK_OK(pipe(up));
    CHECK_OK(pipe(down));
    CHECK_OK(mkdir("d", 0777));
    CHECK_OK(mkdir("e", 0777));
    IN_USER(pid)
    {
        enter(CLONE_NEWNS);
        CHECK_OK(mount("x", "d", "tmpfs", 0, NULL));
        CHECK_OK(mount("x", "e", "tmpfs", 0, NULL));
        CHECK_ERRNO(rmdir("d"), EBUSY);
        pipe_signal(up[1]);
        pipe_wait(down[0]);
        CHECK_ERRNO(access("d", F_OK), ENOENT);
    }
    pipe_wait(up[0]);
    CHECK_OK(rmdir("d"));
    CHECK_OK(rename("e", "g"));
    pipe_signal(down[1]);
    CHECK_EXIT(pid, 0);
    CHECK_OK(rmdir("g"));
}

static int mounts(void)
{
    int lines = 0, c;
    FILE *file = fopen("/proc/self/mounts", "r");
    while (file != NULL && (c = getc(file)) != EOF) lines += c == '\n';
    if (file != NULL) fclose(file);
    return lines;
}

// A name that goes takes with it what others have mounted on it (mount_namespaces(7)); who uses that keeps it.
TEST(a_removed_name_takes_mounts_with_it)
{
    int up[2], down[2], before, file;
    pid_t pid;
    struct stat st;
    if (refused()) return;
    CHECK_OK(pipe(up));
    CHECK_OK(pipe(down));
    CHECK_OK(mkdir("d", 0777));
    CHECK_OK(mkdir("e", 0777));
    CHECK_OK(mkdir("g", 0777));
    CHECK_OK(close(open("file", O_CREAT | O_WRONLY, 0666)));
    CHECK_OK(close(open("other", O_CREAT | O_WRONLY, 0666)));
    IN_USER(pid)
    {
        enter(CLONE_NEWNS);
        before = mounts();
        CHECK_OK(mount("x", "d", "tmpfs", 0, NULL));
        CHECK_OK(mkdir("d/below", 0700));
        CHECK_OK(mount("x", "d/below", "tmpfs", 0, NULL));
        CHECK_OK(mount("x", "d", "tmpfs", 0, NULL)); // on top of it
        CHECK_OK(mount("x", "e", "tmpfs", 0, NULL));
        CHECK_OK(mount("other", "file", NULL, MS_BIND, NULL));
        CHECK_EQ(mounts(), before + 5);
        file = CHECK_OK(open("e/open", O_CREAT | O_RDWR, 0600));
        CHECK_EQ(write(file, "abc", 3), 3);
        CHECK_OK(chdir("d"));
        CHECK_OK(mkdir("sub", 0700));
        pipe_signal(up[1]);
        pipe_wait(down[0]);
        CHECK_EQ(mounts(), before);
        CHECK_OK(fstat(file, &st));
        CHECK_EQ(st.st_size, 3);
        CHECK_OK(access("sub", F_OK));
        CHECK_OK(mkdir("sub/more", 0700));
    }
    pipe_wait(up[0]);
    before = mounts();
    CHECK_OK(rmdir("d"));
    CHECK_OK(rename("g", "e"));
    CHECK_OK(unlink("file"));
    CHECK_EQ(mounts(), before);
    pipe_signal(down[1]);
    CHECK_EXIT(pid, 0);
    CHECK_OK(rmdir("e"));
    CHECK_OK(unlink("other"));
}

// What is mounted nowhere any more is there for whom has his root or working directory in it.
TEST(detached_and_in_use)
{
    int ready[2], gone[2];
    char here[4096], text[8] = {0};
    pid_t pid, inside;
    if (refused()) return;
    CHECK_OK(mkdir("d", 0777));
    CHECK_OK(getcwd(here, sizeof here) == NULL ? -1 : 0);
    IN_USER(pid)
    {
        enter(CLONE_NEWNS);
        CHECK_OK(pipe(ready));
        CHECK_OK(pipe(gone));
        CHECK_OK(mount("x", "d", "tmpfs", 0, NULL));
        CHECK_OK(mkdir("d/sub", 0700));
        CHECK_OK(close(open("d/sub/file", O_CREAT | O_WRONLY, 0600)));
        CHECK_OK(write_text("d/sub/file", "text"));
        IN_CHILD(inside) {
            CHECK_OK(chroot("d/sub"));
            CHECK_OK(chdir("/"));
            pipe_signal(ready[1]);
            pipe_wait(gone[0]);
            int file = CHECK_OK(open("/file", O_RDONLY));
            CHECK_EQ(read(file, text, sizeof text), 4);
            CHECK_OK(mkdir("/new", 0700));
        }
        pipe_wait(ready[0]);
        CHECK_ERRNO(umount2("d", 0), EBUSY);
        CHECK_OK(chdir("d/sub"));
        strcat(here, "/d");
        CHECK_OK(umount2(here, MNT_DETACH));
        pipe_signal(gone[1]);
        CHECK_EXIT(inside, 0);
        int file = CHECK_OK(open("file", O_RDONLY));
        CHECK_EQ(read(file, text, sizeof text), 4);
        CHECK_OK(close(file));
        CHECK_OK(access("new", F_OK));
        CHECK_OK(chdir("/"));
        CHECK_ERRNO(access("/new", F_OK), ENOENT);
    }
    CHECK_EXIT(pid, 0);
    CHECK_OK(rmdir("d"));
}

// A namespace of a privileged user is no other's, and its set-user-ID programs count.
TEST(without_a_user_namespace)
{
    pid_t pid;
    if (!is_root() || refused()) return;
    CHECK_OK(mkdir("d", 0777));
    IN_CHILD(pid)
    {
        if (unshare(CLONE_NEWNS) == -1) _exit(errno != EPERM); // root without CAP_SYS_ADMIN
        CHECK_OK(mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL));
        CHECK_OK(mount("x", "d", "tmpfs", 0, NULL));
        write_file("d/f", "x");
        pid_t child;
        IN_CHILD(child) CHECK_OK(access("d/f", F_OK));
        CHECK_EXIT(child, 0);
        CHECK_OK(umount("d"));
    }
    CHECK_EXIT(pid, 0);
    CHECK_OK(rmdir("d"));
}
