// alarm(2), setitimer(2), timer_create(2): timers that end in signals.
#include "guest.h"

static volatile int count;
static siginfo_t info;
static void on_signal(int signal, siginfo_t *i, void *context)
{
    (void)signal, (void)context;
    info = *i;
    count++;
}
static void install(int signal)
{
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
    CHECK_OK(sigaction(signal, &action, NULL));
    count = 0;
}
// Sleeps in sigsuspend until the handler has run `times` times; the signal must be blocked.
static void wait_for(int times)
{
    sigset_t none;
    sigemptyset(&none);
    while (count < times) sigsuspend(&none);
}
static void block(int how, int signal)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    sigprocmask(how, &set, NULL);
}
static struct itimerval every(long first, long interval) { return (struct itimerval){{0, interval}, {0, first}}; }

TEST(alarm_counts_seconds)
{
    CHECK_EQ(alarm(100), 0);
    unsigned left = alarm(50);
    CHECK(left == 100 || left == 99);
    struct itimerval timer;
    CHECK_OK(getitimer(ITIMER_REAL, &timer)); // the same timer
    CHECK(timer.it_value.tv_sec >= 48 && timer.it_value.tv_sec <= 50);
    CHECK(alarm(0) >= 49);
    CHECK_EQ(alarm(0), 0);
    pid_t pid;
    IN_CHILD(pid) {
        struct itimerval t = every(1000, 0);
        setitimer(ITIMER_REAL, &t, NULL);
        for (;;) pause();
    }
    CHECK_KILLED(pid, SIGALRM);
}

TEST(real_interval)
{
    struct itimerval timer = every(2000, 3000), old;
    int64_t start = now_ns(CLOCK_MONOTONIC);
    install(SIGALRM);
    block(SIG_BLOCK, SIGALRM);
    CHECK_OK(setitimer(ITIMER_REAL, &timer, NULL));
    wait_for(5);
    CHECK(now_ns(CLOCK_MONOTONIC) - start >= 14000000);
    CHECK_EQ(info.si_code, SI_KERNEL);
    timer = every(0, 0);
    CHECK_OK(setitimer(ITIMER_REAL, &timer, &old));
    CHECK_EQ(old.it_interval.tv_usec, 3000);
    block(SIG_UNBLOCK, SIGALRM);
}

TEST(virtual_and_profiling)
{
    static const struct { int timer, signal; } kinds[] = {{ITIMER_VIRTUAL, SIGVTALRM}, {ITIMER_PROF, SIGPROF}};
    for (size_t i = 0; i < COUNT(kinds); i++) {
        struct itimerval timer = every(50000, 0);
        install(kinds[i].signal);
        clock_t start = clock();
        CHECK_OK(setitimer(kinds[i].timer, &timer, NULL));
        while (count == 0) {} // counts only while the process runs
        // clock() is exact; user time is the sum of ticks in which the process was met, on a busy machine also by chance.
        CHECK(clock() - start >= 25000);
        CHECK_OK(getitimer(kinds[i].timer, &timer));
        CHECK(timer.it_value.tv_sec == 0 && timer.it_value.tv_usec == 0);
    }
}

TEST(itimer_errors)
{
    struct itimerval timer = every(1000000, 0);
    CHECK_ERRNO(setitimer(ITIMER_REAL, &timer, NULL), EINVAL);
    CHECK_ERRNO(setitimer(77, &(struct itimerval){0}, NULL), EINVAL);
    CHECK_ERRNO(getitimer(77, &timer), EINVAL);
    CHECK_ERRNO(syscall(SYS_setitimer, ITIMER_REAL, BAD_POINTER, NULL), EFAULT);
}

static timer_t make(int notify, int signal, int value)
{
    timer_t timer = 0;
    struct sigevent event = {.sigev_notify = notify, .sigev_signo = signal, .sigev_value.sival_int = value};
    CHECK_OK(timer_create(CLOCK_MONOTONIC, &event, &timer));
    return timer;
}
static void arm(timer_t timer, int flags, int64_t first, int64_t interval)
{
    struct itimerspec t = {{interval / 1000000000, interval % 1000000000}, {first / 1000000000, first % 1000000000}};
    CHECK_OK(timer_settime(timer, flags, &t, NULL));
}

TEST(posix_signal)
{
    install(SIGRTMIN);
    block(SIG_BLOCK, SIGRTMIN);
    timer_t timer = make(SIGEV_SIGNAL, SIGRTMIN, 77);
    int64_t start = now_ns(CLOCK_MONOTONIC);
    arm(timer, 0, 5000000, 0);
    wait_for(1);
    CHECK(now_ns(CLOCK_MONOTONIC) - start >= 5000000);
    CHECK(info.si_code == SI_TIMER && info.si_value.sival_int == 77 && info.si_overrun == 0);
    arm(timer, TIMER_ABSTIME, now_ns(CLOCK_MONOTONIC) + 5000000, 0);
    wait_for(2);
    arm(timer, TIMER_ABSTIME, 1, 0); // the past: at once
    wait_for(3);
    CHECK_OK(timer_delete(timer));
    block(SIG_UNBLOCK, SIGRTMIN);
}

TEST(posix_overrun)
{
    sigset_t set;
    struct itimerspec left;
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &set, NULL);
    timer_t timer = make(SIGEV_SIGNAL, SIGRTMIN, 1);
    // 50 expirations in the past while the signal is pending: one signal, the others are the overrun.
    arm(timer, TIMER_ABSTIME, now_ns(CLOCK_MONOTONIC) - 50 * 1000000LL, 1000000);
    siginfo_t got;
    CHECK_EQ(sigwaitinfo(&set, &got), SIGRTMIN);
    CHECK(got.si_overrun >= 49);
    CHECK(timer_getoverrun(timer) >= 49);
    CHECK_OK(timer_gettime(timer, &left));
    CHECK(left.it_interval.tv_nsec == 1000000 && left.it_value.tv_nsec <= 1000000);
    CHECK_OK(timer_delete(timer));
    sigtimedwait(&set, &got, &(struct timespec){0, 0});
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

TEST(posix_none)
{
    struct itimerspec left;
    timer_t timer = make(SIGEV_NONE, 0, 0);
    arm(timer, 0, 1000000000000LL, 0);
    CHECK_OK(timer_gettime(timer, &left));
    CHECK(left.it_value.tv_sec >= 990 && left.it_value.tv_sec <= 1000);
    CHECK_OK(timer_delete(timer));
    // Disarming is tried with a signal: Linux goes on telling the old time of a disarmed SIGEV_NONE timer.
    timer = make(SIGEV_SIGNAL, SIGRTMIN, 0);
    arm(timer, 0, 1000000000000LL, 0);
    arm(timer, 0, 0, 0);
    CHECK_OK(timer_gettime(timer, &left));
    CHECK(left.it_value.tv_sec == 0 && left.it_value.tv_nsec == 0);
    CHECK_OK(timer_delete(timer));
}

static int told[2];
static void notify(union sigval value)
{
    CHECK_EQ(write(told[1], &value.sival_int, sizeof(int)), sizeof(int));
}

TEST(posix_thread)
{
    int value = 0;
    timer_t timer = 0;
    struct sigevent event = {.sigev_notify = SIGEV_THREAD, .sigev_notify_function = notify, .sigev_value.sival_int = 55};
    CHECK_OK(pipe(told));
    CHECK_OK(timer_create(CLOCK_MONOTONIC, &event, &timer));
    arm(timer, 0, 1000000, 0);
    CHECK_EQ(read(told[0], &value, sizeof value), sizeof value);
    CHECK_EQ(value, 55);
    CHECK_OK(timer_delete(timer));
    CHECK_OK(close(told[0]));
    CHECK_OK(close(told[1]));
}

TEST(posix_thread_id)
{
    install(SIGRTMIN);
    block(SIG_BLOCK, SIGRTMIN);
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN};
    event._sigev_un._tid = gettid();
    timer_t timer;
    CHECK_OK(timer_create(CLOCK_MONOTONIC, &event, &timer));
    arm(timer, 0, 1000000, 0);
    wait_for(1);
    CHECK_OK(timer_delete(timer));
    event._sigev_un._tid = 1;
    CHECK_ERRNO(timer_create(CLOCK_MONOTONIC, &event, &timer), EINVAL); // not a thread of ours
    block(SIG_UNBLOCK, SIGRTMIN);
}

TEST(posix_cpu_clock)
{
    timer_t timer;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    install(SIGUSR1);
    CHECK_OK(timer_create(CLOCK_PROCESS_CPUTIME_ID, &event, &timer));
    arm(timer, 0, 10000000, 0);
    while (count == 0) {}
    CHECK_EQ(info.si_code, SI_TIMER);
    CHECK_OK(timer_delete(timer));
}

TEST(posix_errors)
{
    timer_t timer = make(SIGEV_NONE, 0, 0), other;
    struct itimerspec t = {{0, 0}, {0, 1000000000}};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = 65};
    CHECK_ERRNO(timer_settime(timer, 0, &t, NULL), EINVAL);
    CHECK_ERRNO(timer_create(CLOCK_MONOTONIC, &event, &other), EINVAL);
    event.sigev_notify = 77;
    CHECK_ERRNO(timer_create(CLOCK_MONOTONIC, &event, &other), EINVAL);
    CHECK_ERRNO(syscall(SYS_timer_create, 9999, NULL, &other), EINVAL);
    CHECK_OK(timer_delete(timer));
    CHECK_ERRNO(syscall(SYS_timer_delete, 123456), EINVAL);
    CHECK_ERRNO(syscall(SYS_timer_gettime, 123456, &t), EINVAL);
}
