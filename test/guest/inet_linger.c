// socket(7), SO_LINGER: who closes waits for what was sent.
#include "inet.h"
#include <stdatomic.h>

static void lingers(int fd, int seconds)
{
    struct linger value = {1, seconds};
    CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_LINGER, &value, sizeof value));
}

// A connection whose first end has sent more than the other one takes.
static size_t full(int pair[2])
{
    static char block[65536];
    size_t sent = 0;
    ssize_t n;
    inet_pair(AF_INET, pair);
    CHECK_OK(fcntl(pair[0], F_SETFL, O_NONBLOCK));
    while ((n = write(pair[0], block, sizeof block)) > 0) sent += n;
    CHECK_EQ(errno, EAGAIN);
    return sent;
}

static void take_all(int fd, size_t length)
{
    static char block[65536];
    size_t received = 0;
    ssize_t n;
    while ((n = read(fd, block, sizeof block)) > 0) received += n;
    CHECK_EQ(n, 0);
    CHECK_EQ(received, length);
}

static double seconds_of(int fd)
{
    struct timespec before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    CHECK_OK(close(fd));
    clock_gettime(CLOCK_MONOTONIC, &after);
    return (double)(after.tv_sec - before.tv_sec) + (double)(after.tv_nsec - before.tv_nsec) / 1e9;
}

// The last one who closes waits, so a child begins when its maker has closed. It spins: asleep it would look as if it waited in close(2).
static atomic_int *closed;
static void prepare(void)
{
    closed = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(closed != MAP_FAILED);
}
static void wait_for_maker(void)
{
    while (!atomic_load(closed)) sched_yield();
}
static void close_as_maker(int fd)
{
    CHECK_OK(close(fd));
    atomic_store(closed, 1);
}

TEST(until_the_time_is_over)
{
    int pair[2];
    size_t sent = full(pair);
    lingers(pair[0], 1); // non-blocking, and waits
    double time = seconds_of(pair[0]);
    CHECK(time > 0.9 && time < 10);
    take_all(pair[1], sent); // and what was sent comes all the same
    CHECK_OK(close(pair[1]));
}

TEST(until_it_has_arrived)
{
    int pair[2];
    size_t sent = full(pair);
    pid_t pid;
    prepare();
    lingers(pair[0], 100);
    IN_CHILD(pid) {
        close(pair[1]);
        wait_for_maker();
        CHECK(seconds_of(pair[0]) < 90);
    }
    close_as_maker(pair[0]);
    wait_until_blocked(pid);
    CHECK_EQ(waitpid(pid, NULL, WNOHANG), 0);
    take_all(pair[1], sent);
    CHECK_EXIT(pid, 0);
    CHECK_OK(close(pair[1]));
}

static void nothing(int number) { (void)number; }

TEST(until_a_signal_comes)
{
    int pair[2];
    size_t sent = full(pair);
    pid_t pid;
    prepare();
    lingers(pair[0], 100);
    IN_CHILD(pid) {
        struct sigaction action = {.sa_handler = nothing, .sa_flags = SA_RESTART};
        CHECK_OK(sigaction(SIGUSR1, &action, NULL));
        close(pair[1]);
        wait_for_maker();
        CHECK(seconds_of(pair[0]) < 90); // 0, not EINTR
    }
    close_as_maker(pair[0]);
    wait_until_blocked(pid);
    CHECK_OK(kill(pid, SIGUSR1));
    CHECK_EXIT(pid, 0);
    take_all(pair[1], sent);
    CHECK_OK(close(pair[1]));
}

TEST(who_exits_does_not_wait)
{
    int pair[2];
    size_t sent = full(pair);
    pid_t pid;
    struct timespec before, after;
    prepare();
    lingers(pair[0], 100);
    clock_gettime(CLOCK_MONOTONIC, &before);
    IN_CHILD(pid) {
        close(pair[1]);
        wait_for_maker();
    }
    close_as_maker(pair[0]);
    CHECK_EXIT(pid, 0);
    clock_gettime(CLOCK_MONOTONIC, &after);
    CHECK(after.tv_sec - before.tv_sec < 90);
    take_all(pair[1], sent);
    CHECK_OK(close(pair[1]));
}

TEST(what_has_arrived_is_not_waited_for)
{
    int pair[2];
    inet_pair(AF_INET6, pair);
    lingers(pair[0], 100);
    CHECK_EQ(write(pair[0], "x", 1), 1);
    CHECK(seconds_of(pair[0]) < 90);
    take_all(pair[1], 1);
    CHECK_OK(close(pair[1]));
    inet_pair(AF_INET, pair);
    lingers(pair[0], 100);
    CHECK_EQ(write(pair[0], "x", 1), 1);
    CHECK_EQ(dup2(pair[1], pair[0]), pair[0]); // closes, too
    CHECK_OK(close(pair[0]));
    take_all(pair[1], 1);
    CHECK_OK(close(pair[1]));
}
