// signalfd(2): signals read from a file.
#include "guest.h"
#include <sys/signalfd.h>

static sigset_t set;
static int open_fd(int flags)
{
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    sigaddset(&set, SIGRTMIN + 1);
    CHECK_OK(sigprocmask(SIG_BLOCK, &set, NULL));
    return CHECK_OK(signalfd(-1, &set, flags));
}
static void close_fd(int fd)
{
    CHECK_OK(close(fd));
    CHECK_OK(sigprocmask(SIG_UNBLOCK, &set, NULL));
}

TEST(reads_one)
{
    struct signalfd_siginfo info;
    int fd = open_fd(SFD_NONBLOCK);
    struct pollfd p = {fd, POLLIN};
    CHECK_ERRNO(read(fd, &info, sizeof info), EAGAIN);
    CHECK_EQ(poll(&p, 1, 0), 0);
    CHECK_OK(kill(getpid(), SIGUSR1));
    CHECK_EQ(poll(&p, 1, 0), 1);
    CHECK_EQ(read(fd, &info, sizeof info), sizeof info);
    CHECK_EQ(info.ssi_signo, SIGUSR1);
    CHECK_EQ(info.ssi_code, SI_USER);
    CHECK_EQ(info.ssi_pid, getpid());
    CHECK_EQ(info.ssi_uid, getuid());
    CHECK_ERRNO(read(fd, &info, sizeof info), EAGAIN); // consumed
    close_fd(fd);
}

TEST(reads_several)
{
    struct signalfd_siginfo info[4];
    int fd = open_fd(SFD_NONBLOCK | SFD_CLOEXEC);
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_OK(kill(getpid(), SIGUSR2));
    CHECK_OK(kill(getpid(), SIGUSR1));
    CHECK_OK(kill(getpid(), SIGUSR1)); // standard signals do not queue
    CHECK_OK(sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = 77}));
    CHECK_EQ(read(fd, info, sizeof info), 3 * sizeof info[0]);
    CHECK_EQ(info[0].ssi_signo, SIGUSR1); // the lowest number first
    CHECK_EQ(info[1].ssi_signo, SIGUSR2);
    CHECK_EQ(info[2].ssi_signo, SIGRTMIN + 1);
    CHECK_EQ(info[2].ssi_code, SI_QUEUE);
    CHECK_EQ(info[2].ssi_int, 77);
    close_fd(fd);
}

TEST(mask_can_change)
{
    struct signalfd_siginfo info;
    sigset_t only;
    int fd = open_fd(SFD_NONBLOCK);
    sigemptyset(&only);
    sigaddset(&only, SIGUSR2);
    CHECK_OK(kill(getpid(), SIGUSR1));
    CHECK_EQ(signalfd(fd, &only, 0), fd);
    CHECK_ERRNO(read(fd, &info, sizeof info), EAGAIN);
    CHECK_EQ(signalfd(fd, &set, 0), fd);
    CHECK_EQ(read(fd, &info, sizeof info), sizeof info);
    CHECK_EQ(info.ssi_signo, SIGUSR1);
    close_fd(fd);
}

TEST(blocking_read)
{
    struct signalfd_siginfo info;
    pid_t pid, parent = getpid();
    int fd = open_fd(0), ready[2];
    CHECK_OK(pipe(ready));
    IN_CHILD(pid) {
        // A signalfd reads the signals of whoever reads it.
        pipe_signal(ready[1]);
        CHECK_EQ(read(fd, &info, sizeof info), sizeof info);
        CHECK_EQ(info.ssi_signo, SIGUSR1);
        CHECK_EQ(info.ssi_pid, parent);
    }
    pipe_wait(ready[0]);
    wait_until_blocked(pid);
    CHECK_OK(kill(pid, SIGUSR1));
    CHECK_EXIT(pid, 0);
    CHECK_OK(close(ready[0]));
    CHECK_OK(close(ready[1]));
    close_fd(fd);
}

TEST(child_exit)
{
    struct signalfd_siginfo info;
    sigset_t chld;
    pid_t pid;
    sigemptyset(&chld);
    sigaddset(&chld, SIGCHLD);
    CHECK_OK(sigprocmask(SIG_BLOCK, &chld, NULL));
    int fd = CHECK_OK(signalfd(-1, &chld, 0));
    IN_CHILD(pid) _exit(9);
    do CHECK_EQ(read(fd, &info, sizeof info), sizeof info);
    while (info.ssi_pid != (uint32_t)pid);
    CHECK_EQ(info.ssi_code, CLD_EXITED);
    CHECK_EQ(info.ssi_status, 9);
    CHECK_EXIT(pid, 9);
    CHECK_OK(close(fd));
    CHECK_OK(sigprocmask(SIG_UNBLOCK, &chld, NULL));
}

TEST(errors)
{
    struct signalfd_siginfo info;
    int fd = open_fd(SFD_NONBLOCK), null = CHECK_OK(open("/dev/null", O_RDONLY));
    CHECK_ERRNO(read(fd, &info, sizeof info - 1), EINVAL);
    CHECK_ERRNO(write(fd, &info, sizeof info), EINVAL);
    CHECK_ERRNO(signalfd(-1, &set, 0x100000), EINVAL);
    CHECK_ERRNO(signalfd(null, &set, 0), EINVAL);
    CHECK_ERRNO(signalfd(9999, &set, 0), EBADF);
    CHECK_ERRNO(syscall(SYS_signalfd4, -1, &set, 4, 0), EINVAL);
    CHECK_ERRNO(syscall(SYS_signalfd4, -1, BAD_POINTER, 8, 0), EFAULT);
    CHECK_OK(close(null));
    close_fd(fd);
}
