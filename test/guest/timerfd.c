// timerfd_create(2): timers that are files.
#include "guest.h"
#include <sys/timerfd.h>

#define MS 1000000LL

static int arm(int fd, int flags, int64_t first, int64_t interval)
{
    struct itimerspec t = {{interval / 1000000000, interval % 1000000000}, {first / 1000000000, first % 1000000000}};
    return timerfd_settime(fd, flags, &t, NULL);
}
static int64_t take(int fd)
{
    uint64_t n;
    return read(fd, &n, 8) == 8 ? (int64_t)n : -1;
}

TEST(one_shot)
{
    int fd = CHECK_OK(timerfd_create(CLOCK_MONOTONIC, 0));
    int64_t start = now_ns(CLOCK_MONOTONIC);
    CHECK_OK(arm(fd, 0, 20 * MS, 0));
    CHECK_EQ(take(fd), 1);
    CHECK(now_ns(CLOCK_MONOTONIC) - start >= 20 * MS);
    CHECK_OK(fcntl(fd, F_SETFL, O_NONBLOCK));
    CHECK_ERRNO(take(fd), EAGAIN);
    CHECK_OK(close(fd));
}

TEST(interval_counts_expirations)
{
    int fd = CHECK_OK(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
    int64_t start = now_ns(CLOCK_MONOTONIC), total = 0;
    CHECK_OK(arm(fd, 0, 2 * MS, 2 * MS));
    while (total < 10) total += take(fd);
    CHECK(now_ns(CLOCK_MONOTONIC) - start >= 20 * MS);
    CHECK(total <= (now_ns(CLOCK_MONOTONIC) - start) / (2 * MS));
    CHECK_OK(close(fd));
}

TEST(missed_expirations_add_up)
{
    // An absolute time in the past with an interval: all that would have been are counted at once.
    int fd = CHECK_OK(timerfd_create(CLOCK_MONOTONIC, 0));
    int64_t now = now_ns(CLOCK_MONOTONIC);
    CHECK_OK(arm(fd, TFD_TIMER_ABSTIME, now - 100 * MS, 10 * MS));
    CHECK(take(fd) >= 11);
    CHECK_OK(arm(fd, TFD_TIMER_ABSTIME, 1, 0));
    CHECK_EQ(take(fd), 1);
    CHECK_OK(close(fd));
}

TEST(gettime_and_disarm)
{
    struct itimerspec t, old;
    int fd = CHECK_OK(timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK));
    CHECK_OK(timerfd_gettime(fd, &t));
    CHECK(t.it_value.tv_sec == 0 && t.it_value.tv_nsec == 0);
    CHECK_OK(arm(fd, 0, 1000 * 1000 * MS, 5 * MS));
    CHECK_OK(timerfd_gettime(fd, &t));
    CHECK(t.it_value.tv_sec >= 990 && t.it_value.tv_sec <= 1000);
    CHECK_EQ(t.it_interval.tv_nsec, 5 * MS);
    memset(&t, 0, sizeof t);
    CHECK_OK(timerfd_settime(fd, 0, &t, &old)); // zero disarms and gives back the old setting
    CHECK(old.it_value.tv_sec >= 990);
    CHECK_OK(timerfd_gettime(fd, &t));
    CHECK(t.it_value.tv_sec == 0 && t.it_value.tv_nsec == 0);
    CHECK_ERRNO(take(fd), EAGAIN);
    CHECK_OK(close(fd));
}

TEST(rearming_forgets_expirations)
{
    int fd = CHECK_OK(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
    struct pollfd p = {fd, POLLIN};
    CHECK_OK(arm(fd, 0, 1, 0));
    CHECK_EQ(poll(&p, 1, 10000), 1);
    CHECK_OK(arm(fd, 0, 1000 * 1000 * MS, 0));
    CHECK_ERRNO(take(fd), EAGAIN);
    CHECK_EQ(poll(&p, 1, 0), 0);
    CHECK_OK(close(fd));
}

TEST(shared_over_fork)
{
    pid_t pid;
    int fd = CHECK_OK(timerfd_create(CLOCK_MONOTONIC, 0));
    IN_CHILD(pid) CHECK_EQ(take(fd), 1);
    wait_until_blocked(pid);
    CHECK_OK(arm(fd, 0, 1, 0));
    CHECK_EXIT(pid, 0);
    CHECK_OK(close(fd));
}

TEST(clocks)
{
    static const int clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME};
    for (size_t i = 0; i < COUNT(clocks); i++) {
        int fd = CHECK_OK(timerfd_create(clocks[i], 0));
        CHECK_OK(arm(fd, TFD_TIMER_ABSTIME, now_ns(clocks[i]) + 5 * MS, 0));
        CHECK_EQ(take(fd), 1);
        CHECK_OK(close(fd));
    }
}

TEST(errors)
{
    uint64_t n;
    int fd = CHECK_OK(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK)), null = CHECK_OK(open("/dev/null", O_RDONLY));
    struct itimerspec t = {{0, 0}, {1, 1000000000}};
    CHECK_ERRNO(timerfd_create(CLOCK_PROCESS_CPUTIME_ID, 0), EINVAL);
    CHECK_ERRNO(timerfd_create(CLOCK_MONOTONIC, 0x100000), EINVAL);
    CHECK_ERRNO(timerfd_settime(fd, 0, &t, NULL), EINVAL);
    t.it_value.tv_nsec = -1;
    CHECK_ERRNO(timerfd_settime(fd, 0, &t, NULL), EINVAL);
    CHECK_ERRNO(timerfd_settime(fd, 0x100, &t, NULL), EINVAL);
    CHECK_ERRNO(timerfd_settime(fd, 0, BAD_POINTER, NULL), EFAULT);
    CHECK_ERRNO(timerfd_settime(null, 0, &(struct itimerspec){0}, NULL), EINVAL);
    CHECK_ERRNO(timerfd_gettime(-1, &t), EBADF);
    CHECK_ERRNO(read(fd, &n, 4), EINVAL);
    CHECK_ERRNO(write(fd, &n, 8), EINVAL);
    CHECK_OK(close(null));
    CHECK_OK(close(fd));
}
