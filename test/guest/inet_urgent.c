// tcp(7), recv(2), sockatmark(3): one byte of urgent data.
#include "inet.h"

static volatile sig_atomic_t urgent_signals;
static void on_urgent(int signal) { (void)signal; urgent_signals++; }

static int at_mark(int fd)
{
    int mark = -1;
    CHECK_OK(ioctl(fd, SIOCATMARK, &mark));
    return mark;
}

static int waiting(int fd)
{
    int count = -1;
    CHECK_OK(ioctl(fd, FIONREAD, &count));
    return count;
}

TEST(out_of_band)
{
    int pair[2];
    char text[16] = {0}, byte = 0;
    inet_pair(AF_INET, pair);
    CHECK_ERRNO(recv(pair[1], &byte, 1, MSG_OOB), EINVAL);
    CHECK_EQ(send(pair[0], "abc!", 4, MSG_OOB), 4);
    CHECK_EQ(send(pair[0], "def", 3, 0), 3);
    CHECK_EQ(inet_poll(pair[1], POLLPRI, 5000), POLLPRI);
    CHECK_EQ(inet_poll(pair[1], POLLIN | POLLPRI, 5000), POLLIN | POLLPRI);
    CHECK_EQ(at_mark(pair[1]), 0);
    CHECK_EQ(waiting(pair[1]), 3);
    CHECK_EQ(recv(pair[1], &byte, 1, MSG_OOB | MSG_PEEK), 1);
    CHECK_EQ(byte, '!');
    byte = 0;
    CHECK_EQ(recv(pair[1], &byte, 1, MSG_OOB), 1);
    CHECK_EQ(byte, '!');
    CHECK_ERRNO(recv(pair[1], &byte, 1, MSG_OOB), EINVAL);
    CHECK_EQ(inet_poll(pair[1], POLLPRI, 0), 0);
    CHECK_EQ(recv(pair[1], text, sizeof text, 0), 3); // not beyond the mark
    CHECK_EQ(memcmp(text, "abc", 3), 0);
    CHECK_EQ(at_mark(pair[1]), 1);
    while (inet_poll(pair[1], POLLIN, 5000) != POLLIN) { }
    CHECK_EQ(recv(pair[1], text, sizeof text, 0), 3);
    CHECK_EQ(memcmp(text, "def", 3), 0);
    CHECK_EQ(at_mark(pair[1]), 0);
    CHECK_OK(close(pair[0]));
    CHECK_EQ(recv(pair[1], text, sizeof text, 0), 0);
    CHECK_OK(close(pair[1]));
}

TEST(in_line)
{
    int pair[2], one = 1;
    char text[16] = {0};
    inet_pair(AF_INET6, pair);
    CHECK_OK(setsockopt(pair[1], SOL_SOCKET, SO_OOBINLINE, &one, sizeof one));
    CHECK_EQ(send(pair[0], "abc!", 4, MSG_OOB), 4);
    CHECK_EQ(inet_poll(pair[1], POLLPRI, 5000), POLLPRI);
    CHECK_ERRNO(recv(pair[1], text, 1, MSG_OOB), EINVAL);
    CHECK_EQ(waiting(pair[1]), 4);
    CHECK_EQ(recv(pair[1], text, sizeof text, 0), 3);
    CHECK_EQ(at_mark(pair[1]), 1);
    CHECK_EQ(recv(pair[1], text, sizeof text, 0), 1);
    CHECK_EQ(text[0], '!');
    CHECK_EQ(at_mark(pair[1]), 0);
    CHECK_OK(close(pair[0]));
    CHECK_OK(close(pair[1]));
}

TEST(a_later_one_takes_the_place)
{
    int pair[2];
    char text[16] = {0}, byte = 0;
    inet_pair(AF_INET, pair);
    CHECK_EQ(send(pair[0], "a", 1, MSG_OOB), 1);
    CHECK_EQ(inet_poll(pair[1], POLLPRI, 5000), POLLPRI);
    CHECK_EQ(send(pair[0], "b", 1, MSG_OOB), 1);
    CHECK_EQ(send(pair[0], "c", 1, 0), 1);
    while (waiting(pair[1]) > 1 || inet_poll(pair[1], POLLIN, 5000) != POLLIN) { }
    CHECK_EQ(recv(pair[1], &byte, 1, MSG_OOB), 1);
    CHECK_EQ(byte, 'b');
    CHECK_EQ(recv(pair[1], text, sizeof text, 0), 1);
    CHECK_EQ(text[0], 'c');
    CHECK_OK(close(pair[0]));
    CHECK_OK(close(pair[1]));
}

TEST(signal_to_the_owner)
{
    int pair[2];
    char byte = 0;
    inet_pair(AF_INET, pair);
    struct sigaction action = {.sa_handler = on_urgent};
    CHECK_OK(sigaction(SIGURG, &action, NULL));
    sigset_t blocked, old;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGURG);
    CHECK_OK(sigprocmask(SIG_BLOCK, &blocked, &old));
    CHECK_OK(fcntl(pair[1], F_SETOWN, getpid()));
    CHECK_EQ(send(pair[0], "x", 1, MSG_OOB), 1);
    struct timespec limit = {5, 0};
    CHECK_EQ(sigtimedwait(&blocked, NULL, &limit), SIGURG);
    CHECK_EQ(inet_poll(pair[1], POLLPRI, 5000), POLLPRI);
    CHECK_EQ(recv(pair[1], &byte, 1, MSG_OOB), 1);
    CHECK_EQ(byte, 'x');
    CHECK_OK(close(pair[0]));
    CHECK_OK(close(pair[1]));
}

TEST(epoll_tells)
{
    int pair[2], set = CHECK_OK(epoll_create1(0));
    inet_pair(AF_INET, pair);
    struct epoll_event event = {.events = EPOLLPRI};
    CHECK_OK(epoll_ctl(set, EPOLL_CTL_ADD, pair[1], &event));
    CHECK_EQ(epoll_wait(set, &event, 1, 0), 0);
    CHECK_EQ(send(pair[0], "x", 1, MSG_OOB), 1);
    CHECK_EQ(epoll_wait(set, &event, 1, 5000), 1);
    CHECK_EQ(event.events, EPOLLPRI);
    CHECK_OK(close(pair[0]));
    CHECK_OK(close(pair[1]));
    CHECK_OK(close(set));
}
