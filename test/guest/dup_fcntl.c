// dup(2), dup2(2), dup3(2), fcntl(2), close_range(2): descriptors, their flags, and what they share.
#include "guest.h"
#include <sys/ioctl.h>
#include <linux/close_range.h>

TEST(dup_shares_the_description)
{
    char byte;
    write_file("f", "abc");
    int fd = CHECK_OK(open("f", O_RDONLY)), copy = CHECK_OK(dup(fd)), other = CHECK_OK(open("f", O_RDONLY));
    CHECK_EQ(read(fd, &byte, 1), 1);
    CHECK_EQ(lseek(copy, 0, SEEK_CUR), 1);
    CHECK_EQ(lseek(other, 0, SEEK_CUR), 0);
    CHECK_OK(fcntl(fd, F_SETFL, O_NONBLOCK));
    CHECK(fcntl(copy, F_GETFL) & O_NONBLOCK);
    CHECK_OK(close(fd));
    CHECK_EQ(read(copy, &byte, 1), 1);
    CHECK_EQ(byte, 'b');
    CHECK_OK(close(copy));
    CHECK_OK(close(other));
    CHECK_OK(unlink("f"));
}

TEST(cloexec_is_per_descriptor)
{
    int fd = CHECK_OK(open("/dev/null", O_RDWR | O_CLOEXEC));
    int copy = CHECK_OK(dup(fd)), copy2 = CHECK_OK(fcntl(fd, F_DUPFD_CLOEXEC, 0));
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(fcntl(copy, F_GETFD), 0);
    CHECK_EQ(fcntl(copy2, F_GETFD), FD_CLOEXEC);
    CHECK_OK(fcntl(fd, F_SETFD, 0));
    CHECK_EQ(fcntl(fd, F_GETFD), 0);
    CHECK_OK(fcntl(fd, F_SETFD, 0xff)); // only the lowest bit counts
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_OK(close(fd));
    CHECK_OK(close(copy));
    CHECK_OK(close(copy2));
}

TEST(dup2_dup3)
{
    int fd = CHECK_OK(open("/dev/null", O_RDWR)), target = CHECK_OK(open("/dev/zero", O_RDONLY));
    char byte = 'x';
    CHECK_EQ(dup2(fd, target), target); // closes the target first
    CHECK_EQ(read(target, &byte, 1), 0);
    CHECK_EQ(dup2(fd, fd), fd);
    CHECK_ERRNO(dup2(-1, target), EBADF);
    CHECK_ERRNO(fcntl(-1, F_GETFD), EBADF);
    CHECK_ERRNO(dup2(fd, -1), EBADF);
    CHECK_ERRNO(dup2(fd, INT_MAX), EBADF);
    CHECK_EQ(read(target, &byte, 1), 0); // a failed dup2 leaves the target alone
    CHECK_EQ(dup3(fd, target, O_CLOEXEC), target);
    CHECK_EQ(fcntl(target, F_GETFD), FD_CLOEXEC);
    CHECK_ERRNO(dup3(fd, fd, 0), EINVAL);
    CHECK_ERRNO(dup3(fd, target, O_APPEND), EINVAL);
    CHECK_EQ(dup2(fd, 200), 200);
    CHECK_OK(close(200));
    CHECK_OK(close(target));
    CHECK_OK(close(fd));
    CHECK_ERRNO(dup(fd), EBADF);
    CHECK_ERRNO(dup2(fd, fd), EBADF);
}

TEST(dupfd_minimum)
{
    int fd = CHECK_OK(open("/dev/null", O_RDWR));
    CHECK_EQ(fcntl(fd, F_DUPFD, 100), 100);
    CHECK_EQ(fcntl(fd, F_DUPFD, 100), 101);
    CHECK_ERRNO(fcntl(fd, F_DUPFD, -1), EINVAL);
    CHECK_ERRNO(fcntl(fd, F_DUPFD, 1 << 30), EINVAL);
    CHECK_OK(close(100));
    CHECK_OK(close(101));
    CHECK_OK(close(fd));
}

TEST(status_flags)
{
    write_file("f", "abc");
    int fd = CHECK_OK(open("f", O_RDWR));
    // Access mode and creation flags cannot be changed and are ignored.
    CHECK_OK(fcntl(fd, F_SETFL, O_APPEND | O_WRONLY | O_CREAT));
    CHECK_EQ(fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_CREAT), O_RDWR | O_APPEND);
    CHECK_EQ(write(fd, "d", 1), 1);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 4); // appended
    CHECK_OK(fcntl(fd, F_SETFL, 0));
    CHECK_EQ(fcntl(fd, F_GETFL) & O_APPEND, 0);
    CHECK_ERRNO(fcntl(fd, 9999, 0), EINVAL);
    CHECK_OK(close(fd));
    CHECK_ERRNO(fcntl(fd, F_GETFL), EBADF);
    CHECK_OK(unlink("f"));
}

TEST(owner)
{
    int ends[2];
    CHECK_OK(pipe(ends));
    CHECK_EQ(fcntl(ends[0], F_GETOWN), 0);
    CHECK_OK(fcntl(ends[0], F_SETOWN, getpid()));
    CHECK_EQ(fcntl(ends[0], F_GETOWN), getpid());
    struct f_owner_ex owner = {F_OWNER_TID, 0};
    CHECK_OK(fcntl(ends[0], F_GETOWN_EX, &owner));
    CHECK_EQ(owner.type, F_OWNER_PID);
    CHECK_EQ(owner.pid, getpid());
    CHECK_ERRNO(fcntl(ends[0], F_SETOWN, 0x3ffffff), ESRCH);
    CHECK_OK(close(ends[0]));
    CHECK_OK(close(ends[1]));
}

TEST(pipe_size)
{
    int ends[2];
    CHECK_OK(pipe(ends));
    CHECK_EQ(fcntl(ends[0], F_GETPIPE_SZ), 65536);
    CHECK_EQ(fcntl(ends[1], F_SETPIPE_SZ, 5000), 8192); // rounded up to a power-of-two number of pages
    CHECK_EQ(fcntl(ends[0], F_GETPIPE_SZ), 8192);
    CHECK_OK(fcntl(ends[1], F_SETFL, O_NONBLOCK));
    static char data[16384];
    CHECK_EQ(write(ends[1], data, sizeof data), 8192);
    CHECK_ERRNO(fcntl(ends[1], F_SETPIPE_SZ, 4096), EBUSY); // does not hold what is in it
    int fd = CHECK_OK(open("/dev/null", O_RDONLY));
    CHECK_ERRNO(fcntl(fd, F_GETPIPE_SZ), EBADF);
    CHECK_OK(close(fd));
    CHECK_OK(close(ends[0]));
    CHECK_OK(close(ends[1]));
}

TEST(close_ranges)
{
    int fd = CHECK_OK(open("/dev/null", O_RDWR));
    for (int i = 300; i < 310; i++) CHECK_EQ(dup2(fd, i), i);
    CHECK_OK(close_range(302, 305, 0));
    CHECK_EQ(fcntl(301, F_GETFD), 0);
    CHECK_ERRNO(fcntl(302, F_GETFD), EBADF);
    CHECK_ERRNO(fcntl(305, F_GETFD), EBADF);
    CHECK_OK(close_range(306, 307, CLOSE_RANGE_CLOEXEC));
    CHECK_EQ(fcntl(306, F_GETFD), FD_CLOEXEC);
    CHECK_ERRNO(close_range(10, 5, 0), EINVAL);
    CHECK_ERRNO(close_range(10, 20, 0x100), EINVAL);
    CHECK_OK(close_range(300, ~0U, 0));
    CHECK_ERRNO(fcntl(309, F_GETFD), EBADF);
    CHECK_OK(close(fd));
}

TEST(close_rules)
{
    CHECK_ERRNO(close(-1), EBADF);
    CHECK_ERRNO(close(99999), EBADF);
    int fd = CHECK_OK(open("/dev/null", O_RDWR));
    CHECK_OK(close(fd));
    CHECK_ERRNO(close(fd), EBADF);
}

TEST(signal_driven_input)
{
    // F_SETSIG: a real-time signal tells which descriptor and what.
    int fds[2], signal = SIGRTMIN + 2;
    sigset_t set;
    siginfo_t info;
    struct timespec limit = {10, 0}, none = {0, 0};
    struct f_owner_ex owner = {F_OWNER_TID, gettid()};
    sigemptyset(&set);
    sigaddset(&set, signal);
    sigprocmask(SIG_BLOCK, &set, NULL);
    CHECK_OK(pipe(fds));
    CHECK_OK(fcntl(fds[0], F_SETSIG, signal));
    CHECK_OK(fcntl(fds[0], F_SETOWN_EX, &owner));
    CHECK_EQ(write(fds[1], "x", 1), 1);
    CHECK_EQ(sigtimedwait(&set, &info, &none), -1); // not without O_ASYNC
    CHECK_OK(fcntl(fds[0], F_SETFL, O_ASYNC));
    CHECK(fcntl(fds[0], F_GETFL) & O_ASYNC);
    CHECK_EQ(write(fds[1], "x", 1), 1);
    CHECK_EQ(sigtimedwait(&set, &info, &limit), signal);
    CHECK(info.si_code == POLL_IN && info.si_fd == fds[0] && (info.si_band & POLLIN));
    CHECK_OK(fcntl(fds[0], F_SETFL, 0));
    CHECK_EQ(write(fds[1], "x", 1), 1);
    CHECK_EQ(sigtimedwait(&set, &info, &none), -1);
    CHECK_OK(fcntl(fds[0], F_GETOWN_EX, &owner));
    CHECK(owner.type == F_OWNER_TID && owner.pid == gettid());
    CHECK_ERRNO(fcntl(fds[0], F_SETOWN, 0x3ffffff), ESRCH);
    CHECK_ERRNO(fcntl(fds[0], F_SETSIG, 100), EINVAL);
    CHECK_OK(close(fds[0]));
    CHECK_OK(close(fds[1]));
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

TEST(sigio)
{
    // fcntl(2), O_ASYNC: the owner gets SIGIO when input arrives.
    int pair[2];
    sigset_t set;
    siginfo_t info;
    sigemptyset(&set);
    sigaddset(&set, SIGIO);
    sigprocmask(SIG_BLOCK, &set, NULL);
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    CHECK_OK(fcntl(pair[0], F_SETOWN, getpid()));
    CHECK_OK(fcntl(pair[0], F_SETFL, O_ASYNC | O_NONBLOCK));
    CHECK_EQ(write(pair[1], "x", 1), 1);
    struct timespec limit = {10, 0};
    CHECK_EQ(sigtimedwait(&set, &info, &limit), SIGIO);
    int owner = 0;
    CHECK_OK(ioctl(pair[0], FIOGETOWN, &owner));
    CHECK_EQ(owner, getpid());
    owner = -getpgrp();
    CHECK_OK(ioctl(pair[0], SIOCSPGRP, &owner));
    CHECK_EQ(fcntl(pair[0], F_GETOWN), -getpgrp());
    CHECK_OK(close(pair[0]));
    CHECK_OK(close(pair[1]));
    limit = (struct timespec){0, 0};
    while (sigtimedwait(&set, &info, &limit) == SIGIO) {}
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}
