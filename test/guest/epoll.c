// epoll(7): level and edge triggering, one-shot, nesting, and what happens when files close.
#include "guest.h"
#include <sys/epoll.h>
#include <sys/eventfd.h>

static int ep, ends[2];
static struct epoll_event events[16];

static int control(int op, int fd, uint32_t mask)
{
    struct epoll_event event = {.events = mask, .data.fd = fd};
    return epoll_ctl(ep, op, fd, &event);
}
static int ready(void) { return epoll_wait(ep, events, COUNT(events), 0); }
static void begin(void)
{
    ep = CHECK_OK(epoll_create1(EPOLL_CLOEXEC));
    CHECK_OK(pipe2(ends, O_NONBLOCK));
}
static void end(void)
{
    CHECK_OK(close(ep));
    CHECK_OK(close(ends[0]));
    CHECK_OK(close(ends[1]));
}

TEST(level_triggered)
{
    char byte;
    begin();
    CHECK_OK(control(EPOLL_CTL_ADD, ends[0], EPOLLIN));
    CHECK_EQ(ready(), 0);
    CHECK_EQ(write(ends[1], "ab", 2), 2);
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(ready(), 1);
        CHECK_EQ(events[0].events, EPOLLIN);
        CHECK_EQ(events[0].data.fd, ends[0]);
    }
    CHECK_EQ(read(ends[0], &byte, 1), 1);
    CHECK_EQ(ready(), 1);
    CHECK_EQ(read(ends[0], &byte, 1), 1);
    CHECK_EQ(ready(), 0);
    end();
}

TEST(edge_triggered)
{
    char byte;
    begin();
    CHECK_OK(control(EPOLL_CTL_ADD, ends[0], EPOLLIN | EPOLLET));
    CHECK_EQ(write(ends[1], "a", 1), 1);
    CHECK_EQ(ready(), 1);
    CHECK_EQ(ready(), 0); // no new edge
    CHECK_EQ(write(ends[1], "b", 1), 1);
    CHECK_EQ(ready(), 1); // each arrival is one, drained or not
    CHECK_EQ(read(ends[0], &byte, 1), 1);
    CHECK_EQ(ready(), 0);
    CHECK_OK(control(EPOLL_CTL_MOD, ends[0], EPOLLIN | EPOLLET)); // re-arms
    CHECK_EQ(ready(), 1);
    end();
    // Added when already ready: reported once.
    begin();
    CHECK_EQ(write(ends[1], "a", 1), 1);
    CHECK_OK(control(EPOLL_CTL_ADD, ends[0], EPOLLIN | EPOLLET));
    CHECK_EQ(ready(), 1);
    CHECK_EQ(ready(), 0);
    end();
}

TEST(one_shot)
{
    begin();
    CHECK_OK(control(EPOLL_CTL_ADD, ends[0], EPOLLIN | EPOLLONESHOT));
    CHECK_EQ(write(ends[1], "a", 1), 1);
    CHECK_EQ(ready(), 1);
    CHECK_EQ(write(ends[1], "b", 1), 1);
    CHECK_EQ(ready(), 0);
    CHECK_OK(control(EPOLL_CTL_MOD, ends[0], EPOLLIN | EPOLLONESHOT));
    CHECK_EQ(ready(), 1);
    CHECK_EQ(ready(), 0);
    end();
}

TEST(control_errors)
{
    struct epoll_event event = {EPOLLIN};
    begin();
    int file = CHECK_OK(open("f", O_RDWR | O_CREAT, 0600));
    CHECK_OK(control(EPOLL_CTL_ADD, ends[0], EPOLLIN));
    CHECK_ERRNO(control(EPOLL_CTL_ADD, ends[0], EPOLLIN), EEXIST);
    CHECK_ERRNO(control(EPOLL_CTL_MOD, ends[1], EPOLLIN), ENOENT);
    CHECK_ERRNO(control(EPOLL_CTL_DEL, ends[1], EPOLLIN), ENOENT);
    CHECK_ERRNO(control(EPOLL_CTL_ADD, ep, EPOLLIN), EINVAL);
    CHECK_ERRNO(control(EPOLL_CTL_ADD, 9999, EPOLLIN), EBADF);
    CHECK_ERRNO(control(EPOLL_CTL_ADD, file, EPOLLIN), EPERM); // regular files are always ready
    CHECK_ERRNO(control(77, ends[1], EPOLLIN), EINVAL);
    CHECK_ERRNO(epoll_ctl(ends[0], EPOLL_CTL_ADD, ends[1], &event), EINVAL);
    CHECK_ERRNO(epoll_ctl(ep, EPOLL_CTL_ADD, ends[1], BAD_POINTER), EFAULT);
    CHECK_ERRNO(epoll_wait(ep, events, 0, 0), EINVAL);
    CHECK_ERRNO(epoll_wait(ep, events, -1, 0), EINVAL);
    CHECK_ERRNO(epoll_wait(9999, events, 1, 0), EBADF);
    CHECK_ERRNO(epoll_wait(ends[0], events, 1, 0), EINVAL);
    CHECK_EQ(write(ends[1], "x", 1), 1);
    CHECK_ERRNO(epoll_wait(ep, BAD_POINTER, 1, 0), EFAULT);
    CHECK_ERRNO(epoll_create(0), EINVAL);
    CHECK_ERRNO(epoll_create1(1), EINVAL);
    CHECK_OK(control(EPOLL_CTL_DEL, ends[0], 0));
    CHECK_EQ(ready(), 0);
    CHECK_OK(close(file));
    CHECK_OK(unlink("f"));
    end();
}

TEST(write_readiness_and_hangup)
{
    static char data[65536];
    begin();
    CHECK_OK(control(EPOLL_CTL_ADD, ends[1], EPOLLOUT));
    CHECK_EQ(ready(), 1);
    CHECK_EQ(events[0].events, EPOLLOUT);
    CHECK_EQ(write(ends[1], data, sizeof data), sizeof data);
    CHECK_EQ(ready(), 0);
    CHECK_OK(close(ends[0]));
    CHECK_EQ(ready(), 1);
    CHECK(events[0].events & EPOLLERR);
    CHECK_OK(pipe(ends));
    CHECK_OK(control(EPOLL_CTL_ADD, ends[0], 0)); // EPOLLHUP needs no asking
    CHECK_OK(close(ends[1]));
    CHECK_EQ(ready(), 2);
    CHECK_OK(close(ep));
    CHECK_OK(close(ends[0]));
}

TEST(peer_shutdown)
{
    int pair[2];
    begin();
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    CHECK_OK(control(EPOLL_CTL_ADD, pair[0], EPOLLIN | EPOLLRDHUP));
    CHECK_OK(shutdown(pair[1], SHUT_WR));
    CHECK_EQ(ready(), 1);
    CHECK_EQ(events[0].events, EPOLLIN | EPOLLRDHUP);
    CHECK_OK(close(pair[1]));
    CHECK_EQ(ready(), 1);
    CHECK_EQ(events[0].events, EPOLLIN | EPOLLRDHUP | EPOLLHUP);
    CHECK_OK(close(pair[0]));
    CHECK_EQ(ready(), 0);
    end();
}

TEST(closed_file_leaves_the_set)
{
    begin();
    int copy = CHECK_OK(dup(ends[0]));
    CHECK_OK(control(EPOLL_CTL_ADD, ends[0], EPOLLIN));
    CHECK_OK(control(EPOLL_CTL_ADD, copy, EPOLLIN)); // the key is descriptor and description
    CHECK_EQ(write(ends[1], "x", 1), 1);
    CHECK_EQ(ready(), 2);
    CHECK_OK(control(EPOLL_CTL_DEL, copy, 0));
    int first = ends[0];
    CHECK_OK(close(first));
    CHECK_EQ(ready(), 1); // epoll(7): the description is still open through copy
    CHECK_EQ(events[0].data.fd, first);
    CHECK_OK(close(copy));
    CHECK_EQ(ready(), 0);
    ends[0] = CHECK_OK(open("/dev/null", O_RDONLY));
    end();
}

TEST(nested)
{
    begin();
    int inner = ep, outer = CHECK_OK(epoll_create1(0));
    CHECK_OK(control(EPOLL_CTL_ADD, ends[0], EPOLLIN));
    ep = outer;
    CHECK_OK(control(EPOLL_CTL_ADD, inner, EPOLLIN));
    CHECK_EQ(ready(), 0);
    CHECK_EQ(write(ends[1], "x", 1), 1);
    CHECK_EQ(ready(), 1);
    CHECK_EQ(events[0].data.fd, inner);
    struct pollfd p = {inner, POLLIN};
    CHECK_EQ(poll(&p, 1, 0), 1);
    ep = inner;
    CHECK_ERRNO(control(EPOLL_CTL_ADD, outer, EPOLLIN), ELOOP);
    CHECK_OK(close(outer));
    end();
}

TEST(waiting)
{
    pid_t pid;
    begin();
    CHECK_OK(control(EPOLL_CTL_ADD, ends[0], EPOLLIN));
    int64_t start = now_ns(CLOCK_MONOTONIC);
    CHECK_EQ(epoll_wait(ep, events, 4, 20), 0);
    CHECK(now_ns(CLOCK_MONOTONIC) - start >= 20000000);
    IN_CHILD(pid) CHECK_EQ(epoll_wait(ep, events, 4, -1), 1);
    wait_until_blocked(pid);
    CHECK_EQ(write(ends[1], "x", 1), 1);
    CHECK_EXIT(pid, 0);
    // Added while another waits.
    CHECK_OK(control(EPOLL_CTL_DEL, ends[0], 0));
    IN_CHILD(pid) CHECK_EQ(epoll_wait(ep, events, 4, -1), 1);
    wait_until_blocked(pid);
    CHECK_OK(control(EPOLL_CTL_ADD, ends[0], EPOLLIN));
    CHECK_EXIT(pid, 0);
    end();
}

TEST(exclusive)
{
    begin();
    CHECK_OK(control(EPOLL_CTL_ADD, ends[0], EPOLLIN | EPOLLEXCLUSIVE));
    CHECK_ERRNO(control(EPOLL_CTL_MOD, ends[0], EPOLLIN), EINVAL);
    CHECK_ERRNO(control(EPOLL_CTL_ADD, ends[1], EPOLLOUT | EPOLLEXCLUSIVE | EPOLLONESHOT), EINVAL);
    CHECK_EQ(write(ends[1], "x", 1), 1);
    CHECK_EQ(ready(), 1);
    end();
}

static void ignore(int signal) { (void)signal; }

TEST(pwait_mask)
{
    pid_t pid;
    begin();
    IN_CHILD(pid) {
        sigset_t block, none;
        struct sigaction action = {.sa_handler = ignore, .sa_flags = SA_RESTART};
        sigaction(SIGUSR1, &action, NULL);
        sigemptyset(&none);
        sigemptyset(&block);
        sigaddset(&block, SIGUSR1);
        sigprocmask(SIG_BLOCK, &block, NULL);
        raise(SIGUSR1);
        CHECK_EQ(epoll_wait(ep, events, 1, 0), 0);
        CHECK_ERRNO(epoll_pwait(ep, events, 1, -1, &none), EINTR); // not restarted, whatever SA_RESTART says: signal(7)
        sigset_t now;
        sigprocmask(SIG_BLOCK, NULL, &now);
        CHECK_EQ(sigismember(&now, SIGUSR1), 1);
        struct timespec t = {0, 1000000};
        CHECK_EQ(syscall(SYS_epoll_pwait2, ep, events, 1, &t, NULL, 0), 0);
    }
    CHECK_EXIT(pid, 0);
    end();
}

TEST(many_and_fair)
{
    // More ready files than room: repeated calls go round all of them.
    enum { N = 40 };
    int fd[N], seen[N] = {0}, total = 0;
    begin();
    for (int i = 0; i < N; i++) {
        struct epoll_event event = {EPOLLIN, {.u32 = i}};
        fd[i] = CHECK_OK(eventfd(1, 0));
        CHECK_OK(epoll_ctl(ep, EPOLL_CTL_ADD, fd[i], &event));
    }
    for (int round = 0; round < N / 8; round++) {
        CHECK_EQ(epoll_wait(ep, events, 8, 0), 8);
        for (int i = 0; i < 8; i++) total += !seen[events[i].data.u32]++;
    }
    CHECK_EQ(total, N);
    for (int i = 0; i < N; i++) CHECK_OK(close(fd[i]));
    CHECK_EQ(ready(), 0);
    end();
}
