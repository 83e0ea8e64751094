// truncate(2), ftruncate(2), fallocate(2).
#include "guest.h"
#include <linux/falloc.h>

static off_t size_of(int fd)
{
    struct stat st;
    CHECK_OK(fstat(fd, &st));
    return st.st_size;
}

TEST(shrink_and_grow)
{
    char buffer[16];
    int fd = CHECK_OK(open("f", O_RDWR | O_CREAT, 0600));
    CHECK_EQ(write(fd, "0123456789", 10), 10);
    CHECK_OK(ftruncate(fd, 4));
    CHECK_EQ(size_of(fd), 4);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 10); // the offset stays
    CHECK_OK(ftruncate(fd, 8));
    CHECK_EQ(pread(fd, buffer, sizeof buffer, 0), 8);
    CHECK(memcmp(buffer, "0123\0\0\0\0", 8) == 0); // what was cut does not come back
    CHECK_EQ(write(fd, "x", 1), 1);
    CHECK_EQ(size_of(fd), 11);
    CHECK_OK(truncate("f", 0));
    CHECK_EQ(size_of(fd), 0);
    CHECK_OK(close(fd));
    CHECK_OK(unlink("f"));
}

TEST(partial_page_is_zeroed)
{
    char buffer[PAGE];
    int fd = CHECK_OK(open("f", O_RDWR | O_CREAT, 0600));
    memset(buffer, 'a', sizeof buffer);
    for (int i = 0; i < 3; i++) CHECK_EQ(write(fd, buffer, PAGE), PAGE);
    CHECK_OK(ftruncate(fd, PAGE + 100));
    CHECK_OK(ftruncate(fd, 3 * PAGE));
    CHECK_EQ(pread(fd, buffer, PAGE, PAGE), PAGE);
    CHECK_EQ(buffer[99], 'a');
    CHECK_EQ(buffer[100], 0);
    CHECK_EQ(buffer[PAGE - 1], 0);
    CHECK_EQ(pread(fd, buffer, PAGE, 2 * PAGE), PAGE);
    CHECK_EQ(buffer[0], 0);
    CHECK_OK(close(fd));
    CHECK_OK(unlink("f"));
}

TEST(errors)
{
    int ends[2], fd;
    write_file("f", "abc");
    CHECK_ERRNO(truncate("none", 0), ENOENT);
    CHECK_ERRNO(truncate(".", 0), EISDIR);
    CHECK_ERRNO(truncate("f", -1), EINVAL);
    CHECK_ERRNO(truncate("f/x", 0), ENOTDIR);
    CHECK_ERRNO(truncate(BAD_POINTER, 0), EFAULT);
    fd = CHECK_OK(open("f", O_RDONLY));
    CHECK_ERRNO(ftruncate(fd, 0), EINVAL); // not open for writing
    CHECK_OK(close(fd));
    fd = CHECK_OK(open("f", O_RDWR));
    CHECK_ERRNO(ftruncate(fd, -1), EINVAL);
    CHECK_OK(close(fd));
    CHECK_ERRNO(ftruncate(-1, 0), EBADF);
    CHECK_OK(pipe(ends));
    CHECK_ERRNO(ftruncate(ends[1], 0), EINVAL);
    CHECK_OK(close(ends[0]));
    CHECK_OK(close(ends[1]));
    CHECK_OK(unlink("f"));
}

TEST(permission)
{
    pid_t pid;
    write_file("f", "abc");
    CHECK_OK(chmod("f", 0400));
    IN_CHILD(pid) {
        become_nobody();
        CHECK_ERRNO(truncate("f", 0), EACCES);
    }
    CHECK_EXIT(pid, 0);
    CHECK_OK(unlink("f"));
}

TEST(updates_mtime)
{
    struct stat st;
    struct timespec old[2] = {{1000, 0}, {1000, 0}};
    write_file("f", "abc");
    CHECK_OK(utimensat(AT_FDCWD, "f", old, 0));
    CHECK_OK(truncate("f", 1));
    CHECK_OK(stat("f", &st));
    CHECK(st.st_mtime > 1000);
    CHECK_OK(unlink("f"));
}

TEST(fallocate_extends)
{
    struct stat st;
    char byte = 1;
    int fd = CHECK_OK(open("f", O_RDWR | O_CREAT, 0600));
    if (fallocate(fd, 0, 0, 100000) == -1 && errno == EOPNOTSUPP) goto out;
    CHECK_EQ(size_of(fd), 100000);
    CHECK_OK(fstat(fd, &st));
    CHECK(st.st_blocks * 512 >= 100000);
    CHECK_EQ(pread(fd, &byte, 1, 99999), 1);
    CHECK_EQ(byte, 0);
    CHECK_OK(fallocate(fd, FALLOC_FL_KEEP_SIZE, 100000, 100000));
    CHECK_EQ(size_of(fd), 100000);
    CHECK_OK(fallocate(fd, 0, 10, 20)); // inside: nothing changes
    CHECK_EQ(size_of(fd), 100000);
    CHECK_EQ(posix_fallocate(fd, 150000, 1), 0);
    CHECK_EQ(size_of(fd), 150001);
out:
    CHECK_OK(close(fd));
    CHECK_OK(unlink("f"));
}

TEST(punch_hole)
{
    char buffer[4 * PAGE];
    int fd = CHECK_OK(open("f", O_RDWR | O_CREAT, 0600));
    memset(buffer, 'a', sizeof buffer);
    CHECK_EQ(write(fd, buffer, sizeof buffer), sizeof buffer);
    if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, PAGE + 10, 2 * PAGE) == -1 && errno == EOPNOTSUPP) goto out;
    CHECK_EQ(size_of(fd), 4 * PAGE);
    CHECK_EQ(pread(fd, buffer, sizeof buffer, 0), sizeof buffer);
    CHECK_EQ(buffer[PAGE + 9], 'a');
    CHECK_EQ(buffer[PAGE + 10], 0);
    CHECK_EQ(buffer[2 * PAGE], 0);
    CHECK_EQ(buffer[3 * PAGE + 9], 0);
    CHECK_EQ(buffer[3 * PAGE + 10], 'a');
    CHECK_OK(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 100 * PAGE, PAGE)); // beyond the end
    CHECK_EQ(size_of(fd), 4 * PAGE);
out:
    CHECK_OK(close(fd));
    CHECK_OK(unlink("f"));
}

TEST(fallocate_errors)
{
    int ends[2], fd = CHECK_OK(open("f", O_RDWR | O_CREAT, 0600)), readonly = CHECK_OK(open("f", O_RDONLY));
    CHECK_ERRNO(fallocate(fd, 0, -1, 10), EINVAL);
    CHECK_ERRNO(fallocate(fd, 0, 0, 0), EINVAL);
    CHECK_ERRNO(fallocate(fd, 0, 0, -1), EINVAL);
    CHECK_ERRNO(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 10), EOPNOTSUPP); // needs KEEP_SIZE
    CHECK_ERRNO(fallocate(fd, 0x40000000, 0, 10), EOPNOTSUPP);
    CHECK_ERRNO(fallocate(fd, 0, LLONG_MAX, 10), EFBIG);
    CHECK_ERRNO(fallocate(readonly, 0, 0, 10), EBADF);
    CHECK_OK(pipe(ends));
    CHECK_ERRNO(fallocate(ends[1], 0, 0, 10), ESPIPE);
    CHECK_OK(close(ends[0]));
    CHECK_OK(close(ends[1]));
    CHECK_OK(close(readonly));
    CHECK_OK(close(fd));
    CHECK_OK(unlink("f"));
}

// Small reads of a large file, which a kernel may serve by other means than large ones, while it shrinks, grows and gets holes.
TEST(small_reads_of_a_large_file)
{
    enum { SIZE = 200 * PAGE };
    static unsigned char buffer[SIZE], part[PAGE];
    int fd = CHECK_OK(open("f", O_RDWR | O_CREAT, 0600));
    for (int i = 0; i < SIZE; i++) buffer[i] = (unsigned char)(i * 7 + i / PAGE);
    for (int round = 0; round < 3; round++) {
        CHECK_EQ(pwrite(fd, buffer, SIZE, 0), SIZE);
        for (int i = 0; i < 100; i++) {
            int offset = (i * 7919) % (SIZE - PAGE);
            CHECK_EQ(pread(fd, part, PAGE, offset), PAGE);
            CHECK_EQ(memcmp(part, buffer + offset, PAGE), 0);
        }
        CHECK_OK(ftruncate(fd, 100 * PAGE + 5));
        CHECK_EQ(pread(fd, part, PAGE, 100 * PAGE), 5);
        CHECK_EQ(pread(fd, part, PAGE, 100 * PAGE + 5), 0);
        CHECK_EQ(pread(fd, part, PAGE, 150 * PAGE), 0);
        CHECK_OK(ftruncate(fd, SIZE));
        CHECK_EQ(pread(fd, part, PAGE, 100 * PAGE), PAGE);
        CHECK(part[4] == buffer[100 * PAGE + 4] && part[5] == 0 && part[PAGE - 1] == 0);
        CHECK_EQ(pwrite(fd, "x", 1, 180 * PAGE), 1);
        CHECK_EQ(pread(fd, part, PAGE, 180 * PAGE - 1), PAGE);
        CHECK(part[0] == 0 && part[1] == 'x' && part[2] == 0);
        char *map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        CHECK(map != MAP_FAILED);
        map[20 * PAGE + 3] = 'm'; // what is written there is read at once
        CHECK_EQ(pread(fd, part, PAGE, 20 * PAGE), PAGE);
        CHECK_EQ(part[3], 'm');
        CHECK_OK(munmap(map, SIZE));
    }
    CHECK_OK(close(fd));
    CHECK_OK(unlink("f"));
}
