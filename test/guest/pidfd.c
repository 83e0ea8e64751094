// pidfd_open(2), pidfd_send_signal(2), waitid(2) with P_PIDFD, pidfd_getfd(2).
#include "guest.h"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif
static int pidfd_open(pid_t pid, unsigned flags) { return syscall(SYS_pidfd_open, pid, flags); }
static int pidfd_send(int fd, int signal, siginfo_t *info, unsigned flags) { return syscall(SYS_pidfd_send_signal, fd, signal, info, flags); }
static int hold[2];
static pid_t start(int code)
{
    pid_t pid;
    CHECK_OK(pipe(hold));
    IN_CHILD(pid) {
        pipe_wait(hold[0]);
        _exit(code);
    }
    return pid;
}
static void stop(void)
{
    CHECK_OK(close(hold[0]));
    CHECK_OK(close(hold[1]));
}

TEST(poll_and_wait)
{
    pid_t pid = start(7);
    siginfo_t info;
    int fd = CHECK_OK(pidfd_open(pid, 0));
    struct pollfd p = {fd, POLLIN};
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(poll(&p, 1, 0), 0);
    CHECK_OK(waitid(P_PIDFD, fd, memset(&info, 0, sizeof info), WEXITED | WNOHANG));
    CHECK_EQ(info.si_pid, 0);
    pipe_signal(hold[1]);
    CHECK_EQ(poll(&p, 1, 10000), 1);
    CHECK_EQ(p.revents & POLLIN, POLLIN);
    CHECK_OK(waitid(P_PIDFD, fd, &info, WEXITED));
    CHECK(info.si_pid == pid && info.si_code == CLD_EXITED && info.si_status == 7);
    CHECK_ERRNO(pidfd_send(fd, 0, NULL, 0), ESRCH);
    CHECK_ERRNO(waitid(P_PIDFD, fd, &info, WEXITED), ECHILD);
    CHECK_OK(close(fd));
    stop();
}

TEST(send_signal)
{
    pid_t pid = start(0);
    int fd = CHECK_OK(pidfd_open(pid, 0));
    CHECK_OK(pidfd_send(fd, 0, NULL, 0));
    CHECK_ERRNO(pidfd_send(fd, 65, NULL, 0), EINVAL);
    CHECK_ERRNO(pidfd_send(fd, SIGTERM, NULL, 0x100), EINVAL);
    CHECK_ERRNO(pidfd_send(-1, SIGTERM, NULL, 0), EBADF);
    siginfo_t info = {.si_signo = SIGTERM, .si_code = SI_USER};
    CHECK_ERRNO(pidfd_send(fd, SIGTERM, &info, 0), EPERM); // a forged origin, to another
    CHECK_OK(pidfd_send(fd, SIGTERM, NULL, 0));
    CHECK_KILLED(pid, SIGTERM);
    CHECK_OK(close(fd));
    stop();
}

TEST(a_directory_of_proc_is_one_too)
{
    // pidfd_send_signal(2): "an open file descriptor of a /proc/pid directory".
    char path[32];
    pid_t pid = start(0);
    snprintf(path, sizeof path, "/proc/%d", pid);
    int directory = CHECK_OK(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)), other = CHECK_OK(open("/proc/self/fd", O_RDONLY | O_DIRECTORY));
    CHECK_OK(pidfd_send(directory, 0, NULL, 0));
    CHECK_ERRNO(pidfd_send(other, 0, NULL, 0), EBADF);
    CHECK_OK(pidfd_send(directory, SIGTERM, NULL, 0));
    CHECK_KILLED(pid, SIGTERM);
    CHECK_ERRNO(pidfd_send(directory, 0, NULL, 0), ESRCH);
    CHECK_OK(close(directory));
    CHECK_OK(close(other));
    stop();
}

TEST(self_and_others)
{
    sigset_t set;
    siginfo_t info;
    int fd = CHECK_OK(pidfd_open(getpid(), 0));
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    CHECK_OK(pidfd_send(fd, SIGUSR1, NULL, 0));
    CHECK_EQ(sigwaitinfo(&set, &info), SIGUSR1);
    CHECK(info.si_pid == getpid() && info.si_code == SI_USER);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    CHECK_OK(close(fd));
    if (is_root()) {
        pid_t pid, parent = getpid();
        IN_CHILD(pid) {
            become_nobody();
            int other = CHECK_OK(pidfd_open(parent, 0)); // anyone may have the descriptor
            CHECK_ERRNO(pidfd_send(other, SIGTERM, NULL, 0), EPERM);
        }
        CHECK_EXIT(pid, 0);
    }
}

TEST(open_errors)
{
    pid_t pid;
    CHECK_ERRNO(pidfd_open(0x3ffffff, 0), ESRCH);
    CHECK_ERRNO(pidfd_open(0, 0), EINVAL);
    CHECK_ERRNO(pidfd_open(-1, 0), EINVAL);
    CHECK_ERRNO(pidfd_open(getpid(), 0x1000), EINVAL);
    IN_CHILD(pid) {}
    siginfo_t info;
    CHECK_OK(waitid(P_PID, pid, &info, WEXITED | WNOWAIT));
    int fd = CHECK_OK(pidfd_open(pid, 0)); // a zombie still has one
    CHECK_EXIT(pid, 0);
    CHECK_OK(close(fd));
    int null = CHECK_OK(open("/dev/null", O_RDONLY));
    CHECK_ERRNO(pidfd_send(null, 0, NULL, 0), EBADF);
    CHECK_OK(close(null));
}

TEST(nonblocking)
{
    pid_t pid = start(0);
    siginfo_t info;
    int fd = CHECK_OK(pidfd_open(pid, O_NONBLOCK)); // PIDFD_NONBLOCK
    CHECK_ERRNO(waitid(P_PIDFD, fd, &info, WEXITED), EAGAIN);
    pipe_signal(hold[1]);
    CHECK_EXIT(pid, 0);
    CHECK_OK(close(fd));
    stop();
}

TEST(get_descriptor)
{
    // The child's descriptor, taken from outside; the child is ours and may be traced.
    pid_t pid;
    int told[2], got, number = -1;
    char byte = 0;
    CHECK_OK(pipe(hold));
    CHECK_OK(pipe(told));
    IN_CHILD(pid) {
        int own[2];
        CHECK_OK(pipe(own));
        CHECK_EQ(write(own[1], "z", 1), 1);
        CHECK_EQ(write(told[1], &own[0], sizeof own[0]), sizeof own[0]);
        pipe_wait(hold[0]);
    }
    CHECK_EQ(read(told[0], &number, sizeof number), sizeof number);
    int fd = CHECK_OK(pidfd_open(pid, 0));
    got = syscall(SYS_pidfd_getfd, fd, number, 0);
    CHECK(got >= 0);
    CHECK_EQ(fcntl(got, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(read(got, &byte, 1), 1);
    CHECK_EQ(byte, 'z');
    CHECK_OK(close(got));
    CHECK_ERRNO(syscall(SYS_pidfd_getfd, fd, 9999, 0), EBADF);
    CHECK_ERRNO(syscall(SYS_pidfd_getfd, fd, number, 1), EINVAL);
    pipe_signal(hold[1]);
    CHECK_EXIT(pid, 0);
    CHECK_OK(close(fd));
    CHECK_OK(close(told[0]));
    CHECK_OK(close(told[1]));
    stop();
}
