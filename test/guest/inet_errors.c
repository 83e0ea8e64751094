// ip(7), ipv6(7): IP_RECVERR with MSG_ERRQUEUE, and IP_PKTINFO and IPV6_PKTINFO when sending.
#include "inet.h"
#include <linux/errqueue.h>
#include <netinet/ip_icmp.h>

// A port of loopback that nobody has.
static int closed_port(int family)
{
    int fd = inet_bound(family, SOCK_DGRAM), port = inet_port(fd);
    CHECK_OK(close(fd));
    return port;
}

static void refused(int family)
{
    bool v6 = family == AF_INET6;
    int fd = CHECK_OK(socket(family, SOCK_DGRAM, 0)), on = 1, port = closed_port(family);
    CHECK_OK(setsockopt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_RECVERR : IP_RECVERR, &on, sizeof on));
    inet_address to, name;
    socklen_t length = inet_loopback(&to, family, port);
    char data[100], control[256];
    struct iovec v = {data, sizeof data};
    struct msghdr m = {&name, sizeof name, &v, 1, control, sizeof control, 0};
    CHECK_ERRNO(recvmsg(fd, &m, MSG_ERRQUEUE), EAGAIN);
    CHECK_EQ(sendto(fd, "hello", 5, 0, &to.any, length), 5);
    CHECK_EQ(inet_poll(fd, POLLIN, 10000) & (POLLERR | POLLIN), POLLERR);
    m = (struct msghdr){&name, sizeof name, &v, 1, control, sizeof control, 0};
    CHECK_EQ(recvmsg(fd, &m, MSG_ERRQUEUE), 5);
    CHECK(memcmp(data, "hello", 5) == 0);
    CHECK_EQ(m.msg_flags, MSG_ERRQUEUE);
    CHECK_EQ(ntohs(name.v4.sin_port), port);
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    CHECK(c && c->cmsg_level == (v6 ? IPPROTO_IPV6 : IPPROTO_IP) && c->cmsg_type == (v6 ? IPV6_RECVERR : IP_RECVERR));
    struct sock_extended_err *e = (void *)CMSG_DATA(c);
    CHECK_EQ(e->ee_errno, ECONNREFUSED);
    CHECK_EQ(e->ee_origin, v6 ? SO_EE_ORIGIN_ICMP6 : SO_EE_ORIGIN_ICMP);
    CHECK_EQ(e->ee_type, v6 ? 1 : ICMP_DEST_UNREACH);
    CHECK_EQ(e->ee_code, v6 ? 4 : ICMP_PORT_UNREACH);
    CHECK_EQ(SO_EE_OFFENDER(e)->sa_family, family);
    CHECK_ERRNO(recvmsg(fd, &m, MSG_ERRQUEUE), EAGAIN);
    CHECK_EQ(inet_poll(fd, POLLIN, 0), 0); // the pending error went with it
    // The next call tells it when the queue is not read; the queue keeps it.
    CHECK_EQ(sendto(fd, "x", 1, 0, &to.any, length), 1);
    CHECK_EQ(inet_poll(fd, POLLIN, 10000) & POLLERR, POLLERR);
    CHECK_ERRNO(recv(fd, data, sizeof data, 0), ECONNREFUSED);
    CHECK_EQ(recv(fd, data, sizeof data, MSG_ERRQUEUE), 1);
    CHECK_OK(close(fd));
}

TEST(refused_v4) { refused(AF_INET); }
TEST(refused_v6) { refused(AF_INET6); }

// Without IP_RECVERR a socket that is not connected hears nothing.
TEST(not_asked_for)
{
    int fd = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
    inet_address to;
    socklen_t length = inet_loopback(&to, AF_INET, closed_port(AF_INET));
    char data[10];
    CHECK_EQ(sendto(fd, "x", 1, 0, &to.any, length), 1);
    CHECK_EQ(sendto(fd, "x", 1, 0, &to.any, length), 1);
    CHECK_ERRNO(recv(fd, data, sizeof data, MSG_DONTWAIT), EAGAIN);
    CHECK_ERRNO(recv(fd, data, sizeof data, MSG_ERRQUEUE), EAGAIN);
    CHECK_OK(close(fd));
}

static ssize_t send_with(int fd, int family, int port, int level, int type, const void *value, size_t size)
{
    inet_address to;
    socklen_t length = inet_loopback(&to, family, port);
    union {
        struct cmsghdr header;
        char bytes[64];
    } control;
    memset(&control, 0, sizeof control);
    struct iovec v = {"from", 4};
    struct msghdr m = {&to, length, &v, 1, &control, CMSG_SPACE(size), 0};
    control.header = (struct cmsghdr){CMSG_LEN(size), level, type};
    memcpy(CMSG_DATA(&control.header), value, size);
    return sendmsg(fd, &m, 0);
}

TEST(source_v4)
{
    int to = inet_bound(AF_INET, SOCK_DGRAM), fd = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0)), port = inet_port(to);
    struct in_pktinfo info = {.ipi_spec_dst = {htonl(0x7f000007)}};
    inet_address from;
    socklen_t length = sizeof from;
    char data[10];
    CHECK_EQ(send_with(fd, AF_INET, port, IPPROTO_IP, IP_PKTINFO, &info, sizeof info), 4);
    CHECK_EQ(recvfrom(to, data, sizeof data, 0, &from.any, &length), 4);
    CHECK_EQ(ntohl(from.v4.sin_addr.s_addr), 0x7f000007);
    info = (struct in_pktinfo){.ipi_ifindex = 1};
    CHECK_EQ(send_with(fd, AF_INET, port, IPPROTO_IP, IP_PKTINFO, &info, sizeof info), 4);
    CHECK_EQ(recv(to, data, sizeof data, 0), 4);
    CHECK_ERRNO(send_with(fd, AF_INET, port, IPPROTO_IP, IP_PKTINFO, &info, 4), EINVAL);
    info = (struct in_pktinfo){.ipi_spec_dst = {htonl(0xc0000201)}};
    CHECK_ERRNO(send_with(fd, AF_INET, port, IPPROTO_IP, IP_PKTINFO, &info, sizeof info), ENETUNREACH); // not an address of this machine
    CHECK_OK(close(to));
    CHECK_OK(close(fd));
}

TEST(source_v6)
{
    int to = inet_bound(AF_INET6, SOCK_DGRAM), fd = CHECK_OK(socket(AF_INET6, SOCK_DGRAM, 0)), port = inet_port(to);
    struct in6_pktinfo info = {.ipi6_addr = in6addr_loopback, .ipi6_ifindex = 1};
    char data[10];
    CHECK_EQ(send_with(fd, AF_INET6, port, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info), 4);
    CHECK_EQ(recv(to, data, sizeof data, 0), 4);
    info.ipi6_ifindex = 99999;
    CHECK_ERRNO(send_with(fd, AF_INET6, port, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info), ENODEV);
    info = (struct in6_pktinfo){.ipi6_addr = {{{0x20, 1, 0xd, 0xb8, 9}}}};
    CHECK_ERRNO(send_with(fd, AF_INET6, port, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info), EINVAL);
    CHECK_OK(close(to));
    CHECK_OK(close(fd));
}
