// eventfd(2): a counter that is a file.
#include "guest.h"
#include <sys/eventfd.h>

static int add(int fd, uint64_t value) { return write(fd, &value, 8) == 8 ? 0 : -1; }
static int64_t take(int fd)
{
    uint64_t value;
    return read(fd, &value, 8) == 8 ? (int64_t)value : -1;
}
static int ready(int fd)
{
    struct pollfd p = {fd, POLLIN | POLLOUT};
    CHECK(poll(&p, 1, 0) >= 0);
    return p.revents;
}

TEST(counts)
{
    int fd = CHECK_OK(eventfd(5, EFD_NONBLOCK));
    CHECK_EQ(take(fd), 5);
    CHECK_ERRNO(take(fd), EAGAIN);
    CHECK_OK(add(fd, 2));
    CHECK_OK(add(fd, 3));
    CHECK_OK(add(fd, 0));
    CHECK_EQ(take(fd), 5); // reading takes all
    CHECK_OK(close(fd));
}

TEST(semaphore)
{
    int fd = CHECK_OK(eventfd(2, EFD_NONBLOCK | EFD_SEMAPHORE));
    CHECK_EQ(take(fd), 1);
    CHECK_EQ(take(fd), 1);
    CHECK_ERRNO(take(fd), EAGAIN);
    CHECK_OK(close(fd));
}

TEST(limits)
{
    int fd = CHECK_OK(eventfd(0, EFD_NONBLOCK));
    CHECK_ERRNO(add(fd, UINT64_MAX), EINVAL);
    CHECK_OK(add(fd, UINT64_MAX - 1));
    CHECK_ERRNO(add(fd, 1), EAGAIN);
    CHECK_EQ(ready(fd), POLLIN);
    CHECK_EQ(take(fd), -2);
    CHECK_EQ(ready(fd), POLLOUT);
    CHECK_OK(add(fd, 1));
    CHECK_EQ(ready(fd), POLLIN | POLLOUT);
    CHECK_OK(close(fd));
}

TEST(sizes_and_errors)
{
    char buffer[16] = {1};
    int fd = CHECK_OK(eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC));
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_ERRNO(read(fd, buffer, 7), EINVAL);
    CHECK_ERRNO(write(fd, buffer, 7), EINVAL);
    CHECK_EQ(read(fd, buffer, 16), 8);
    CHECK_ERRNO(write(fd, BAD_POINTER, 8), EFAULT);
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0); // noop_llseek: succeeds and does nothing
    CHECK_EQ(lseek(fd, 5, SEEK_SET), 0);
    CHECK_ERRNO(pread(fd, buffer, 8, 0), ESPIPE);
    CHECK_ERRNO(eventfd(0, 0x100000), EINVAL);
    CHECK_OK(close(fd));
}

TEST(blocking_read)
{
    pid_t pid;
    int fd = CHECK_OK(eventfd(0, 0));
    IN_CHILD(pid) CHECK_EQ(take(fd), 7);
    wait_until_blocked(pid);
    CHECK_OK(add(fd, 7));
    CHECK_EXIT(pid, 0);
    CHECK_OK(close(fd));
}

TEST(blocking_write)
{
    pid_t pid;
    int fd = CHECK_OK(eventfd(0, 0));
    CHECK_OK(add(fd, UINT64_MAX - 1));
    IN_CHILD(pid) CHECK_OK(add(fd, 5));
    wait_until_blocked(pid);
    CHECK_EQ(take(fd), -2);
    CHECK_EXIT(pid, 0);
    CHECK_EQ(take(fd), 5);
    CHECK_OK(close(fd));
}

TEST(semaphore_wakes_one_each)
{
    enum { N = 5 };
    pid_t pid[N];
    int fd = CHECK_OK(eventfd(0, EFD_SEMAPHORE));
    for (int i = 0; i < N; i++) IN_CHILD(pid[i]) CHECK_EQ(take(fd), 1);
    for (int i = 0; i < N; i++) wait_until_blocked(pid[i]);
    CHECK_OK(add(fd, N));
    for (int i = 0; i < N; i++) CHECK_EXIT(pid[i], 0);
    CHECK_OK(close(fd));
}

TEST(proc_names)
{
    char link[64], name[64], info[512], expected[64];
    int fd = CHECK_OK(eventfd(42, 0));
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = CHECK_OK(readlink(link, name, sizeof name - 1));
    name[n] = 0;
    CHECK_STR(name, "anon_inode:[eventfd]");
    snprintf(link, sizeof link, "/proc/self/fdinfo/%d", fd);
    CHECK(read_file(link, info, sizeof info) > 0);
    snprintf(expected, sizeof expected, "eventfd-count: %16x", 42);
    CHECK(strstr(info, expected) != NULL);
    CHECK_OK(close(fd));
}
