// socket(7), timestamping.rst and msg_zerocopy.rst of Linux; tcp(7), "TCP_FASTOPEN" (RFC 7413): what a sender is told about its data, and data in a SYN.
#include "inet.h"
#include <linux/errqueue.h>
#include <linux/net_tstamp.h>

static int set(int fd, int level, int name, int value) { return setsockopt(fd, level, name, &value, sizeof value); }

static int number(int fd, int level, int name)
{
    int value = -1;
    socklen_t length = sizeof value;
    CHECK_OK(getsockopt(fd, level, name, &value, &length));
    return value;
}

struct note { ssize_t length; struct sock_extended_err error; struct scm_timestamping times; int flags; };

// One entry of the error queue, which may be about to come.
static struct note take_note(int fd)
{
    struct note n = {.length = -1};
    char control[512], data[256];
    struct iovec part = {data, sizeof data};
    struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    CHECK((inet_poll(fd, 0, 10000) & POLLERR) != 0);
    n.length = CHECK_OK(recvmsg(fd, &m, MSG_ERRQUEUE));
    n.flags = m.msg_flags;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPING) memcpy(&n.times, CMSG_DATA(c), sizeof n.times);
        else memcpy(&n.error, CMSG_DATA(c), sizeof n.error);
    }
    return n;
}

static void copies(int family, int type)
{
    int pair[2];
    char text[64] = "";
    if (type == SOCK_STREAM) inet_pair(family, pair);
    else {
        pair[1] = inet_bound(family, type);
        pair[0] = CHECK_OK(socket(family, type, 0));
        CHECK_OK(inet_connect(pair[0], family, inet_port(pair[1])));
    }
    CHECK_EQ(number(pair[0], SOL_SOCKET, SO_ZEROCOPY), 0);
    CHECK_ERRNO(set(pair[0], SOL_SOCKET, SO_ZEROCOPY, 2), EINVAL);
    CHECK_OK(set(pair[0], SOL_SOCKET, SO_ZEROCOPY, 1));
    CHECK_EQ(number(pair[0], SOL_SOCKET, SO_ZEROCOPY), 1);
    CHECK_ERRNO(recv(pair[0], text, 1, MSG_ERRQUEUE), EAGAIN);
    for (unsigned i = 0; i < 3; i++) {
        CHECK_EQ(send(pair[0], text, sizeof text, MSG_ZEROCOPY), sizeof text);
        CHECK_EQ(recv(pair[1], text, sizeof text, type == SOCK_STREAM ? MSG_WAITALL : 0), sizeof text);
        struct note n = take_note(pair[0]);
        CHECK_EQ(n.length, 0);
        CHECK((n.flags & MSG_ERRQUEUE) != 0);
        CHECK_EQ(n.error.ee_errno, 0);
        CHECK_EQ(n.error.ee_origin, SO_EE_ORIGIN_ZEROCOPY);
        CHECK_EQ(n.error.ee_code, SO_EE_CODE_ZEROCOPY_COPIED); // lo always copies
        CHECK_EQ(n.error.ee_info, i);
        CHECK_EQ(n.error.ee_data, i);
    }
    int error = -1;
    socklen_t length = sizeof error;
    CHECK_OK(getsockopt(pair[0], SOL_SOCKET, SO_ERROR, &error, &length));
    CHECK_EQ(error, 0); // a note is no error
    close(pair[0]);
    close(pair[1]);
}

TEST(copies_tcp) { copies(AF_INET, SOCK_STREAM); }
TEST(copies_tcp6) { copies(AF_INET6, SOCK_STREAM); }
TEST(copies_udp) { copies(AF_INET, SOCK_DGRAM); }

TEST(copies_elsewhere)
{
    int pair[2];
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    CHECK(set(pair[0], SOL_SOCKET, SO_ZEROCOPY, 1) == -1);
}

static int64_t stamp(struct note n) { return n.times.ts[0].tv_sec * 1000000000LL + n.times.ts[0].tv_nsec; }

TEST(times_of_datagrams)
{
    int to = inet_bound(AF_INET, SOCK_DGRAM), from = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
    int64_t before = now_ns(CLOCK_REALTIME) - 1000000;
    CHECK_ERRNO(set(from, SOL_SOCKET, SO_TIMESTAMPING, 1 << 30), EINVAL);
    CHECK_OK(set(from, SOL_SOCKET, SO_TIMESTAMPING,
        SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_OPT_TSONLY));
    CHECK_EQ(number(from, SOL_SOCKET, SO_TIMESTAMPING), SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_OPT_TSONLY);
    CHECK_OK(inet_connect(from, AF_INET, inet_port(to)));
    for (unsigned i = 0; i < 3; i++) {
        CHECK_EQ(write(from, "0123", 4), 4);
        struct note n = take_note(from);
        CHECK_EQ(n.length, 0);
        CHECK_EQ(n.error.ee_errno, ENOMSG);
        CHECK_EQ(n.error.ee_origin, SO_EE_ORIGIN_TIMESTAMPING);
        CHECK_EQ(n.error.ee_info, SCM_TSTAMP_SND);
        CHECK_EQ(n.error.ee_data, i);
        CHECK(stamp(n) >= before && stamp(n) <= now_ns(CLOCK_REALTIME) + 1000000);
    }
    CHECK_OK(set(from, SOL_SOCKET, SO_TIMESTAMPING, SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE));
    CHECK_EQ(write(from, "0123", 4), 4);
    struct note n = take_note(from);
    CHECK_EQ(n.length, 14 + 20 + 8 + 4); // the frame
    CHECK_EQ(n.error.ee_data, 0);
    CHECK_OK(set(from, SOL_SOCKET, SO_TIMESTAMPING, 0));
    CHECK_EQ(write(from, "0123", 4), 4);
    CHECK_EQ(inet_poll(from, 0, 0), 0);

    // Received ones.
    char control[256], text[8];
    struct iovec part = {text, sizeof text};
    struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    CHECK_OK(set(to, SOL_SOCKET, SO_TIMESTAMPING, SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE));
    while (recv(to, text, sizeof text, MSG_DONTWAIT) > 0) {}
    struct cmsghdr *c = NULL;
    while (!c) { // Linux begins to take the time of what arrives a little after it was asked to
        m.msg_controllen = sizeof control;
        CHECK_EQ(write(from, "0123", 4), 4);
        CHECK_EQ(recvmsg(to, &m, 0), 4);
        c = CMSG_FIRSTHDR(&m);
    }
    CHECK(c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPING && c->cmsg_len == CMSG_LEN(48));
    close(to);
    close(from);
}

TEST(times_of_bytes)
{
    int pair[2], fresh = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
    char text[16] = "";
    int flags = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_TX_ACK | SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_OPT_TSONLY;
    CHECK_ERRNO(set(fresh, SOL_SOCKET, SO_TIMESTAMPING, flags), EINVAL); // bytes have no numbers yet
    inet_pair(AF_INET, pair);
    CHECK_OK(set(pair[0], SOL_SOCKET, SO_TIMESTAMPING, flags));
    for (unsigned end = 9; end < 30; end += 10) {
        CHECK_EQ(write(pair[0], text, 10), 10);
        CHECK_EQ(recv(pair[1], text, 10, MSG_WAITALL), 10);
        struct note sent = take_note(pair[0]), acknowledged = take_note(pair[0]);
        CHECK_EQ(sent.error.ee_info, SCM_TSTAMP_SND);
        CHECK_EQ(sent.error.ee_data, end);
        CHECK_EQ(acknowledged.error.ee_info, SCM_TSTAMP_ACK);
        CHECK_EQ(acknowledged.error.ee_data, end);
        CHECK(stamp(acknowledged) >= stamp(sent));
    }
    close(fresh);
    close(pair[0]);
    close(pair[1]);
}

static bool write_setting(const char *text)
{
    int fd = open("/proc/sys/net/ipv4/tcp_fastopen", O_WRONLY);
    if (fd == -1) return false;
    bool done = write(fd, text, strlen(text)) > 0;
    close(fd);
    return done;
}

static int syn_data(int fd)
{
    struct tcp_info info = {0};
    socklen_t length = sizeof info;
    CHECK_OK(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length));
    return info.tcpi_options & 32;
}

TEST(fast_open)
{
    pid_t pid;
    IN_CHILD(pid) if (is_root() && own_network() && write_setting("3\n")) { // a host may show it read-only
        inet_address to;
        char text[16];
        int listener = inet_bound(AF_INET, SOCK_STREAM);
        CHECK_EQ(number(listener, IPPROTO_TCP, TCP_FASTOPEN), 0);
        CHECK_OK(set(listener, IPPROTO_TCP, TCP_FASTOPEN, 5));
        CHECK_OK(listen(listener, 5));
        CHECK_EQ(number(listener, IPPROTO_TCP, TCP_FASTOPEN), 5);
        socklen_t length = inet_loopback(&to, AF_INET, inet_port(listener));
        for (int i = 0; i < 3; i++) { // the first one brings the cookie home
            int fd = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
            CHECK_EQ(sendto(fd, "hello", 5, MSG_FASTOPEN, &to.any, length), 5);
            int accepted = CHECK_OK(accept(listener, NULL, NULL));
            CHECK_EQ(recv(accepted, text, 5, MSG_WAITALL), 5);
            CHECK_EQ(memcmp(text, "hello", 5), 0);
            CHECK_EQ(write(accepted, "world", 5), 5);
            CHECK_EQ(recv(fd, text, 5, MSG_WAITALL), 5);
            CHECK_EQ(memcmp(text, "world", 5), 0);
            CHECK_EQ(syn_data(fd) != 0, i > 0);
            CHECK_EQ(send(fd, "more", 4, 0), 4);
            CHECK_EQ(recv(accepted, text, 4, MSG_WAITALL), 4);
            CHECK_EQ(memcmp(text, "more", 4), 0);
            CHECK_OK(close(fd));
            CHECK_EQ(recv(accepted, text, 4, 0), 0);
            CHECK_OK(close(accepted));
        }
        int fd = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0)); // connect(2) and then write(2)
        CHECK_ERRNO(set(fd, IPPROTO_TCP, 30 /* TCP_FASTOPEN_CONNECT */, 2), EINVAL);
        CHECK_OK(set(fd, IPPROTO_TCP, 30, 1));
        CHECK_EQ(number(fd, IPPROTO_TCP, 30), 1);
        CHECK_OK(fcntl(fd, F_SETFL, O_NONBLOCK));
        CHECK_OK(connect(fd, &to.any, length));
        CHECK((inet_poll(fd, POLLOUT, 10000) & POLLOUT) != 0);
        CHECK_EQ(write(fd, "again", 5), 5);
        int accepted = CHECK_OK(accept(listener, NULL, NULL));
        CHECK_EQ(recv(accepted, text, 5, MSG_WAITALL), 5);
        CHECK_EQ(memcmp(text, "again", 5), 0);
        CHECK_EQ(inet_poll(fd, POLLOUT, 10000), POLLOUT);
        CHECK(syn_data(fd) != 0);
        close(fd);
        close(accepted);
        CHECK(write_setting("0\n"));
        fd = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
        CHECK_ERRNO(sendto(fd, "hello", 5, MSG_FASTOPEN, &to.any, length), EOPNOTSUPP);
        CHECK(write_setting("1\n"));
    }
    CHECK_EXIT(pid, 0);
}
