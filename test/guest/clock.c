// clock_gettime(2), clock_nanosleep(2), times(2): time goes forward, sleeps are never short.
#include "guest.h"
#include <sys/times.h>
#include <sys/timex.h>

#define MS 1000000LL
static struct timespec ts(int64_t ns) { return (struct timespec){ns / 1000000000, ns % 1000000000}; }

TEST(all_clocks)
{
    static const int clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID, CLOCK_MONOTONIC_RAW,
        CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME, CLOCK_TAI};
    for (size_t i = 0; i < COUNT(clocks); i++) {
        struct timespec t, raw, resolution;
        CHECK_OK(clock_gettime(clocks[i], &t));
        CHECK(t.tv_nsec >= 0 && t.tv_nsec < 1000000000 && t.tv_sec >= 0);
        CHECK_OK(syscall(SYS_clock_gettime, clocks[i], &raw)); // without the vDSO, the same clock
        int64_t difference = (raw.tv_sec - t.tv_sec) * 1000000000LL + raw.tv_nsec - t.tv_nsec;
        CHECK(difference >= 0 && difference < 1000 * MS);
        CHECK_OK(clock_getres(clocks[i], &resolution));
        CHECK(resolution.tv_sec == 0 && resolution.tv_nsec > 0 && resolution.tv_nsec <= 10 * MS);
    }
}

TEST(monotonic)
{
    int64_t last = 0;
    for (int i = 0; i < 100000; i++) {
        int64_t now = now_ns(CLOCK_MONOTONIC);
        if (now < last) { CHECK(!"went backwards"); break; }
        last = now;
    }
    last = now_ns(CLOCK_MONOTONIC);
    CHECK(now_ns(CLOCK_BOOTTIME) >= last);
}

TEST(ways_to_tell_the_time_agree)
{
    struct timeval tv;
    struct timespec real;
    CHECK_OK(clock_gettime(CLOCK_REALTIME, &real));
    CHECK_OK(gettimeofday(&tv, NULL));
    time_t now = time(NULL);
    CHECK(tv.tv_sec - real.tv_sec >= 0 && tv.tv_sec - real.tv_sec <= 2);
    CHECK(now - real.tv_sec >= -1 && now - real.tv_sec <= 2); // time(2) is as of the last tick
    CHECK(real.tv_sec > 1700000000);
    CHECK_OK(syscall(SYS_gettimeofday, &tv, NULL));
    CHECK(syscall(SYS_time, NULL) >= real.tv_sec - 1);
}

TEST(sleeps_are_not_short)
{
    static const int clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME};
    struct timespec t = ts(10 * MS);
    int64_t start = now_ns(CLOCK_MONOTONIC);
    CHECK_OK(nanosleep(&t, NULL));
    CHECK(now_ns(CLOCK_MONOTONIC) - start >= 10 * MS);
    for (size_t i = 0; i < COUNT(clocks); i++) {
        start = now_ns(clocks[i]);
        CHECK_EQ(clock_nanosleep(clocks[i], 0, &t, NULL), 0);
        CHECK(now_ns(clocks[i]) - start >= 10 * MS);
        start = now_ns(clocks[i]);
        struct timespec until = ts(start + 10 * MS), past = ts(1);
        CHECK_EQ(clock_nanosleep(clocks[i], TIMER_ABSTIME, &until, NULL), 0);
        CHECK(now_ns(clocks[i]) >= start + 10 * MS);
        CHECK_EQ(clock_nanosleep(clocks[i], TIMER_ABSTIME, &past, NULL), 0);
    }
    t = ts(0);
    CHECK_OK(nanosleep(&t, NULL));
}

static void nothing(int signal) { (void)signal; }

TEST(interrupted_sleep)
{
    pid_t pid;
    struct sigaction action = {.sa_handler = nothing, .sa_flags = SA_RESTART};
    struct timespec left = {0, 0};
    IN_CHILD(pid) {
        struct timespec t = {1000, 0};
        sigaction(SIGUSR1, &action, NULL);
        CHECK_ERRNO(nanosleep(&t, &left), EINTR); // signal(7): not restarted after a handler
        CHECK(left.tv_sec >= 900 && left.tv_sec <= 1000); // 50 us of timer slack may make it more than was asked for
    }
    wait_until_blocked(pid);
    CHECK_OK(kill(pid, SIGUSR1));
    CHECK_EXIT(pid, 0);
    IN_CHILD(pid) {
        struct timespec until = ts(now_ns(CLOCK_MONOTONIC) + 1000000 * MS);
        sigaction(SIGUSR1, &action, NULL);
        left = (struct timespec){7, 7};
        CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, &left), EINTR);
        CHECK(left.tv_sec == 7 && left.tv_nsec == 7); // an absolute sleep tells no rest
    }
    wait_until_blocked(pid);
    CHECK_OK(kill(pid, SIGUSR1));
    CHECK_EXIT(pid, 0);
}

TEST(stop_does_not_lengthen_a_sleep)
{
    // A stopped and continued sleeper goes on to its first deadline: restart_syscall(2).
    pid_t pid;
    int status;
    IN_CHILD(pid) {
        struct timespec t = ts(50 * MS);
        int64_t start = now_ns(CLOCK_MONOTONIC);
        CHECK_OK(nanosleep(&t, NULL));
        CHECK(now_ns(CLOCK_MONOTONIC) - start >= 50 * MS);
    }
    wait_until_blocked(pid);
    CHECK_OK(kill(pid, SIGSTOP));
    CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
    if (WIFSTOPPED(status)) {
        CHECK_OK(kill(pid, SIGCONT));
        CHECK_EXIT(pid, 0);
    }
    // Stopped for longer than it wanted to sleep: it does not begin anew.
    IN_CHILD(pid) {
        struct timespec t = ts(1500 * MS);
        int64_t start = now_ns(CLOCK_MONOTONIC);
        CHECK_OK(nanosleep(&t, NULL));
        CHECK(now_ns(CLOCK_MONOTONIC) - start < 2900 * MS);
    }
    wait_until_blocked(pid);
    CHECK_OK(kill(pid, SIGSTOP));
    CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
    struct timespec t = ts(1500 * MS);
    CHECK_OK(nanosleep(&t, NULL));
    CHECK_OK(kill(pid, SIGCONT));
    CHECK_EXIT(pid, 0);
}

TEST(cpu_clocks)
{
    pid_t pid;
    clockid_t id;
    int64_t start = now_ns(CLOCK_PROCESS_CPUTIME_ID);
    struct timespec t = ts(20 * MS);
    CHECK_OK(nanosleep(&t, NULL));
    int64_t slept = now_ns(CLOCK_PROCESS_CPUTIME_ID) - start;
    CHECK(slept < 15 * MS); // sleeping costs none
    start = now_ns(CLOCK_THREAD_CPUTIME_ID);
    while (now_ns(CLOCK_THREAD_CPUTIME_ID) - start < 50 * MS) {}
    CHECK(now_ns(CLOCK_PROCESS_CPUTIME_ID) >= 10 * MS);
    CHECK_EQ(clock_getcpuclockid(0, &id), 0);
    CHECK(now_ns(id) >= 10 * MS);
    struct tms tms;
    CHECK(times(&tms) != (clock_t)-1);
    CHECK(tms.tms_utime + tms.tms_stime >= 1);
    int hold[2];
    CHECK_OK(pipe(hold));
    IN_CHILD(pid) pipe_wait(hold[0]);
    CHECK_EQ(clock_getcpuclockid(pid, &id), 0);
    CHECK(now_ns(id) < 1000 * MS);
    pipe_signal(hold[1]);
    CHECK_EXIT(pid, 0);
    CHECK_OK(close(hold[0]));
    CHECK_OK(close(hold[1]));
}

static void *burn(void *clock)
{
    clockid_t mine;
    CHECK_EQ(pthread_getcpuclockid(pthread_self(), &mine), 0);
    *(clockid_t *)clock = mine;
    int64_t start = now_ns(mine);
    while (now_ns(mine) - start < 5 * MS) {}
    return NULL;
}

static clockid_t by_number(pid_t number, int kind) { return (clockid_t)(~(unsigned)number << 3 | (unsigned)kind); }

TEST(cpu_clocks_by_number)
{
    // clock_getcpuclockid(3), pthread_getcpuclockid(3): ids made of the numbers of processes and threads.
    enum { PROCESS = 2, THREAD = 6 };
    pthread_t thread;
    clockid_t clock, main_clock;
    struct timespec t;
    CHECK_EQ(pthread_getcpuclockid(pthread_self(), &main_clock), 0);
    CHECK_OK(clock_getres(main_clock, &t));
    CHECK_EQ(pthread_create(&thread, NULL, burn, &clock), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_ERRNO(clock_gettime(by_number(0x3ffffff, PROCESS), &t), EINVAL);
    CHECK_ERRNO(clock_getres(by_number(0x3ffffff, PROCESS), &t), EINVAL);
    CHECK_ERRNO(clock_gettime(by_number(0x3ffffff, THREAD), &t), EINVAL);
    CHECK_ERRNO(clock_gettime(by_number(getppid(), THREAD), &t), EINVAL); // a thread of another process
    CHECK_EQ(clock_getcpuclockid(0x3ffffff, &clock), ESRCH);
    CHECK_OK(clock_gettime(by_number(getpid(), PROCESS), &t));
    int64_t before = now_ns(main_clock);
    while (now_ns(main_clock) - before < 5 * MS) {}
}

TEST(errors)
{
    struct timespec t = {0, 1000000000};
    CHECK_ERRNO(nanosleep(&t, NULL), EINVAL);
    t = (struct timespec){-1, 0};
    CHECK_ERRNO(nanosleep(&t, NULL), EINVAL);
    CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL), EINVAL);
    CHECK_EQ(clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &t, NULL), EINVAL);
    CHECK_ERRNO(clock_gettime(9999, &t), EINVAL);
    CHECK_ERRNO(clock_getres(9999, &t), EINVAL);
    CHECK_ERRNO(syscall(SYS_clock_gettime, CLOCK_REALTIME, BAD_POINTER), EFAULT);
    CHECK_ERRNO(syscall(SYS_nanosleep, BAD_POINTER, NULL), EFAULT);
    CHECK_ERRNO(syscall(SYS_clock_settime, CLOCK_MONOTONIC, &t), EINVAL);
    if (!is_root()) {
        t = (struct timespec){1700000000, 0};
        CHECK_ERRNO(clock_settime(CLOCK_REALTIME, &t), EPERM);
    }
    struct timex x = {0};
    CHECK(adjtimex(&x) >= 0); // reading needs no privilege
}
