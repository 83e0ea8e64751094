// poll(2), ppoll(2), select(2), pselect(2).
#include "guest.h"
#include <sys/select.h>

static int ends[2];
static void begin(void) { CHECK_OK(pipe2(ends, O_NONBLOCK)); }
static void end(void)
{
    CHECK_OK(close(ends[0]));
    CHECK_OK(close(ends[1]));
}
static volatile int caught;
static void on_signal(int signal) { caught = signal; }
static void block(int signal)
{
    sigset_t set;
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigaction(signal, &action, NULL);
    sigemptyset(&set);
    sigaddset(&set, signal);
    sigprocmask(SIG_BLOCK, &set, NULL);
}
static void unblock(int number)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, number);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    signal(number, SIG_DFL);
}

TEST(poll_events)
{
    begin();
    struct pollfd p[4] = {{ends[0], POLLIN}, {ends[1], POLLOUT}, {-1, POLLIN}, {9999, POLLIN}};
    CHECK_EQ(poll(p, 4, 0), 2);
    CHECK_EQ(p[0].revents, 0);
    CHECK_EQ(p[1].revents, POLLOUT);
    CHECK_EQ(p[2].revents, 0); // negative: left out
    CHECK_EQ(p[3].revents, POLLNVAL);
    CHECK_EQ(write(ends[1], "x", 1), 1);
    CHECK_EQ(poll(p, 1, -1), 1);
    CHECK_EQ(p[0].revents, POLLIN);
    CHECK_OK(close(ends[1]));
    CHECK_EQ(poll(p, 1, -1), 1);
    CHECK_EQ(p[0].revents, POLLIN | POLLHUP);
    ends[1] = CHECK_OK(open("/dev/null", O_RDWR));
    end();
    begin();
    CHECK_OK(close(ends[0]));
    p[1].fd = ends[1];
    CHECK_EQ(poll(p + 1, 1, -1), 1);
    CHECK_EQ(p[1].revents, POLLOUT | POLLERR);
    ends[0] = CHECK_OK(open("/dev/null", O_RDWR));
    end();
}

TEST(files_are_always_ready)
{
    int fd = CHECK_OK(open("f", O_RDWR | O_CREAT, 0600));
    struct pollfd p = {fd, POLLIN | POLLOUT | POLLPRI};
    CHECK_EQ(poll(&p, 1, -1), 1);
    CHECK_EQ(p.revents, POLLIN | POLLOUT);
    CHECK_OK(close(fd));
    CHECK_OK(unlink("f"));
    int dir = CHECK_OK(open(".", O_RDONLY));
    p.fd = dir;
    CHECK_EQ(poll(&p, 1, -1), 1);
    CHECK_OK(close(dir));
}

TEST(timeouts)
{
    begin();
    struct pollfd p = {ends[0], POLLIN};
    struct timespec ts = {0, 20000000};
    struct timeval tv = {0, 20000};
    fd_set set;
    int64_t start = now_ns(CLOCK_MONOTONIC);
    CHECK_EQ(poll(&p, 1, 20), 0);
    CHECK(now_ns(CLOCK_MONOTONIC) - start >= 20000000);
    CHECK_EQ(ppoll(&p, 1, &ts, NULL), 0);
    FD_ZERO(&set);
    FD_SET(ends[0], &set);
    CHECK_EQ(select(ends[0] + 1, &set, NULL, NULL, &tv), 0);
    CHECK(!FD_ISSET(ends[0], &set));
    CHECK(tv.tv_sec == 0 && tv.tv_usec == 0); // select(2): Linux writes back the time left
    CHECK(now_ns(CLOCK_MONOTONIC) - start >= 60000000);
    CHECK_EQ(poll(NULL, 0, 1), 0);
    end();
}

TEST(select_sets)
{
    fd_set r, w, e;
    begin();
    FD_ZERO(&r);
    FD_ZERO(&w);
    FD_ZERO(&e);
    FD_SET(ends[0], &r);
    FD_SET(ends[1], &w);
    FD_SET(ends[0], &e);
    CHECK_EQ(select(ends[1] + 1, &r, &w, &e, NULL), 1);
    CHECK(!FD_ISSET(ends[0], &r) && FD_ISSET(ends[1], &w) && !FD_ISSET(ends[0], &e));
    CHECK_EQ(write(ends[1], "x", 1), 1);
    FD_SET(ends[0], &r);
    CHECK_EQ(select(ends[1] + 1, &r, &w, NULL, NULL), 2); // counts bits, not descriptors
    CHECK(FD_ISSET(ends[0], &r) && FD_ISSET(ends[1], &w));
    CHECK_EQ(select(ends[0], &r, NULL, NULL, &(struct timeval){0, 0}), 0); // nfds is one more than the highest
    end();
}

TEST(wakes_up)
{
    pid_t pid;
    begin();
    IN_CHILD(pid) {
        struct pollfd p = {ends[0], POLLIN};
        CHECK_EQ(poll(&p, 1, -1), 1);
        fd_set r;
        FD_ZERO(&r);
        FD_SET(ends[0], &r);
        CHECK_EQ(select(ends[0] + 1, &r, NULL, NULL, NULL), 1);
    }
    wait_until_blocked(pid);
    CHECK_EQ(write(ends[1], "x", 1), 1);
    CHECK_EXIT(pid, 0);
    end();
}

TEST(signal_mask)
{
    sigset_t none;
    sigemptyset(&none);
    begin();
    struct pollfd p = {ends[0], POLLIN};
    block(SIGUSR1);
    CHECK_OK(raise(SIGUSR1));
    caught = 0;
    CHECK_EQ(poll(&p, 1, 0), 0);
    CHECK_EQ(caught, 0);
    CHECK_ERRNO(ppoll(&p, 1, NULL, &none), EINTR); // a pending signal ends it at once, even with SA_RESTART
    CHECK_EQ(caught, SIGUSR1);
    CHECK_OK(raise(SIGUSR1));
    caught = 0;
    CHECK_ERRNO(pselect(0, NULL, NULL, NULL, NULL, &none), EINTR);
    CHECK_EQ(caught, SIGUSR1);
    sigset_t now;
    sigprocmask(SIG_BLOCK, NULL, &now);
    CHECK_EQ(sigismember(&now, SIGUSR1), 1); // the mask is back
    // When a file is ready that is the answer, and the signal stays pending.
    CHECK_EQ(write(ends[1], "x", 1), 1);
    CHECK_OK(raise(SIGUSR1));
    caught = 0;
    CHECK_EQ(ppoll(&p, 1, NULL, &none), 1);
    unblock(SIGUSR1);
    end();
}

TEST(interrupted)
{
    pid_t pid;
    IN_CHILD(pid) {
        struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
        sigaction(SIGUSR1, &action, NULL);
        CHECK_ERRNO(poll(NULL, 0, -1), EINTR); // signal(7): never restarted
    }
    wait_until_blocked(pid);
    CHECK_OK(kill(pid, SIGUSR1));
    CHECK_EXIT(pid, 0);
}

TEST(errors)
{
    fd_set r;
    struct pollfd p = {0, 0};
    struct timespec bad = {0, -1};
    FD_ZERO(&r);
    FD_SET(60, &r);
    // select(2), BUGS: a descriptor beyond the process's table (64 at first) is ignored, not EBADF.
    CHECK_ERRNO(select(61, &r, NULL, NULL, &(struct timeval){0, 0}), EBADF);
    CHECK_ERRNO(select(-1, NULL, NULL, NULL, NULL), EINVAL);
    CHECK_ERRNO(select(0, NULL, NULL, NULL, &(struct timeval){-1, 0}), EINVAL);
    CHECK_ERRNO(syscall(SYS_select, 10, BAD_POINTER, NULL, NULL, NULL), EFAULT);
    CHECK_ERRNO(syscall(SYS_poll, BAD_POINTER, 1, 0), EFAULT);
    CHECK_ERRNO(syscall(SYS_poll, &p, 0x7fffffff, 0), EINVAL); // more than RLIMIT_NOFILE
    CHECK_ERRNO(syscall(SYS_ppoll, &p, 1, &bad, NULL, 8), EINVAL);
}
