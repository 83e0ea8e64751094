// signal(7), real-time signals; sigqueue(3): they queue, keep their values, and come in order.
#include "guest.h"

static int order[64], values[64], n;
static void record(int signal, siginfo_t *info, void *context)
{
    (void)context;
    if (n < 64) order[n] = signal, values[n] = info->si_value.sival_int, n++;
}
static sigset_t all_rt(void)
{
    sigset_t set;
    sigemptyset(&set);
    for (int i = SIGRTMIN; i <= SIGRTMAX; i++) sigaddset(&set, i);
    return set;
}
static int queue(int signal, int value) { return sigqueue(getpid(), signal, (union sigval){.sival_int = value}); }

TEST(queue_in_order)
{
    sigset_t set = all_rt();
    struct sigaction action = {.sa_sigaction = record, .sa_flags = SA_SIGINFO, .sa_mask = set};
    for (int i = SIGRTMIN; i <= SIGRTMAX; i++) sigaction(i, &action, NULL);
    sigprocmask(SIG_BLOCK, &set, NULL);
    n = 0;
    for (int i = 0; i < 5; i++) CHECK_OK(queue(SIGRTMIN + 3, 300 + i));
    for (int i = 0; i < 5; i++) CHECK_OK(queue(SIGRTMIN + 1, 100 + i));
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    CHECK_EQ(n, 10);
    // The lowest number first, and first in first out within one number. Handlers mask all, so none nests.
    for (int i = 0; i < 5; i++) CHECK(order[i] == SIGRTMIN + 1 && values[i] == 100 + i);
    for (int i = 0; i < 5; i++) CHECK(order[i + 5] == SIGRTMIN + 3 && values[i + 5] == 300 + i);
}

TEST(wait_takes_in_order)
{
    sigset_t set = all_rt();
    siginfo_t info;
    sigprocmask(SIG_BLOCK, &set, NULL);
    CHECK_OK(queue(SIGRTMAX, 1));
    CHECK_OK(queue(SIGRTMIN, 2));
    CHECK_OK(queue(SIGRTMIN, 3));
    CHECK_EQ(sigwaitinfo(&set, &info), SIGRTMIN);
    CHECK(info.si_value.sival_int == 2 && info.si_code == SI_QUEUE && info.si_pid == getpid() && info.si_uid == getuid());
    CHECK_EQ(sigwaitinfo(&set, &info), SIGRTMIN);
    CHECK_EQ(info.si_value.sival_int, 3);
    CHECK_EQ(sigwaitinfo(&set, &info), SIGRTMAX);
    CHECK_EQ(info.si_value.sival_int, 1);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

TEST(standard_signals_come_first)
{
    sigset_t set = all_rt();
    siginfo_t info;
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    CHECK_OK(queue(SIGRTMIN, 1));
    CHECK_OK(queue(SIGUSR1, 2));
    CHECK_OK(queue(SIGUSR1, 3)); // merged: the first value stays
    CHECK_EQ(sigwaitinfo(&set, &info), SIGUSR1);
    CHECK_EQ(info.si_value.sival_int, 2);
    CHECK_EQ(sigwaitinfo(&set, &info), SIGRTMIN);
    CHECK_ERRNO(sigtimedwait(&set, &info, &(struct timespec){0, 0}), EAGAIN);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

TEST(pointer_values)
{
    sigset_t set = all_rt();
    siginfo_t info;
    sigprocmask(SIG_BLOCK, &set, NULL);
    CHECK_OK(sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_ptr = (void *)0x123456789abcdef0}));
    CHECK_EQ(sigwaitinfo(&set, &info), SIGRTMIN);
    CHECK(info.si_value.sival_ptr == (void *)0x123456789abcdef0);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

TEST(between_processes)
{
    enum { N = 200 };
    pid_t pid;
    int ready[2];
    sigset_t set = all_rt();
    CHECK_OK(pipe(ready));
    IN_CHILD(pid) {
        siginfo_t info;
        sigprocmask(SIG_BLOCK, &set, NULL);
        pipe_signal(ready[1]);
        for (int i = 0; i < N; i++) {
            CHECK_EQ(sigwaitinfo(&set, &info), SIGRTMIN + 5);
            CHECK_EQ(info.si_value.sival_int, i);
            CHECK_EQ(info.si_pid, getppid());
        }
    }
    pipe_wait(ready[0]);
    for (int i = 0; i < N; i++) CHECK_OK(sigqueue(pid, SIGRTMIN + 5, (union sigval){.sival_int = i}));
    CHECK_EXIT(pid, 0);
    CHECK_OK(close(ready[0]));
    CHECK_OK(close(ready[1]));
}

TEST(queue_limit)
{
    pid_t pid;
    IN_CHILD(pid) {
        // getrlimit(2), RLIMIT_SIGPENDING: sigqueue fails with EAGAIN, kill still gets through.
        sigset_t set = all_rt();
        struct rlimit limit = {0, 0};
        sigprocmask(SIG_BLOCK, &set, NULL);
        CHECK_OK(setrlimit(RLIMIT_SIGPENDING, &limit));
        CHECK_ERRNO(queue(SIGRTMIN, 1), EAGAIN);
        CHECK_OK(kill(getpid(), SIGRTMIN));
        siginfo_t info;
        CHECK_EQ(sigwaitinfo(&set, &info), SIGRTMIN);
    }
    CHECK_EXIT(pid, 0);
}

TEST(errors)
{
    siginfo_t info = {.si_signo = SIGRTMIN, .si_code = SI_USER};
    CHECK_ERRNO(sigqueue(0x3ffffff, SIGRTMIN, (union sigval){0}), ESRCH);
    CHECK_ERRNO(queue(65, 0), EINVAL);
    CHECK_OK(queue(0, 0));
    // rt_sigqueueinfo(2): codes of the kernel's own cannot be forged towards others.
    pid_t pid;
    int hold[2];
    CHECK_OK(pipe(hold));
    IN_CHILD(pid) {
        char byte;
        close(hold[1]);
        (void)!read(hold[0], &byte, 1);
    }
    CHECK_ERRNO(syscall(SYS_rt_sigqueueinfo, pid, SIGRTMIN, &info), EPERM);
    info.si_code = SI_TKILL;
    CHECK_ERRNO(syscall(SYS_rt_sigqueueinfo, pid, SIGRTMIN, &info), EPERM);
    CHECK_OK(close(hold[1]));
    CHECK_EXIT(pid, 0);
    CHECK_OK(close(hold[0]));
    CHECK_ERRNO(syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), SIGRTMIN, BAD_POINTER), EFAULT);
}
