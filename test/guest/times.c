// utimensat(2), futimens(3), utime(2) and the times the kernel sets by itself.
#include "guest.h"
#include <utime.h>

static struct stat st;
static int touch(const char *path, time_t atime, long ansec, time_t mtime, long mnsec, int flags)
{
    struct timespec t[2] = {{atime, ansec}, {mtime, mnsec}};
    return utimensat(AT_FDCWD, path, t, flags);
}

TEST(explicit_times)
{
    write_file("f", "");
    CHECK_OK(touch("f", 1000, 111, 2000, 222, 0));
    CHECK_OK(stat("f", &st));
    CHECK(st.st_atim.tv_sec == 1000 && st.st_atim.tv_nsec == 111);
    CHECK(st.st_mtim.tv_sec == 2000 && st.st_mtim.tv_nsec == 222);
    CHECK_OK(touch("f", 0, UTIME_OMIT, 3000, 0, 0));
    CHECK_OK(stat("f", &st));
    CHECK(st.st_atim.tv_sec == 1000 && st.st_mtim.tv_sec == 3000);
    CHECK_OK(touch("f", 4000, 0, 0, UTIME_OMIT, 0));
    CHECK_OK(stat("f", &st));
    CHECK(st.st_atim.tv_sec == 4000 && st.st_mtim.tv_sec == 3000);
    CHECK_OK(unlink("f"));
}

TEST(now)
{
    write_file("f", "");
    CHECK_OK(touch("f", 1000, 0, 1000, 0, 0));
    CHECK_OK(touch("f", 0, UTIME_NOW, 0, UTIME_OMIT, 0));
    CHECK_OK(stat("f", &st));
    CHECK(labs(st.st_atime - time(NULL)) < 100);
    CHECK_EQ(st.st_mtime, 1000);
    CHECK_OK(utimensat(AT_FDCWD, "f", NULL, 0));
    CHECK_OK(stat("f", &st));
    CHECK(labs(st.st_mtime - time(NULL)) < 100);
    CHECK_OK(unlink("f"));
}

TEST(links_and_descriptors)
{
    struct timespec t[2] = {{5000, 0}, {6000, 0}};
    write_file("f", "");
    CHECK_OK(symlink("f", "l"));
    CHECK_OK(touch("l", 1000, 0, 2000, 0, AT_SYMLINK_NOFOLLOW));
    CHECK_OK(lstat("l", &st));
    CHECK(st.st_mtime == 2000);
    CHECK_OK(touch("l", 3000, 0, 4000, 0, 0));
    CHECK_OK(stat("f", &st));
    CHECK(st.st_mtime == 4000);
    int fd = CHECK_OK(open("f", O_RDONLY));
    CHECK_OK(futimens(fd, t));
    CHECK_OK(fstat(fd, &st));
    CHECK(st.st_atime == 5000 && st.st_mtime == 6000);
    CHECK_OK(close(fd));
    CHECK_OK(unlink("l"));
    CHECK_OK(unlink("f"));
}

TEST(old_calls)
{
    struct utimbuf old = {7000, 8000};
    struct timeval tv[2] = {{9000, 5}, {9500, 6}}, bad[2] = {{0, 1000000}, {0, 0}};
    write_file("f", "");
    CHECK_OK(syscall(SYS_utime, "f", &old));
    CHECK_OK(stat("f", &st));
    CHECK(st.st_atime == 7000 && st.st_mtime == 8000);
    CHECK_OK(syscall(SYS_utimes, "f", tv));
    CHECK_OK(stat("f", &st));
    CHECK(st.st_mtim.tv_sec == 9500 && st.st_mtim.tv_nsec == 6000);
    CHECK_ERRNO(syscall(SYS_utimes, "f", bad), EINVAL);
    CHECK_OK(unlink("f"));
}

TEST(errors)
{
    pid_t pid;
    write_file("f", "");
    CHECK_ERRNO(touch("none", 1, 0, 1, 0, 0), ENOENT);
    CHECK_ERRNO(touch("f", 1, 1000000000, 1, 0, 0), EINVAL);
    CHECK_ERRNO(touch("f", 1, -1, 1, 0, 0), EINVAL);
    CHECK_ERRNO(touch("f", 1, 0, 1, 0, 0x40000000), EINVAL);
    CHECK_ERRNO(utimensat(AT_FDCWD, "f", BAD_POINTER, 0), EFAULT);
    CHECK_OK(chmod("f", 0666));
    IN_CHILD(pid) {
        if (is_root()) {
            become_nobody();
            // Write permission allows "now", not other times.
            CHECK_OK(utimensat(AT_FDCWD, "f", NULL, 0));
            CHECK_ERRNO(touch("f", 1, 0, 1, 0, 0), EPERM);
            CHECK_ERRNO(touch("f", 0, UTIME_NOW, 0, UTIME_OMIT, 0), EPERM);
            CHECK_OK(touch("f", 0, UTIME_OMIT, 0, UTIME_OMIT, 0));
        }
        CHECK_ERRNO(touch("/proc/self/exe/x", 1, 0, 1, 0, 0), ENOTDIR);
    }
    CHECK_EXIT(pid, 0);
    CHECK_OK(chmod("f", 0444));
    IN_CHILD(pid) {
        bool owner = !is_root();
        become_nobody();
        if (owner) CHECK_OK(utimensat(AT_FDCWD, "f", NULL, 0)); // the owner needs no write permission
        else CHECK_ERRNO(utimensat(AT_FDCWD, "f", NULL, 0), EACCES);
    }
    CHECK_EXIT(pid, 0);
    CHECK_OK(unlink("f"));
}

TEST(set_by_the_kernel)
{
    char byte;
    write_file("f", "abc");
    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(touch("f", 1000, 0, 1000, 0, 0));
    CHECK_OK(touch("d", 1000, 0, 1000, 0, 0));
    CHECK_OK(stat("f", &st));
    CHECK(st.st_ctime > 1000); // nobody can set ctime
    int fd = CHECK_OK(open("f", O_RDWR));
    CHECK_OK(fstat(fd, &st));
    CHECK_EQ(st.st_mtime, 1000);
    CHECK_EQ(read(fd, &byte, 1), 1);
    CHECK_OK(fstat(fd, &st));
    CHECK_EQ(st.st_mtime, 1000);
    CHECK_EQ(write(fd, "x", 1), 1);
    CHECK_OK(fstat(fd, &st));
    CHECK(st.st_mtime > 1000);
    CHECK_OK(close(fd));
    CHECK_OK(touch("f", 1000, 0, 1000, 0, 0));
    CHECK_OK(rename("f", "d/f")); // changes both directories, not the file's mtime
    CHECK_OK(stat("d", &st));
    CHECK(st.st_mtime > 1000);
    CHECK_OK(stat("d/f", &st));
    CHECK_EQ(st.st_mtime, 1000);
    CHECK_OK(touch("d", 1000, 0, 1000, 0, 0));
    CHECK_OK(unlink("d/f"));
    CHECK_OK(stat("d", &st));
    CHECK(st.st_mtime > 1000);
    CHECK_OK(rmdir("d"));
}

TEST(open_noatime_and_far_times)
{
    write_file("f", "abc");
    int fd = CHECK_OK(open("f", O_RDONLY | O_NOATIME));
    CHECK_OK(close(fd));
    CHECK_OK(touch("f", 0, 0, 0x80000000LL + 5, 0, 0)); // beyond 2038
    CHECK_OK(stat("f", &st));
    CHECK_EQ(st.st_mtime, 0x80000000LL + 5);
    CHECK_OK(touch("f", 0, 0, -1000, 0, 0)); // before 1970
    CHECK_OK(stat("f", &st));
    CHECK_EQ(st.st_mtime, -1000);
    CHECK_OK(unlink("f"));
}
