// stat(2), statx(2), statfs(2): what is told about each kind of file.
#include "guest.h"
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

static struct stat st;

TEST(regular_file)
{
    struct stat by_fd, by_lstat, by_at;
    write_file("f", "12345");
    CHECK_OK(chmod("f", 0640));
    CHECK_OK(stat("f", &st));
    CHECK_EQ(st.st_mode, S_IFREG | 0640);
    CHECK_EQ(st.st_size, 5);
    CHECK_EQ(st.st_nlink, 1);
    CHECK_EQ(st.st_uid, geteuid());
    CHECK(st.st_ino != 0);
    CHECK(st.st_blksize >= 512);
    CHECK(st.st_blocks <= 128);
    CHECK_OK(lstat("f", &by_lstat));
    CHECK_OK(fstatat(AT_FDCWD, "f", &by_at, 0));
    int fd = CHECK_OK(open("f", O_RDONLY));
    CHECK_OK(fstat(fd, &by_fd));
    CHECK(by_fd.st_ino == st.st_ino && by_lstat.st_ino == st.st_ino && by_at.st_ino == st.st_ino);
    CHECK(by_fd.st_dev == st.st_dev && by_lstat.st_dev == st.st_dev && by_at.st_dev == st.st_dev);
    CHECK_OK(unlink("f"));
    CHECK_OK(fstat(fd, &st));
    CHECK_EQ(st.st_nlink, 0);
    CHECK_EQ(st.st_size, 5);
    CHECK_OK(close(fd));
}

TEST(kinds)
{
    int ends[2], pair[2];
    CHECK_OK(stat(".", &st));
    CHECK(S_ISDIR(st.st_mode));
    CHECK_OK(stat("/dev/null", &st));
    CHECK(S_ISCHR(st.st_mode));
    CHECK_EQ(st.st_rdev, makedev(1, 3));
    CHECK_OK(stat("/dev/zero", &st));
    CHECK_EQ(st.st_rdev, makedev(1, 5));
    CHECK_OK(stat("/dev/full", &st));
    CHECK_EQ(st.st_rdev, makedev(1, 7));
    CHECK_OK(stat("/dev/urandom", &st));
    CHECK_EQ(st.st_rdev, makedev(1, 9));
    CHECK_OK(stat("/dev/tty", &st));
    CHECK_EQ(st.st_rdev, makedev(5, 0));
    CHECK_OK(symlink("target/path", "l"));
    CHECK_OK(lstat("l", &st));
    CHECK_EQ(st.st_mode, S_IFLNK | 0777);
    CHECK_EQ(st.st_size, 11);
    CHECK_OK(unlink("l"));
    CHECK_OK(pipe(ends));
    CHECK_OK(fstat(ends[0], &st));
    CHECK_EQ(st.st_mode, S_IFIFO | 0600);
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    CHECK_OK(fstat(pair[0], &st));
    CHECK_EQ(st.st_mode, S_IFSOCK | 0777);
    for (int i = 0; i < 2; i++) {
        CHECK_OK(close(ends[i]));
        CHECK_OK(close(pair[i]));
    }
}

TEST(link_counts)
{
    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(stat("d", &st));
    nlink_t empty = st.st_nlink; // 2, or 1 on file systems that do not count
    CHECK_OK(mkdir("d/e", 0755));
    CHECK_OK(stat("d", &st));
    CHECK(st.st_nlink == empty + 1 || empty == 1);
    write_file("d/f", "");
    CHECK_OK(link("d/f", "d/g"));
    CHECK_OK(stat("d/f", &st));
    CHECK_EQ(st.st_nlink, 2);
    CHECK_OK(unlink("d/f"));
    CHECK_OK(stat("d/g", &st));
    CHECK_EQ(st.st_nlink, 1);
    CHECK_OK(unlink("d/g"));
    CHECK_OK(rmdir("d/e"));
    CHECK_OK(rmdir("d"));
}

TEST(at_flags)
{
    write_file("f", "x");
    CHECK_OK(symlink("f", "l"));
    CHECK_OK(fstatat(AT_FDCWD, "l", &st, 0));
    CHECK(S_ISREG(st.st_mode));
    CHECK_OK(fstatat(AT_FDCWD, "l", &st, AT_SYMLINK_NOFOLLOW));
    CHECK(S_ISLNK(st.st_mode));
    int fd = CHECK_OK(open("f", O_RDONLY));
    CHECK_OK(fstatat(fd, "", &st, AT_EMPTY_PATH));
    CHECK_EQ(st.st_size, 1);
    CHECK_ERRNO(fstatat(fd, "", &st, 0), ENOENT);
    CHECK_ERRNO(fstatat(fd, "f", &st, 0), ENOTDIR);
    CHECK_ERRNO(fstatat(-7, "f", &st, 0), EBADF);
    CHECK_ERRNO(fstatat(AT_FDCWD, "f", &st, 0x40000000), EINVAL);
    CHECK_OK(fstatat(AT_FDCWD, "", &st, AT_EMPTY_PATH)); // the working directory
    CHECK(S_ISDIR(st.st_mode));
    CHECK_OK(close(fd));
    CHECK_ERRNO(fstat(fd, &st), EBADF);
    CHECK_ERRNO(syscall(SYS_fstat, 1, BAD_POINTER), EFAULT);
    CHECK_ERRNO(syscall(SYS_stat, "f", BAD_POINTER), EFAULT);
    CHECK_OK(unlink("l"));
    CHECK_OK(unlink("f"));
}

TEST(statx_fields)
{
    struct statx x;
    write_file("f", "1234");
    memset(&x, 0xff, sizeof x);
    CHECK_OK(statx(AT_FDCWD, "f", 0, STATX_BASIC_STATS | STATX_BTIME, &x));
    CHECK_OK(stat("f", &st));
    CHECK_EQ(x.stx_mask & STATX_BASIC_STATS, STATX_BASIC_STATS);
    CHECK_EQ(x.stx_mode, st.st_mode);
    CHECK_EQ(x.stx_size, 4);
    CHECK_EQ(x.stx_ino, st.st_ino);
    CHECK_EQ(x.stx_uid, st.st_uid);
    CHECK_EQ(x.stx_gid, st.st_gid);
    CHECK_EQ(x.stx_nlink, 1);
    CHECK_EQ(x.stx_mtime.tv_sec, st.st_mtim.tv_sec);
    CHECK_EQ(x.stx_mtime.tv_nsec, st.st_mtim.tv_nsec);
    CHECK_EQ(makedev(x.stx_dev_major, x.stx_dev_minor), st.st_dev);
    int fd = CHECK_OK(open("f", O_RDONLY));
    CHECK_OK(statx(fd, "", AT_EMPTY_PATH, STATX_SIZE, &x));
    CHECK_EQ(x.stx_size, 4);
    CHECK_OK(statx(AT_FDCWD, "/dev/null", AT_STATX_DONT_SYNC, STATX_TYPE, &x));
    CHECK(S_ISCHR(x.stx_mode));
    CHECK_EQ(makedev(x.stx_rdev_major, x.stx_rdev_minor), makedev(1, 3));
    CHECK_ERRNO(statx(AT_FDCWD, "none", 0, STATX_BASIC_STATS, &x), ENOENT);
    CHECK_ERRNO(statx(AT_FDCWD, "f", 0, STATX__RESERVED, &x), EINVAL);
    CHECK_ERRNO(statx(AT_FDCWD, "f", AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC, STATX_BASIC_STATS, &x), EINVAL);
    CHECK_ERRNO(statx(AT_FDCWD, "f", 0x40000000, STATX_BASIC_STATS, &x), EINVAL);
    CHECK_ERRNO(syscall(SYS_statx, AT_FDCWD, "f", 0, STATX_BASIC_STATS, BAD_POINTER), EFAULT);
    CHECK_OK(close(fd));
    CHECK_OK(unlink("f"));
}

TEST(blocks_grow_with_data)
{
    static char data[256 * 1024];
    int fd = CHECK_OK(open("f", O_RDWR | O_CREAT, 0600));
    CHECK_OK(ftruncate(fd, 1 << 30));
    CHECK_OK(fstat(fd, &st));
    CHECK(st.st_blocks < 1024);
    memset(data, 1, sizeof data);
    CHECK_EQ(write(fd, data, sizeof data), sizeof data);
    CHECK_OK(fsync(fd));
    CHECK_OK(fstat(fd, &st));
    CHECK(st.st_blocks >= (long)sizeof data / 512);
    CHECK(st.st_blocks < 4 * (long)sizeof data / 512);
    CHECK_OK(close(fd));
    CHECK_OK(unlink("f"));
}

TEST(statfs_fields)
{
    struct statfs fs, fs2;
    CHECK_OK(statfs(".", &fs));
    CHECK(fs.f_bsize >= 512);
    CHECK_EQ(fs.f_namelen, NAME_MAX);
    int fd = CHECK_OK(open(".", O_RDONLY));
    CHECK_OK(fstatfs(fd, &fs2));
    CHECK_EQ(fs.f_type, fs2.f_type);
    CHECK_OK(close(fd));
    CHECK_OK(statfs("/proc", &fs));
    CHECK_EQ(fs.f_type, 0x9fa0); // PROC_SUPER_MAGIC
    CHECK_OK(statfs("/dev/shm", &fs));
    CHECK_EQ(fs.f_type, 0x01021994); // TMPFS_MAGIC
    CHECK_ERRNO(statfs("none", &fs), ENOENT);
    CHECK_ERRNO(fstatfs(-1, &fs), EBADF);
    CHECK_ERRNO(syscall(SYS_statfs, ".", BAD_POINTER), EFAULT);
}
