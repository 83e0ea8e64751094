// null(4), zero(4), full(4), random(4), getrandom(2), /dev/shm, /dev/fd.
#include "guest.h"
#include <sys/ioctl.h>
#include <sys/random.h>

static int dev(const char *name) { return CHECK_OK(open(name, O_RDWR)); }

TEST(null)
{
    char byte;
    int fd = dev("/dev/null");
    CHECK_EQ(read(fd, &byte, 1), 0);
    CHECK_EQ(write(fd, "abc", 3), 3);
    CHECK_EQ(write(fd, BAD_POINTER, 3), 3); // nothing is looked at
    CHECK_EQ(lseek(fd, 1000, SEEK_SET), 0);
    CHECK_EQ(pread(fd, &byte, 1, 100), 0);
    CHECK_ERRNO(ftruncate(fd, 0), EINVAL);
    CHECK_ERRNO(fsync(fd), EINVAL);
    CHECK_OK(close(fd));
    fd = CHECK_OK(open("/dev/null", O_WRONLY | O_TRUNC | O_CREAT, 0600)); // as the shell opens it
    CHECK_OK(close(fd));
}

TEST(zero)
{
    char data[10000];
    memset(data, 'x', sizeof data);
    int fd = dev("/dev/zero");
    CHECK_EQ(read(fd, data, sizeof data), sizeof data);
    for (size_t i = 0; i < sizeof data; i++)
        if (data[i]) { CHECK(!"not zero"); break; }
    CHECK_EQ(write(fd, data, sizeof data), sizeof data);
    CHECK_ERRNO(read(fd, BAD_POINTER, 10), EFAULT);
    CHECK_OK(close(fd));
}

TEST(full)
{
    char data[100] = {1};
    int fd = dev("/dev/full");
    CHECK_EQ(read(fd, data, sizeof data), sizeof data);
    CHECK_EQ(data[0], 0);
    CHECK_ERRNO(write(fd, "x", 1), ENOSPC);
    CHECK_OK(close(fd));
}

static void check_random(const unsigned char *a, const unsigned char *b, size_t n)
{
    int bits = 0;
    CHECK(memcmp(a, b, n) != 0);
    for (size_t i = 0; i < n; i++) bits += __builtin_popcount(a[i]);
    CHECK(bits > (int)n * 3 && bits < (int)n * 5); // about four of eight
}

TEST(random_bytes)
{
    unsigned char a[1000], b[1000];
    int fd = dev("/dev/urandom");
    CHECK_EQ(read(fd, a, sizeof a), sizeof a);
    CHECK_EQ(read(fd, b, sizeof b), sizeof b);
    check_random(a, b, sizeof a);
    CHECK_EQ(write(fd, "seed", 4), 4); // anyone may stir
    CHECK_ERRNO(read(fd, BAD_POINTER, 10), EFAULT);
    CHECK_OK(close(fd));
    fd = CHECK_OK(open("/dev/random", O_RDONLY));
    CHECK_EQ(read(fd, a, 16), 16);
    CHECK_OK(close(fd));
    CHECK_EQ(getrandom(a, sizeof a, 0), sizeof a);
    CHECK_EQ(getrandom(b, sizeof b, GRND_NONBLOCK), sizeof b);
    check_random(a, b, sizeof a);
    CHECK_EQ(getrandom(a, 16, GRND_RANDOM), 16);
    CHECK_EQ(getrandom(a, 0, 0), 0);
    CHECK_ERRNO(getrandom(a, 1, 0x100), EINVAL);
    CHECK_ERRNO(syscall(SYS_getrandom, BAD_POINTER, 10, 0), EFAULT);
}

TEST(random_differs_after_fork)
{
    unsigned char a[32], b[32];
    int out[2];
    pid_t pid;
    CHECK_OK(pipe(out));
    IN_CHILD(pid) {
        CHECK_EQ(getrandom(a, sizeof a, 0), sizeof a);
        CHECK_EQ(write(out[1], a, sizeof a), sizeof a);
    }
    CHECK_EQ(getrandom(b, sizeof b, 0), sizeof b);
    CHECK_EQ(read(out[0], a, sizeof a), sizeof a);
    CHECK(memcmp(a, b, sizeof a) != 0);
    CHECK_EXIT(pid, 0);
    CHECK_OK(close(out[0]));
    CHECK_OK(close(out[1]));
}

TEST(shared_memory_directory)
{
    char name[64];
    struct stat st;
    pid_t pid;
    snprintf(name, sizeof name, "/guest-test-%d", getpid());
    int fd = CHECK_OK(shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600));
    CHECK_OK(ftruncate(fd, PAGE));
    CHECK_OK(fstat(fd, &st));
    CHECK_EQ(st.st_size, PAGE);
    int *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    IN_CHILD(pid) {
        int own = CHECK_OK(shm_open(name, O_RDWR, 0));
        int *q = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, own, 0);
        *q = 42;
    }
    CHECK_EXIT(pid, 0);
    CHECK_EQ(*p, 42);
    CHECK_OK(munmap(p, PAGE));
    CHECK_OK(close(fd));
    CHECK_OK(shm_unlink(name));
    CHECK_ERRNO(shm_open(name, O_RDWR, 0), ENOENT);
    CHECK_OK(stat("/dev/shm", &st));
    CHECK(st.st_mode & S_IWOTH);
}

TEST(fd_links)
{
    char text[8] = {0};
    int ends[2];
    CHECK_OK(pipe(ends));
    char path[32];
    snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
    int fd = CHECK_OK(open(path, O_RDONLY));
    CHECK_EQ(write(ends[1], "x", 1), 1);
    CHECK_EQ(read(fd, text, 1), 1);
    CHECK_OK(close(fd));
    CHECK_OK(close(ends[0]));
    CHECK_OK(close(ends[1]));
    CHECK(readlink("/dev/stdin", path, sizeof path) > 0);
}

TEST(ioctls)
{
    char termios[256];
    int fd = dev("/dev/null"), value = 1;
    CHECK_ERRNO(ioctl(fd, TCGETS, termios), ENOTTY);
    CHECK_ERRNO(ioctl(fd, 0x12345678, 0), ENOTTY);
    CHECK_OK(ioctl(fd, FIOCLEX));
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_OK(ioctl(fd, FIONCLEX));
    CHECK_EQ(fcntl(fd, F_GETFD), 0);
    CHECK_OK(ioctl(fd, FIONBIO, &value));
    CHECK(fcntl(fd, F_GETFL) & O_NONBLOCK);
    CHECK_ERRNO(ioctl(-1, FIONBIO, &value), EBADF);
    CHECK_ERRNO(ioctl(fd, FIONBIO, BAD_POINTER), EFAULT);
    CHECK_OK(close(fd));
}
