// read(2), write(2), pread(2), readv(2), lseek(2): data arrives where it should, offsets move only when they should.
#include "guest.h"

#define FILE_NAME "rw.tmp"

static int fresh(const char *text)
{
    int fd = CHECK_OK(open(FILE_NAME, O_RDWR | O_CREAT | O_TRUNC, 0600));
    CHECK_EQ(write(fd, text, strlen(text)), strlen(text));
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

static void done(int fd)
{
    CHECK_OK(close(fd));
    CHECK_OK(unlink(FILE_NAME));
}

TEST(read_moves_offset)
{
    char buffer[16] = {0};
    int fd = fresh("hello world");
    CHECK_EQ(read(fd, buffer, 5), 5);
    CHECK_STR(buffer, "hello");
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 5);
    CHECK_EQ(read(fd, buffer, sizeof buffer), 6);
    CHECK_EQ(read(fd, buffer, sizeof buffer), 0);
    CHECK_EQ(lseek(fd, 100, SEEK_SET), 100);
    CHECK_EQ(read(fd, buffer, sizeof buffer), 0);
    done(fd);
}

TEST(write_past_end_leaves_zeros)
{
    char buffer[12];
    int fd = fresh("ab");
    CHECK_EQ(lseek(fd, 8, SEEK_SET), 8);
    CHECK_EQ(write(fd, "cd", 2), 2);
    CHECK_EQ(pread(fd, buffer, sizeof buffer, 0), 10);
    CHECK(memcmp(buffer, "ab\0\0\0\0\0\0cd", 10) == 0);
    done(fd);
}

TEST(pread_pwrite_keep_offset)
{
    char buffer[8] = {0};
    int fd = fresh("0123456789");
    CHECK_EQ(pread(fd, buffer, 3, 4), 3);
    CHECK_STR(buffer, "456");
    CHECK_EQ(pwrite(fd, "XY", 2, 8), 2);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
    CHECK_EQ(pread(fd, buffer, 8, 6), 4);
    CHECK(memcmp(buffer, "67XY", 4) == 0);
    CHECK_EQ(pread(fd, buffer, 8, 10), 0);
    CHECK_ERRNO(pread(fd, buffer, 1, -1), EINVAL);
    CHECK_ERRNO(pwrite(fd, buffer, 1, -1), EINVAL);
    done(fd);
}

TEST(append)
{
    char buffer[16] = {0};
    int fd = fresh("one");
    int appender = CHECK_OK(open(FILE_NAME, O_WRONLY | O_APPEND));
    CHECK_EQ(lseek(appender, 0, SEEK_SET), 0);
    CHECK_EQ(write(appender, "two", 3), 3);
    CHECK_EQ(lseek(appender, 0, SEEK_CUR), 6);
    // pwrite(2), BUGS: with O_APPEND, Linux appends whatever the offset says.
    CHECK_EQ(pwrite(appender, "six", 3, 0), 3);
    CHECK_EQ(read(fd, buffer, sizeof buffer), 9);
    CHECK_STR(buffer, "onetwosix");
    CHECK_OK(close(appender));
    done(fd);
}

TEST(vectors)
{
    char a[4] = {0}, b[4] = {0};
    struct iovec in[] = {{a, 2}, {NULL, 0}, {b, 3}};
    struct iovec out[] = {{"ab", 2}, {"", 0}, {"cde", 3}};
    int fd = fresh("");
    CHECK_EQ(writev(fd, out, 3), 5);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 5);
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    CHECK_EQ(readv(fd, in, 3), 5);
    CHECK_STR(a, "ab");
    CHECK_STR(b, "cde");
    CHECK_EQ(pwritev(fd, out, 3, 3), 5);
    CHECK_EQ(preadv(fd, in, 3, 3), 5);
    CHECK_STR(b, "cde");
    CHECK_EQ(readv(fd, in, 0), 0);
    CHECK_ERRNO(readv(fd, in, -1), EINVAL);
    CHECK_ERRNO(readv(fd, in, IOV_MAX + 1), EINVAL);
    CHECK_ERRNO(readv(fd, BAD_POINTER, 1), EFAULT);
    in[0].iov_len = (size_t)-1;
    CHECK_ERRNO(readv(fd, in, 1), EINVAL);
    CHECK_ERRNO(preadv(fd, in, 1, -5), EINVAL);
    done(fd);
}

TEST(preadv2_flags)
{
    char a[4] = {0};
    struct iovec io = {a, 3};
    int fd = fresh("abcdef");
    // preadv2(2): offset -1 means "use and move the file offset".
    CHECK_EQ(preadv2(fd, &io, 1, -1, 0), 3);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 3);
    CHECK_EQ(preadv2(fd, &io, 1, 1, 0), 3);
    CHECK(memcmp(a, "bcd", 3) == 0);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 3);
    CHECK_EQ(pwritev2(fd, &io, 1, 0, RWF_APPEND), 3);
    CHECK_EQ(lseek(fd, 0, SEEK_END), 9);
    CHECK_EQ(pwritev2(fd, &io, 1, 0, RWF_DSYNC), 3);
    CHECK_ERRNO(preadv2(fd, &io, 1, 0, 0x40000000), EOPNOTSUPP);
    done(fd);
}

TEST(bad_descriptors)
{
    char byte;
    int fd = fresh("x"), readonly, writeonly;
    readonly = CHECK_OK(open(FILE_NAME, O_RDONLY));
    writeonly = CHECK_OK(open(FILE_NAME, O_WRONLY));
    CHECK_ERRNO(write(readonly, "x", 1), EBADF);
    CHECK_ERRNO(read(writeonly, &byte, 1), EBADF);
    CHECK_ERRNO(pwrite(readonly, "x", 1, 0), EBADF);
    CHECK_ERRNO(write(readonly, "x", 0), EBADF);
    CHECK_ERRNO(read(-1, &byte, 1), EBADF);
    CHECK_ERRNO(read(INT_MAX, &byte, 1), EBADF);
    CHECK_OK(close(readonly));
    CHECK_OK(close(writeonly));
    CHECK_ERRNO(read(readonly, &byte, 1), EBADF);
    CHECK_ERRNO(close(readonly), EBADF);
    CHECK_ERRNO(lseek(readonly, 0, SEEK_SET), EBADF);
    int directory = CHECK_OK(open(".", O_RDONLY | O_DIRECTORY));
    CHECK_ERRNO(read(directory, &byte, 1), EISDIR);
    CHECK_OK(close(directory));
    done(fd);
}

TEST(bad_buffers)
{
    int fd = fresh("hello");
    char *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK_ERRNO(read(fd, BAD_POINTER, 5), EFAULT);
    CHECK_ERRNO(write(fd, BAD_POINTER, 5), EFAULT);
    CHECK_ERRNO(read(fd, (void *)-PAGE, 5), EFAULT);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
    CHECK_EQ(read(fd, BAD_POINTER, 0), 0);
    CHECK_EQ(write(fd, BAD_POINTER, 0), 0);
    // A buffer that ends in a hole: the data that fits is moved, if the file has no more than that.
    CHECK_OK(munmap(pages + PAGE, PAGE));
    CHECK_EQ(read(fd, pages + PAGE - 5, 100), 5);
    CHECK(memcmp(pages + PAGE - 5, "hello", 5) == 0);
    // A read-only buffer cannot be read into.
    CHECK_OK(mprotect(pages, PAGE, PROT_READ));
    CHECK_ERRNO(pread(fd, pages, 5, 0), EFAULT);
    CHECK_OK(munmap(pages, PAGE));
    done(fd);
}

TEST(lseek_rules)
{
    int fd = fresh("0123456789"), ends[2];
    CHECK_EQ(lseek(fd, -3, SEEK_END), 7);
    CHECK_EQ(lseek(fd, -2, SEEK_CUR), 5);
    CHECK_ERRNO(lseek(fd, -6, SEEK_CUR), EINVAL);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 5);
    CHECK_ERRNO(lseek(fd, -1, SEEK_SET), EINVAL);
    CHECK_ERRNO(lseek(fd, 0, 99), EINVAL);
    CHECK_EQ(lseek(fd, 1LL << 33, SEEK_SET), 1LL << 33);
    CHECK_OK(pipe(ends));
    CHECK_ERRNO(lseek(ends[0], 0, SEEK_CUR), ESPIPE);
    CHECK_ERRNO(pread(ends[0], &fd, 1, 0), ESPIPE);
    CHECK_ERRNO(pwrite(ends[1], "x", 1, 0), ESPIPE);
    CHECK_OK(close(ends[0]));
    CHECK_OK(close(ends[1]));
    done(fd);
}

TEST(holes)
{
    struct stat st;
    char byte = 'x';
    int fd = fresh("");
    const off_t far = 1 << 20;
    CHECK_ERRNO(lseek(fd, 0, SEEK_DATA), ENXIO);
    CHECK_EQ(pwrite(fd, "data", 4, far), 4);
    CHECK_OK(fstat(fd, &st));
    CHECK_EQ(st.st_size, far + 4);
    CHECK_EQ(pread(fd, &byte, 1, far / 2), 1);
    CHECK_EQ(byte, 0);
    // lseek(2): a file system may call a hole data, so two answers are right for each of these.
    off_t data = lseek(fd, 0, SEEK_DATA), hole = lseek(fd, 0, SEEK_HOLE);
    CHECK(data == 0 || data == far);
    CHECK(hole == 0 || hole == far + 4);
    CHECK((data == 0) == (hole != 0));
    CHECK_EQ(lseek(fd, far, SEEK_DATA), far);
    CHECK_EQ(lseek(fd, far, SEEK_HOLE), far + 4);
    CHECK_ERRNO(lseek(fd, far + 4, SEEK_DATA), ENXIO);
    CHECK_ERRNO(lseek(fd, far + 4, SEEK_HOLE), ENXIO);
    CHECK_ERRNO(lseek(fd, -1, SEEK_HOLE), ENXIO);
    done(fd);
}

TEST(large_transfer)
{
    enum { SIZE = 3 << 20 };
    unsigned char *out = malloc(SIZE), *in = calloc(1, SIZE);
    int fd = fresh("");
    for (int i = 0; i < SIZE; i++) out[i] = i * 7 + (i >> 12);
    CHECK_EQ(write(fd, out, SIZE), SIZE);
    CHECK_EQ(pread(fd, in, SIZE, 0), SIZE);
    CHECK(memcmp(in, out, SIZE) == 0);
    CHECK_EQ(pread(fd, in, 5000, 4093), 5000);
    CHECK(memcmp(in, out + 4093, 5000) == 0);
    CHECK_OK(fsync(fd));
    CHECK_OK(fdatasync(fd));
    free(out);
    free(in);
    done(fd);
}

TEST(shared_offset_after_fork)
{
    char byte;
    pid_t pid;
    int fd = fresh("abc");
    IN_CHILD(pid) CHECK_EQ(read(fd, &byte, 1), 1);
    CHECK_EXIT(pid, 0);
    CHECK_EQ(read(fd, &byte, 1), 1);
    CHECK_EQ(byte, 'b');
    done(fd);
}
