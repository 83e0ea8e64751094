// access(2), faccessat(2), faccessat2(2): with the real or the effective user.
#include "guest.h"

static int raw_faccessat2(int dir, const char *path, int mode, int flags)
{
    return syscall(SYS_faccessat2, dir, path, mode, flags);
}

TEST(own_file)
{
    pid_t pid;
    IN_CHILD(pid) {
        become_nobody();
        write_file("f", "");
        CHECK_OK(access("f", F_OK));
        static const struct { mode_t mode; int allowed; } cases[] = {
            {0000, 0}, {0400, R_OK}, {0200, W_OK}, {0100, X_OK}, {0600, R_OK | W_OK}, {0700, R_OK | W_OK | X_OK}, {0077, 0}};
        for (size_t i = 0; i < COUNT(cases); i++) {
            CHECK_OK(chmod("f", cases[i].mode));
            for (int want = 1; want < 8; want++) {
                if ((want & ~cases[i].allowed) == 0) CHECK_OK(access("f", want));
                else CHECK_ERRNO(access("f", want), EACCES);
            }
        }
        CHECK_OK(unlink("f"));
    }
    CHECK_EXIT(pid, 0);
}

TEST(root_may_all_but_execute)
{
    if (!is_root()) return;
    write_file("f", "");
    CHECK_OK(chmod("f", 0));
    CHECK_OK(access("f", R_OK | W_OK));
    CHECK_ERRNO(access("f", X_OK), EACCES); // execute needs one x bit somewhere, even for root
    CHECK_OK(chmod("f", 0001));
    CHECK_OK(access("f", X_OK));
    CHECK_OK(unlink("f"));
    CHECK_OK(mkdir("d", 0));
    CHECK_OK(access("d", R_OK | W_OK | X_OK)); // directories are always searchable for root
    CHECK_OK(rmdir("d"));
}

TEST(errors)
{
    write_file("f", "");
    CHECK_ERRNO(access("none", F_OK), ENOENT);
    CHECK_ERRNO(access("f/x", F_OK), ENOTDIR);
    CHECK_ERRNO(access("", F_OK), ENOENT);
    CHECK_ERRNO(access("f", 8), EINVAL);
    CHECK_ERRNO(access("f", -1), EINVAL);
    CHECK_ERRNO(access(BAD_POINTER, F_OK), EFAULT);
    CHECK_ERRNO(raw_faccessat2(-1, "f", F_OK, 0), EBADF);
    CHECK_ERRNO(raw_faccessat2(AT_FDCWD, "f", F_OK, 0x40000000), EINVAL);
    CHECK_OK(unlink("f"));
}

TEST(links)
{
    CHECK_OK(symlink("none", "l"));
    CHECK_ERRNO(access("l", F_OK), ENOENT);
    CHECK_OK(raw_faccessat2(AT_FDCWD, "l", F_OK, AT_SYMLINK_NOFOLLOW));
    CHECK_OK(unlink("l"));
}

TEST(relative_and_empty)
{
    CHECK_OK(mkdir("d", 0755));
    write_file("d/f", "");
    int dir = CHECK_OK(open("d", O_PATH));
    CHECK_OK(faccessat(dir, "f", F_OK, 0));
    CHECK_ERRNO(faccessat(dir, "g", F_OK, 0), ENOENT);
    int fd = CHECK_OK(open("d/f", O_RDONLY));
    CHECK_ERRNO(faccessat(fd, "f", F_OK, 0), ENOTDIR);
    CHECK_OK(raw_faccessat2(fd, "", R_OK, AT_EMPTY_PATH));
    CHECK_ERRNO(raw_faccessat2(fd, "", R_OK, 0), ENOENT);
    CHECK_OK(close(fd));
    CHECK_OK(close(dir));
    CHECK_OK(unlink("d/f"));
    CHECK_OK(rmdir("d"));
}

TEST(real_user_decides)
{
    pid_t pid;
    if (!is_root()) return; // needs two users in one process
    write_file("f", "");
    CHECK_OK(chmod("f", 0600));
    CHECK_OK(chmod(".", 0777));
    IN_CHILD(pid) {
        CHECK_OK(setresuid(NOBODY, 0, 0)); // real user nobody, effective root
        CHECK_ERRNO(access("f", R_OK), EACCES);
        CHECK_OK(raw_faccessat2(AT_FDCWD, "f", R_OK, AT_EACCESS));
        int fd = CHECK_OK(open("f", O_RDONLY));
        CHECK_OK(close(fd));
    }
    CHECK_EXIT(pid, 0);
    IN_CHILD(pid) {
        CHECK_OK(setresuid(0, NOBODY, 0)); // the other way round
        CHECK_OK(access("f", R_OK));
        CHECK_ERRNO(raw_faccessat2(AT_FDCWD, "f", R_OK, AT_EACCESS), EACCES);
        CHECK_ERRNO(open("f", O_RDONLY), EACCES);
    }
    CHECK_EXIT(pid, 0);
    CHECK_OK(unlink("f"));
}

TEST(devices)
{
    CHECK_OK(access("/dev/null", R_OK | W_OK));
    CHECK_ERRNO(access("/dev/null", X_OK), EACCES);
    CHECK_OK(access("/proc/self", R_OK | X_OK));
    CHECK_OK(access("/proc/self/exe", X_OK));
}
