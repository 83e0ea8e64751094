// socket(7), tcp(7), ip(7), udp(7) of Linux: options about what a reader waits for, looks at and is told.
#include "inet.h"
#include <linux/filter.h>
#include <netinet/udp.h>
#ifndef TCP_INQ
#define TCP_INQ 36
#endif
#ifndef IP_ORIGDSTADDR
#define IP_ORIGDSTADDR 20
#endif

static int number(int fd, int level, int name)
{
    int value = -1;
    socklen_t length = sizeof value;
    CHECK_OK(getsockopt(fd, level, name, &value, &length));
    return value;
}

static int set(int fd, int level, int name, int value) { return setsockopt(fd, level, name, &value, sizeof value); }

// recvmsg with room for control messages; the first one of this level and type is copied to found.
static ssize_t receive_with(int fd, void *data, size_t length, int flags, int level, int type, void *found, size_t size)
{
    char control[512];
    struct iovec part = {data, length};
    struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    memset(found, 0, size);
    ssize_t n = recvmsg(fd, &m, flags);
    for (struct cmsghdr *c = n < 0 ? NULL : CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c))
        if (c->cmsg_level == level && c->cmsg_type == type) memcpy(found, CMSG_DATA(c), c->cmsg_len - CMSG_LEN(0) < size ? c->cmsg_len - CMSG_LEN(0) : size);
    return n;
}

static void *send_rest(void *argument)
{
    int *end = argument;
    char byte;
    CHECK_EQ(read(end[1], &byte, 1), 1);
    CHECK_EQ(write(end[0], "56789abcde", 10), 10); // Linux takes what is there, and then waits for as much anew
    return NULL;
}

static void low_water(int pair[2], int polls)
{
    char text[16];
    int go[2];
    pthread_t writer;
    CHECK_EQ(number(pair[1], SOL_SOCKET, SO_RCVLOWAT), 1);
    CHECK_OK(set(pair[1], SOL_SOCKET, SO_RCVLOWAT, 0));
    CHECK_EQ(number(pair[1], SOL_SOCKET, SO_RCVLOWAT), 1);
    CHECK_OK(set(pair[1], SOL_SOCKET, SO_RCVLOWAT, 10));
    CHECK_EQ(number(pair[1], SOL_SOCKET, SO_RCVLOWAT), 10);
    CHECK_EQ(write(pair[0], "01234", 5), 5);
    if (polls) CHECK_EQ(inet_poll(pair[1], POLLIN, 0), 0);
    CHECK_EQ(recv(pair[1], text, 3, MSG_PEEK), 3); // as much as was asked for is here
    CHECK_EQ(recv(pair[1], text, 10, MSG_PEEK | MSG_DONTWAIT), 5); // who does not wait gets what there is
    CHECK_OK(pipe(go));
    int end[2] = {pair[0], go[0]};
    CHECK_EQ(pthread_create(&writer, NULL, send_rest, end), 0);
    pipe_signal(go[1]);
    CHECK_EQ(recv(pair[1], text, sizeof text, 0), 15);
    CHECK_EQ(memcmp(text, "0123456789abcde", 15), 0);
    pthread_join(writer, NULL);
    struct timeval soon = {0, 20000};
    CHECK_OK(setsockopt(pair[1], SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon));
    CHECK_EQ(write(pair[0], "ab", 2), 2);
    CHECK_EQ(recv(pair[1], text, sizeof text, 0), 2); // its time was over
    CHECK_EQ(write(pair[0], "xyz", 3), 3);
    CHECK_OK(shutdown(pair[0], SHUT_WR));
    if (polls) CHECK((inet_poll(pair[1], POLLIN, 10000) & POLLIN) != 0); // no more can come
    CHECK_EQ(recv(pair[1], text, sizeof text, 0), 3);
    CHECK_EQ(recv(pair[1], text, sizeof text, 0), 0);
    for (int i = 0; i < 2; i++) { close(pair[i]); close(go[i]); }
}

TEST(low_water_tcp) { int pair[2]; inet_pair(AF_INET, pair); low_water(pair, 1); }
TEST(low_water_tcp6) { int pair[2]; inet_pair(AF_INET6, pair); low_water(pair, 1); }
TEST(low_water_unix) { int pair[2]; CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair)); low_water(pair, 0); }

TEST(low_water_epoll)
{
    int pair[2], ep = CHECK_OK(epoll_create1(0));
    char text[16];
    inet_pair(AF_INET, pair);
    CHECK_OK(set(pair[1], SOL_SOCKET, SO_RCVLOWAT, 4));
    struct epoll_event e = {.events = EPOLLIN};
    CHECK_OK(epoll_ctl(ep, EPOLL_CTL_ADD, pair[1], &e));
    CHECK_EQ(write(pair[0], "012", 3), 3);
    CHECK_EQ(epoll_wait(ep, &e, 1, 0), 0);
    CHECK_EQ(write(pair[0], "3", 1), 1);
    CHECK_EQ(epoll_wait(ep, &e, 1, 10000), 1);
    CHECK_EQ(read(pair[1], text, 3), 3);
    CHECK_EQ(epoll_wait(ep, &e, 1, 0), 0);
    CHECK_OK(set(pair[1], SOL_SOCKET, SO_RCVLOWAT, 1));
    CHECK_EQ(epoll_wait(ep, &e, 1, 10000), 1);
    close(ep);
    close(pair[0]);
    close(pair[1]);
}

// SO_PEEK_OFF: looking moves it forward, reading back.
static void peek_stream(int pair[2])
{
    char text[16];
    if (set(pair[1], SOL_SOCKET, SO_PEEK_OFF, 2) == -1 && errno == EOPNOTSUPP) return; // TCP since Linux 6.9
    CHECK_EQ(number(pair[1], SOL_SOCKET, SO_PEEK_OFF), 2);
    CHECK_EQ(write(pair[0], "0123456789", 10), 10);
    CHECK_EQ(inet_poll(pair[1], POLLIN, 10000), POLLIN);
    CHECK_EQ(recv(pair[1], text, 3, MSG_PEEK), 3);
    CHECK_EQ(memcmp(text, "234", 3), 0);
    CHECK_EQ(recv(pair[1], text, 3, MSG_PEEK), 3);
    CHECK_EQ(memcmp(text, "567", 3), 0);
    CHECK_EQ(number(pair[1], SOL_SOCKET, SO_PEEK_OFF), 8);
    CHECK_EQ(recv(pair[1], text, 4, 0), 4);
    CHECK_EQ(memcmp(text, "0123", 4), 0);
    CHECK_EQ(number(pair[1], SOL_SOCKET, SO_PEEK_OFF), 4);
    CHECK_EQ(recv(pair[1], text, 16, MSG_PEEK), 2);
    CHECK_EQ(memcmp(text, "89", 2), 0);
    CHECK_ERRNO(recv(pair[1], text, 16, MSG_PEEK | MSG_DONTWAIT), EAGAIN);
    CHECK_OK(set(pair[1], SOL_SOCKET, SO_PEEK_OFF, -1));
    CHECK_EQ(recv(pair[1], text, 16, MSG_PEEK), 6);
    CHECK_EQ(recv(pair[1], text, 16, MSG_PEEK), 6);
    CHECK_EQ(number(pair[1], SOL_SOCKET, SO_PEEK_OFF), -1);
}

static void peek_messages(int from, int to)
{
    char text[16];
    CHECK_OK(set(to, SOL_SOCKET, SO_PEEK_OFF, 0));
    CHECK_EQ(write(from, "abcd", 4), 4);
    CHECK_EQ(write(from, "efg", 3), 3);
    CHECK_EQ(recv(to, text, 2, MSG_PEEK), 2);
    CHECK_EQ(memcmp(text, "ab", 2), 0);
    CHECK_EQ(recv(to, text, 16, MSG_PEEK), 2);
    CHECK_EQ(memcmp(text, "cd", 2), 0);
    CHECK_EQ(recv(to, text, 16, MSG_PEEK), 3);
    CHECK_EQ(memcmp(text, "efg", 3), 0);
    CHECK_ERRNO(recv(to, text, 16, MSG_PEEK | MSG_DONTWAIT), EAGAIN);
    CHECK_EQ(recv(to, text, 16, 0), 4);
    CHECK_EQ(number(to, SOL_SOCKET, SO_PEEK_OFF), 3);
    CHECK_ERRNO(recv(to, text, 16, MSG_PEEK | MSG_DONTWAIT), EAGAIN);
    CHECK_EQ(recv(to, text, 16, 0), 3);
    CHECK_EQ(number(to, SOL_SOCKET, SO_PEEK_OFF), 0);
}

TEST(peek_offset)
{
    int pair[2];
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    peek_stream(pair);
    inet_pair(AF_INET, pair);
    peek_stream(pair);
    CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
    peek_messages(pair[0], pair[1]);
    CHECK_OK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair));
    peek_messages(pair[0], pair[1]);
    int to = inet_bound(AF_INET, SOCK_DGRAM), from = inet_bound(AF_INET, SOCK_DGRAM);
    CHECK_OK(inet_connect(from, AF_INET, inet_port(to)));
    peek_messages(from, to);
    int none = CHECK_OK(socket(AF_NETLINK, SOCK_RAW, 0)), value;
    socklen_t length = sizeof value;
    CHECK_ERRNO(set(none, SOL_SOCKET, SO_PEEK_OFF, 0), EOPNOTSUPP);
    CHECK_ERRNO(getsockopt(none, SOL_SOCKET, SO_PEEK_OFF, &value, &length), EOPNOTSUPP);
}

// The first bytes may come without a time: Linux begins to stamp what arrives a moment after the first socket
// asks (net_enable_timestamp leaves it to a work queue), and TCP does not make up a time as datagrams do.
static void timed(int pair[2], int type, void *found, size_t size)
{
    char text;
    do {
        CHECK_EQ(write(pair[0], "x", 1), 1);
        CHECK_EQ(receive_with(pair[1], &text, 1, 0, SOL_SOCKET, type, found, size), 1);
    } while (*(time_t *)found == 0);
}

TEST(times)
{
    int pair[2], on = 1;
    struct timeval micro;
    struct timespec nano;
    int64_t before = now_ns(CLOCK_REALTIME) - 1000000000;
    inet_pair(AF_INET, pair);
    CHECK_OK(set(pair[1], SOL_SOCKET, SO_TIMESTAMP, on));
    timed(pair, SCM_TIMESTAMP, &micro, sizeof micro);
    CHECK(micro.tv_sec >= before / 1000000000);
    CHECK_OK(set(pair[1], SOL_SOCKET, SO_TIMESTAMPNS, on)); // one takes the place of the other
    CHECK_EQ(number(pair[1], SOL_SOCKET, SO_TIMESTAMP), 0);
    CHECK_EQ(number(pair[1], SOL_SOCKET, SO_TIMESTAMPNS), 1);
    timed(pair, SCM_TIMESTAMPNS, &nano, sizeof nano);
    CHECK(nano.tv_sec >= before / 1000000000);
    CHECK_OK(set(pair[1], SOL_SOCKET, SO_TIMESTAMP, 0)); // and either ends both
    CHECK_EQ(number(pair[1], SOL_SOCKET, SO_TIMESTAMPNS), 0);
    CHECK_OK(set(pair[1], SOL_SOCKET, SO_TIMESTAMP_NEW, on));
    CHECK_EQ(number(pair[1], SOL_SOCKET, SO_TIMESTAMP), 0);
    timed(pair, SO_TIMESTAMP_NEW, &micro, sizeof micro);
    CHECK(micro.tv_sec >= before / 1000000000);
    CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
    CHECK_OK(set(pair[1], SOL_SOCKET, SO_TIMESTAMP, on));
    timed(pair, SCM_TIMESTAMP, &micro, sizeof micro);
    CHECK(micro.tv_sec >= before / 1000000000);
}

TEST(rest_of_the_stream)
{
    int pair[2], rest;
    char text[16];
    inet_pair(AF_INET, pair);
    CHECK_ERRNO(set(pair[1], IPPROTO_TCP, TCP_INQ, 2), EINVAL);
    CHECK_OK(set(pair[1], IPPROTO_TCP, TCP_INQ, 1));
    CHECK_EQ(number(pair[1], IPPROTO_TCP, TCP_INQ), 1);
    CHECK_EQ(write(pair[0], "0123456789", 10), 10);
    CHECK_EQ(inet_poll(pair[1], POLLIN, 10000), POLLIN);
    CHECK_EQ(receive_with(pair[1], text, 3, 0, IPPROTO_TCP, TCP_INQ, &rest, sizeof rest), 3);
    CHECK_EQ(rest, 7);
    CHECK_OK(shutdown(pair[0], SHUT_WR));
    CHECK((inet_poll(pair[1], POLLRDHUP, 10000) & POLLRDHUP) != 0);
    CHECK_EQ(receive_with(pair[1], text, 7, 0, IPPROTO_TCP, TCP_INQ, &rest, sizeof rest), 7);
    CHECK_EQ(rest, 1); // something to read: the end
}

TEST(filters)
{
    int pair[2], listener = inet_listener(AF_INET, 1), call = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
    char text[16];
    inet_pair(AF_INET, pair);
    struct sock_filter none[] = {{BPF_RET | BPF_K, 0, 0, 0}}, all[] = {{BPF_RET | BPF_K, 0, 0, 0xffffffff}};
    struct sock_fprog program = {1, none};
    CHECK_ERRNO(set(pair[1], SOL_SOCKET, SO_DETACH_FILTER, 0), ENOENT);
    if (setsockopt(pair[1], SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == -1) {
        CHECK(errno == EPERM && !is_root()); // some hosts keep it to root
        return;
    }
    CHECK_EQ(write(pair[0], "x", 1), 1);
    CHECK_EQ(inet_poll(pair[1], POLLIN, 50), 0);
    program.filter = all;
    CHECK_OK(setsockopt(pair[1], SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program));
    CHECK_EQ(read(pair[1], text, 1), 1); // sent again
    CHECK_EQ(number(pair[1], SOL_SOCKET, SO_LOCK_FILTER), 0);
    CHECK_OK(set(pair[1], SOL_SOCKET, SO_LOCK_FILTER, 1));
    CHECK_EQ(number(pair[1], SOL_SOCKET, SO_LOCK_FILTER), 1);
    CHECK_ERRNO(set(pair[1], SOL_SOCKET, SO_LOCK_FILTER, 0), EPERM);
    CHECK_ERRNO(set(pair[1], SOL_SOCKET, SO_DETACH_FILTER, 0), EPERM);
    CHECK_ERRNO(setsockopt(pair[1], SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program), EPERM);

    // A listener's filter looks at callers.
    program.filter = none;
    CHECK_OK(setsockopt(listener, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program));
    CHECK_OK(fcntl(call, F_SETFL, O_NONBLOCK));
    CHECK_ERRNO(inet_connect(call, AF_INET, inet_port(listener)), EINPROGRESS);
    CHECK_EQ(inet_poll(call, POLLOUT, 50), 0);
    CHECK_OK(set(listener, SOL_SOCKET, SO_DETACH_FILTER, 0));
    CHECK_EQ(inet_poll(call, POLLOUT, 10000), POLLOUT);
}

TEST(hops_at_least)
{
    int listener = inet_listener(AF_INET, 1), call = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
    CHECK_ERRNO(set(listener, IPPROTO_IP, IP_MINTTL, 256), EINVAL);
    CHECK_OK(set(listener, IPPROTO_IP, IP_MINTTL, 255));
    CHECK_EQ(number(listener, IPPROTO_IP, IP_MINTTL), 255);
    CHECK_OK(fcntl(call, F_SETFL, O_NONBLOCK));
    CHECK_ERRNO(inet_connect(call, AF_INET, inet_port(listener)), EINPROGRESS);
    CHECK_EQ(inet_poll(call, POLLOUT, 50), 0);
    int near = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
    CHECK_OK(set(near, IPPROTO_IP, IP_TTL, 255));
    CHECK_OK(inet_connect(near, AF_INET, inet_port(listener)));
    listener = inet_listener(AF_INET6, 1);
    CHECK_OK(set(listener, IPPROTO_IPV6, 73 /* IPV6_MINHOPCOUNT */, 200));
    CHECK_EQ(number(listener, IPPROTO_IPV6, 73), 200);
}

TEST(original_destination)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    char text[4];
    for (int i = 0; i < 2; i++) {
        int family = i == 0 ? AF_INET : AF_INET6, to = inet_bound(family, SOCK_DGRAM), from = inet_bound(family, SOCK_DGRAM);
        CHECK_OK(set(to, i == 0 ? IPPROTO_IP : IPPROTO_IPV6, i == 0 ? IP_ORIGDSTADDR : 74, 1));
        CHECK_OK(inet_connect(from, family, inet_port(to)));
        CHECK_EQ(write(from, "x", 1), 1);
        if (i == 0) {
            CHECK_EQ(receive_with(to, text, 1, 0, IPPROTO_IP, IP_ORIGDSTADDR, &v4, sizeof v4), 1);
            CHECK_EQ(v4.sin_family, AF_INET);
            CHECK_EQ(ntohs(v4.sin_port), inet_port(to));
            CHECK_EQ(ntohl(v4.sin_addr.s_addr), INADDR_LOOPBACK);
        } else {
            CHECK_EQ(receive_with(to, text, 1, 0, IPPROTO_IPV6, 74, &v6, sizeof v6), 1);
            CHECK_EQ(v6.sin6_family, AF_INET6);
            CHECK_EQ(ntohs(v6.sin6_port), inet_port(to));
            CHECK(IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr));
        }
    }
}

TEST(merged_datagrams)
{
    int to = inet_bound(AF_INET, SOCK_DGRAM), from = inet_bound(AF_INET, SOCK_DGRAM), each;
    char text[2048];
    for (int i = 0; i < 1050; i++) text[i] = i / 100;
    CHECK_OK(set(to, IPPROTO_UDP, UDP_GRO, 1));
    CHECK_EQ(number(to, IPPROTO_UDP, UDP_GRO), 1);
    CHECK_OK(set(from, IPPROTO_UDP, UDP_SEGMENT, 100));
    CHECK_OK(inet_connect(from, AF_INET, inet_port(to)));
    CHECK_EQ(write(from, text, 1050), 1050);
    memset(text, 99, sizeof text);
    CHECK_EQ(receive_with(to, text, sizeof text, 0, IPPROTO_UDP, UDP_GRO, &each, sizeof each), 1050);
    CHECK_EQ(each, 100);
    for (int i = 0; i < 1050; i++) if (text[i] != i / 100) CHECK_EQ(text[i], i / 100);
    CHECK_EQ(write(from, "one", 3), 3);
    CHECK_EQ(receive_with(to, text, sizeof text, 0, IPPROTO_UDP, UDP_GRO, &each, sizeof each), 3);
    CHECK_EQ(each, 0);
    CHECK_ERRNO(recv(to, text, 1, MSG_DONTWAIT), EAGAIN);
}

TEST(dont_fragment)
{
    pid_t pid;
    IN_CHILD(pid) if (own_network()) {
        int fd = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
        struct ifreq r = {.ifr_name = "lo", .ifr_mtu = 1500};
        char text[3000] = "";
        if (ioctl(fd, SIOCSIFMTU, &r) == 0) {
            int to = inet_bound(AF_INET, SOCK_DGRAM);
            CHECK_OK(inet_connect(fd, AF_INET, inet_port(to)));
            CHECK_EQ(write(fd, text, sizeof text), sizeof text);
            CHECK_EQ(read(to, text, sizeof text), sizeof text);
            CHECK_OK(set(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO));
            CHECK_ERRNO(write(fd, text, sizeof text), EMSGSIZE);
            CHECK_EQ(write(fd, text, 1472), 1472);
            r.ifr_mtu = 65536;
            CHECK_OK(ioctl(fd, SIOCSIFMTU, &r));
        }
    }
    CHECK_EXIT(pid, 0);
}

TEST(window_clamp)
{
    int pair[2], fd = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
    CHECK_EQ(number(fd, IPPROTO_TCP, TCP_WINDOW_CLAMP), 0);
    CHECK_OK(set(fd, IPPROTO_TCP, TCP_WINDOW_CLAMP, 1));
    CHECK_EQ(number(fd, IPPROTO_TCP, TCP_WINDOW_CLAMP), 1152); // half of the least buffer
    CHECK_OK(set(fd, IPPROTO_TCP, TCP_WINDOW_CLAMP, 0));
    CHECK_EQ(number(fd, IPPROTO_TCP, TCP_WINDOW_CLAMP), 0);
    inet_pair(AF_INET, pair);
    CHECK_ERRNO(set(pair[0], IPPROTO_TCP, TCP_WINDOW_CLAMP, 0), EINVAL);
    CHECK_OK(set(pair[0], IPPROTO_TCP, TCP_WINDOW_CLAMP, 20000));
    CHECK_EQ(number(pair[0], IPPROTO_TCP, TCP_WINDOW_CLAMP), 20000);
}

TEST(quick_acknowledgments)
{
    int pair[2];
    inet_pair(AF_INET, pair);
    CHECK_EQ(number(pair[1], IPPROTO_TCP, TCP_QUICKACK), 1);
    CHECK_OK(set(pair[1], IPPROTO_TCP, TCP_QUICKACK, 0));
    CHECK_EQ(number(pair[1], IPPROTO_TCP, TCP_QUICKACK), 0);
    CHECK_OK(set(pair[1], IPPROTO_TCP, TCP_QUICKACK, 1));
    CHECK_EQ(number(pair[1], IPPROTO_TCP, TCP_QUICKACK), 1);
}

TEST(deferred_accept)
{
    int listener = inet_listener(AF_INET, 4), call = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
    char text[4];
    CHECK_OK(set(listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, 2));
    CHECK_EQ(number(listener, IPPROTO_TCP, TCP_DEFER_ACCEPT), 3); // 1 and 2 seconds: whole repetitions
    CHECK_OK(set(listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, 30));
    CHECK_OK(inet_connect(call, AF_INET, inet_port(listener)));
    CHECK_EQ(inet_poll(listener, POLLIN, 50), 0);
    CHECK_EQ(write(call, "hi", 2), 2);
    CHECK_EQ(inet_poll(listener, POLLIN, 10000), POLLIN);
    int fd = CHECK_OK(accept(listener, NULL, NULL));
    CHECK_EQ(read(fd, text, 4), 2);
    CHECK_EQ(write(fd, "yes", 3), 3);
    CHECK_EQ(read(call, text, 4), 3);
    CHECK_OK(set(listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, 0));
    CHECK_EQ(number(listener, IPPROTO_TCP, TCP_DEFER_ACCEPT), 0);
}

TEST(saved_syn)
{
    int listener = inet_listener(AF_INET, 1), call = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
    unsigned char syn[500];
    socklen_t length = sizeof syn;
    CHECK_ERRNO(set(listener, IPPROTO_TCP, TCP_SAVE_SYN, 3), EINVAL);
    CHECK_OK(set(listener, IPPROTO_TCP, TCP_SAVE_SYN, 1));
    CHECK_OK(inet_connect(call, AF_INET, inet_port(listener)));
    int fd = CHECK_OK(accept(listener, NULL, NULL));
    CHECK_OK(getsockopt(fd, IPPROTO_TCP, TCP_SAVED_SYN, syn, &length));
    CHECK(length >= 40);
    CHECK_EQ(syn[0], 0x45);
    CHECK_EQ(syn[9], IPPROTO_TCP);
    CHECK_EQ(syn[20] << 8 | syn[21], inet_port(call));
    CHECK_EQ(syn[33], 2 | (syn[33] & 0xc0)); // SYN, and what is about congestion
    length = sizeof syn;
    CHECK_OK(getsockopt(fd, IPPROTO_TCP, TCP_SAVED_SYN, syn, &length));
    CHECK_EQ(length, 0); // once
}

TEST(not_sent)
{
    int pair[2];
    static char text[1 << 20];
    inet_pair(AF_INET, pair);
    CHECK_EQ(number(pair[0], IPPROTO_TCP, TCP_NOTSENT_LOWAT), 0);
    CHECK_OK(set(pair[0], IPPROTO_TCP, TCP_NOTSENT_LOWAT, 4096));
    CHECK_EQ(number(pair[0], IPPROTO_TCP, TCP_NOTSENT_LOWAT), 4096);
    CHECK_OK(fcntl(pair[0], F_SETFL, O_NONBLOCK));
    for (int i = 0; i < 1000 && write(pair[0], text, sizeof text) > 0; i++) {}
    CHECK_EQ(inet_poll(pair[0], POLLOUT, 0), 0);
    CHECK_OK(fcntl(pair[1], F_SETFL, O_NONBLOCK));
    for (int i = 0; i < 100000 && !(inet_poll(pair[0], POLLOUT, 1) & POLLOUT); i++) while (read(pair[1], text, sizeof text) > 0) {}
    CHECK((inet_poll(pair[0], POLLOUT, 0) & POLLOUT) != 0);
}

TEST(drops_are_told)
{
    int to = inet_bound(AF_INET, SOCK_DGRAM), from = inet_bound(AF_INET, SOCK_DGRAM);
    uint32_t drops;
    char text[1024] = "";
    CHECK_OK(set(to, SOL_SOCKET, SO_RCVBUF, 1));
    CHECK_OK(set(to, SOL_SOCKET, SO_RXQ_OVFL, 1));
    CHECK_EQ(number(to, SOL_SOCKET, SO_RXQ_OVFL), 1);
    CHECK_OK(inet_connect(from, AF_INET, inet_port(to)));
    for (int i = 0; i < 20; i++) CHECK_EQ(write(from, text, sizeof text), sizeof text);
    while (recv(to, text, sizeof text, MSG_DONTWAIT) > 0) {}
    CHECK_EQ(write(from, "x", 1), 1);
    CHECK_EQ(receive_with(to, text, sizeof text, 0, SOL_SOCKET, SO_RXQ_OVFL, &drops, sizeof drops), 1);
    CHECK(drops > 0 && drops < 20);
}

TEST(buffer_locks)
{
    int fd = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
    CHECK_EQ(number(fd, SOL_SOCKET, 72 /* SO_BUF_LOCK */), 0);
    CHECK_OK(set(fd, SOL_SOCKET, SO_RCVBUF, 65536));
    CHECK_EQ(number(fd, SOL_SOCKET, 72), 2);
    CHECK_ERRNO(set(fd, SOL_SOCKET, 72, 4), EINVAL);
    CHECK_OK(set(fd, SOL_SOCKET, 72, 1));
    CHECK_EQ(number(fd, SOL_SOCKET, 72), 1);
}
