// RFC 3542, ipv6(7), ip(7): options, extension headers and flow labels of single packets, and where they go.
#include "inet.h"

#define FLOWLABEL_MGR 32
#define FLOWINFO_SEND 33
#define AUTOFLOWLABEL 70
#define UNICAST_IF 76
#ifndef IPV6_FLOWINFO
#define IPV6_FLOWINFO 11
#endif
#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

static int set(int fd, int level, int name, int value) { return setsockopt(fd, level, name, &value, sizeof value); }

static int number(int fd, int level, int name)
{
    int value = -1;
    socklen_t length = sizeof value;
    CHECK_OK(getsockopt(fd, level, name, &value, &length));
    return value;
}

// Receives a message, and the control message of this level and type; its length, or -1.
static int control(int fd, int level, int type, void *found, size_t size)
{
    char data[2048], buffer[1024];
    struct iovec part = {data, sizeof data};
    struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = buffer, .msg_controllen = sizeof buffer};
    int length = -1;
    CHECK_OK(recvmsg(fd, &m, 0));
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c))
        if (c->cmsg_level == level && c->cmsg_type == type) {
            length = c->cmsg_len - CMSG_LEN(0);
            memcpy(found, CMSG_DATA(c), (size_t)length < size ? (size_t)length : size);
        }
    return length;
}

static ssize_t send_with(int fd, const inet_address *to, socklen_t length, int level, int type, const void *value, size_t size)
{
    char buffer[512] = {0};
    struct iovec part = {"x", 1};
    struct msghdr m = {(void *)to, length, &part, 1, buffer, CMSG_SPACE(size), 0};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    *c = (struct cmsghdr){.cmsg_len = CMSG_LEN(size), .cmsg_level = level, .cmsg_type = type};
    memcpy(CMSG_DATA(c), value, size);
    return sendmsg(fd, &m, 0);
}

static const unsigned char options_of_hops[8] = {0, 0, 5, 2, 0, 0, 1, 0}, options_of_destination[8] = {0, 0, 1, 4, 0, 0, 0, 0};

TEST(extension_headers)
{
    int receiver = inet_bound(AF_INET6, SOCK_DGRAM), sender = CHECK_OK(socket(AF_INET6, SOCK_DGRAM, 0));
    inet_address to;
    socklen_t length = inet_loopback(&to, AF_INET6, inet_port(receiver));
    unsigned char found[64] = {0}, source_route[24] = {0, 2, 0, 1};
    CHECK_OK(set(receiver, IPPROTO_IPV6, IPV6_RECVHOPOPTS, 1));
    CHECK_OK(set(receiver, IPPROTO_IPV6, IPV6_RECVDSTOPTS, 1));
    CHECK_OK(set(receiver, IPPROTO_IPV6, IPV6_RECVRTHDR, 1));
    CHECK_EQ(number(receiver, IPPROTO_IPV6, IPV6_RECVHOPOPTS), 1);
    CHECK_ERRNO(setsockopt(sender, IPPROTO_IPV6, IPV6_RTHDR, source_route, sizeof source_route), EINVAL); // RFC 5095
    length = length;
    socklen_t size = sizeof found;
    CHECK_OK(getsockopt(sender, IPPROTO_IPV6, IPV6_HOPOPTS, found, &size));
    CHECK_EQ(size, 0);
    if (!is_root()) {
        CHECK_ERRNO(setsockopt(sender, IPPROTO_IPV6, IPV6_HOPOPTS, options_of_hops, 8), EPERM);
        CHECK_ERRNO(send_with(sender, &to, length, IPPROTO_IPV6, IPV6_DSTOPTS, options_of_destination, 8), EPERM);
    } else {
        CHECK_ERRNO(setsockopt(sender, IPPROTO_IPV6, IPV6_HOPOPTS, options_of_hops, 7), EINVAL);
        CHECK_EQ(send_with(sender, &to, length, IPPROTO_IPV6, IPV6_DSTOPTS, options_of_destination, 8), 1);
        CHECK_EQ(control(receiver, IPPROTO_IPV6, IPV6_DSTOPTS, found, sizeof found), 8);
        CHECK_EQ(found[0], IPPROTO_UDP);
        CHECK_EQ(memcmp(found + 1, options_of_destination + 1, 7), 0);
        CHECK_OK(setsockopt(sender, IPPROTO_IPV6, IPV6_HOPOPTS, options_of_hops, 8));
        size = sizeof found;
        CHECK_OK(getsockopt(sender, IPPROTO_IPV6, IPV6_HOPOPTS, found, &size));
        CHECK_EQ(size, 8);
        CHECK_EQ(sendto(sender, "x", 1, 0, &to.any, length), 1);
        CHECK_EQ(control(receiver, IPPROTO_IPV6, IPV6_HOPOPTS, found, sizeof found), 8);
        CHECK_EQ(memcmp(found + 1, options_of_hops + 1, 7), 0);
        CHECK_OK(setsockopt(sender, IPPROTO_IPV6, IPV6_HOPOPTS, NULL, 0));
    }
    CHECK_EQ(sendto(sender, "x", 1, 0, &to.any, length), 1);
    CHECK_EQ(control(receiver, IPPROTO_IPV6, IPV6_HOPOPTS, found, sizeof found), -1);
    CHECK_OK(close(receiver));
    CHECK_OK(close(sender));
}

struct label_request { struct in6_addr to; uint32_t label; uint8_t action, share; uint16_t flags, expires, linger; uint32_t pad; };

TEST(flow_labels)
{
    int receiver = inet_bound(AF_INET6, SOCK_DGRAM), sender = CHECK_OK(socket(AF_INET6, SOCK_DGRAM, 0));
    inet_address to;
    socklen_t length = inet_loopback(&to, AF_INET6, inet_port(receiver));
    uint32_t flow = 0;
    struct label_request request = {.to = in6addr_loopback, .action = 0, .share = 1, .flags = 1};
    CHECK_EQ(number(sender, IPPROTO_IPV6, AUTOFLOWLABEL), 1);
    CHECK_OK(set(receiver, IPPROTO_IPV6, IPV6_FLOWINFO, 1));
    CHECK_EQ(sendto(sender, "x", 1, 0, &to.any, length), 1);
    CHECK_EQ(control(receiver, IPPROTO_IPV6, IPV6_FLOWINFO, &flow, sizeof flow), 4); // one that nobody asked for
    CHECK(ntohl(flow) > 0 && ntohl(flow) <= 0xfffff);
    CHECK_OK(set(sender, IPPROTO_IPV6, AUTOFLOWLABEL, 0));
    CHECK_EQ(sendto(sender, "x", 1, 0, &to.any, length), 1);
    CHECK_EQ(control(receiver, IPPROTO_IPV6, IPV6_FLOWINFO, &flow, sizeof flow), -1);

    CHECK_OK(set(sender, IPPROTO_IPV6, FLOWINFO_SEND, 1));
    CHECK_OK(setsockopt(sender, IPPROTO_IPV6, FLOWLABEL_MGR, &request, sizeof request));
    CHECK(request.label != 0);
    to.v6.sin6_flowinfo = request.label;
    CHECK_EQ(sendto(sender, "x", 1, 0, &to.any, length), 1);
    CHECK_EQ(control(receiver, IPPROTO_IPV6, IPV6_FLOWINFO, &flow, sizeof flow), 4);
    CHECK_EQ(flow, request.label);
    to.v6.sin6_flowinfo = request.label ^ htonl(1);
    CHECK_ERRNO(sendto(sender, "x", 1, 0, &to.any, length), EINVAL); // not ours, and there are labels that are somebody's alone

    struct label_request other = request;
    CHECK_ERRNO(setsockopt(receiver, IPPROTO_IPV6, FLOWLABEL_MGR, &other, sizeof other), EPERM); // it is somebody's alone
    other.flags = 3;
    CHECK_ERRNO(setsockopt(receiver, IPPROTO_IPV6, FLOWLABEL_MGR, &other, sizeof other), EEXIST);
    other.action = 1;
    CHECK_ERRNO(setsockopt(receiver, IPPROTO_IPV6, FLOWLABEL_MGR, &other, sizeof other), ESRCH);
    other.action = 7;
    CHECK_ERRNO(setsockopt(receiver, IPPROTO_IPV6, FLOWLABEL_MGR, &other, sizeof other), EINVAL);
    CHECK_ERRNO(setsockopt(receiver, IPPROTO_IPV6, FLOWLABEL_MGR, &other, 31), EINVAL);
    request.action = 1;
    CHECK_OK(setsockopt(sender, IPPROTO_IPV6, FLOWLABEL_MGR, &request, sizeof request));
    CHECK_OK(close(receiver));
    CHECK_OK(close(sender));
}

TEST(options_of_v4)
{
    int receiver = inet_bound(AF_INET, SOCK_DGRAM), sender = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
    inet_address to;
    socklen_t length = inet_loopback(&to, AF_INET, inet_port(receiver));
    unsigned char found[64] = {0}, alert[4] = {148, 4, 0, 0}, bad[4] = {7, 40, 4, 0};
    CHECK_OK(set(receiver, IPPROTO_IP, IP_RECVOPTS, 1));
    CHECK_OK(set(receiver, IPPROTO_IP, IP_RETOPTS, 1));
    CHECK_ERRNO(setsockopt(sender, IPPROTO_IP, IP_OPTIONS, bad, sizeof bad), EINVAL);
    CHECK_OK(setsockopt(sender, IPPROTO_IP, IP_OPTIONS, alert, sizeof alert));
    socklen_t size = sizeof found;
    CHECK_OK(getsockopt(sender, IPPROTO_IP, IP_OPTIONS, found, &size));
    CHECK_EQ(size, 4);
    CHECK_EQ(sendto(sender, "x", 1, 0, &to.any, length), 1);
    CHECK_EQ(control(receiver, IPPROTO_IP, IP_RECVOPTS, found, sizeof found), 4);
    CHECK_EQ(memcmp(found, alert, 4), 0);
    CHECK_OK(setsockopt(sender, IPPROTO_IP, IP_OPTIONS, NULL, 0));
    CHECK_EQ(sendto(sender, "x", 1, 0, &to.any, length), 1);
    CHECK_EQ(control(receiver, IPPROTO_IP, IP_RECVOPTS, found, sizeof found), -1);
    CHECK_OK(close(receiver));
    CHECK_OK(close(sender));
}

TEST(port_chosen_late)
{
    int listener = inet_listener(AF_INET, 1), type[] = {SOCK_STREAM, SOCK_DGRAM};
    for (int i = 0; i < 2; i++) {
        int fd = CHECK_OK(socket(AF_INET, type[i], 0));
        CHECK_OK(set(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1));
        inet_address here;
        socklen_t length = inet_loopback(&here, AF_INET, 0);
        CHECK_OK(bind(fd, &here.any, length));
        CHECK_EQ(inet_port(fd), 0);
        CHECK_OK(inet_connect(fd, AF_INET, inet_port(listener)));
        CHECK(inet_port(fd) != 0);
        CHECK_OK(close(fd));
    }
    CHECK_OK(close(listener));
}

TEST(ranges_of_ports)
{
    int fd = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
    if (set(fd, IPPROTO_IP, 51, 40000 | 40003 << 16) == 0) { // IP_LOCAL_PORT_RANGE, Linux 6.3
        CHECK_EQ(number(fd, IPPROTO_IP, 51), (int)(40000u | 40003u << 16));
        CHECK_ERRNO(set(fd, IPPROTO_IP, 51, 40003 | 40000 << 16), EINVAL);
        inet_address here;
        socklen_t length = inet_loopback(&here, AF_INET, 0);
        CHECK_OK(bind(fd, &here.any, length));
        CHECK(inet_port(fd) >= 40000 && inet_port(fd) <= 40003);
    } else CHECK_EQ(errno, ENOPROTOOPT);
    CHECK_OK(close(fd));
}

TEST(interfaces_for_one_receiver)
{
    int fd = CHECK_OK(socket(AF_INET6, SOCK_DGRAM, 0)), lo = if_nametoindex("lo");
    CHECK_OK(set(fd, IPPROTO_IPV6, UNICAST_IF, htonl(lo)));
    CHECK_EQ(number(fd, IPPROTO_IPV6, UNICAST_IF), (int)htonl(lo));
    CHECK_ERRNO(set(fd, IPPROTO_IPV6, UNICAST_IF, lo), EADDRNOTAVAIL);
    CHECK_OK(set(fd, IPPROTO_IPV6, UNICAST_IF, 0));
    struct in6_pktinfo info = {in6addr_loopback, lo};
    CHECK_OK(setsockopt(fd, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info));
    CHECK_ERRNO(setsockopt(fd, IPPROTO_IPV6, IPV6_PKTINFO, &info, 4), EINVAL);
    CHECK_OK(close(fd));
    fd = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
    CHECK_OK(set(fd, IPPROTO_IP, 50, htonl(lo)));
    CHECK_EQ(number(fd, IPPROTO_IP, 50), (int)htonl(lo));
    CHECK_ERRNO(set(fd, IPPROTO_IP, 50, 1), EADDRNOTAVAIL);
    CHECK_OK(close(fd));
}

TEST(size_of_the_way)
{
    int receiver = inet_bound(AF_INET6, SOCK_DGRAM), fd = CHECK_OK(socket(AF_INET6, SOCK_DGRAM, 0));
    struct { struct sockaddr_in6 to; uint32_t mtu; } way;
    static char large[65000];
    socklen_t length = sizeof way;
    CHECK_ERRNO(getsockopt(fd, IPPROTO_IPV6, IPV6_PATHMTU, &way, &length), ENOTCONN);
    CHECK_ERRNO(set(fd, IPPROTO_IPV6, IPV6_MTU, 1000), EINVAL);
    CHECK_OK(inet_connect(fd, AF_INET6, inet_port(receiver)));
    length = sizeof way;
    CHECK_OK(getsockopt(fd, IPPROTO_IPV6, IPV6_PATHMTU, &way, &length));
    CHECK_EQ(length, sizeof way);
    CHECK(way.mtu >= 65535);
    CHECK_OK(set(fd, IPPROTO_IPV6, IPV6_MTU, 1280)); // in many pieces, which come as one
    CHECK_EQ(send(fd, large, 5000, 0), 5000);
    CHECK_EQ(recv(receiver, large, sizeof large, 0), 5000);
    CHECK_OK(set(fd, IPPROTO_IPV6, IPV6_MTU, 0));
    CHECK_OK(close(receiver));
    CHECK_OK(close(fd));
}

TEST(preferences_of_addresses)
{
    int fd = CHECK_OK(socket(AF_INET6, SOCK_STREAM, 0));
    CHECK_EQ(number(fd, IPPROTO_IPV6, 72), 0x500);
    CHECK_OK(set(fd, IPPROTO_IPV6, 72, 1));
    CHECK_EQ(number(fd, IPPROTO_IPV6, 72), 0x401);
    CHECK_ERRNO(set(fd, IPPROTO_IPV6, 72, 3), EINVAL);
    CHECK_OK(close(fd));
}

TEST(times_to_send_at)
{
    int receiver = inet_bound(AF_INET, SOCK_DGRAM), fd = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
    struct { int clock; uint32_t flags; } when = {CLOCK_MONOTONIC, 4};
    inet_address to;
    socklen_t length = inet_loopback(&to, AF_INET, inet_port(receiver));
    uint64_t now = 0;
    CHECK_ERRNO(send_with(fd, &to, length, SOL_SOCKET, 61, &now, sizeof now), EINVAL); // SCM_TXTIME, not asked for
    CHECK_ERRNO(setsockopt(fd, SOL_SOCKET, 61, &when, sizeof when), EINVAL);
    when.flags = 2;
    CHECK_ERRNO(setsockopt(fd, SOL_SOCKET, 61, &when, 4), EINVAL);
    CHECK_OK(setsockopt(fd, SOL_SOCKET, 61, &when, sizeof when));
    CHECK_EQ(send_with(fd, &to, length, SOL_SOCKET, 61, &now, sizeof now), 1);
    CHECK_EQ(send_with(fd, &to, length, SOL_SOCKET, 61, &now, 4), -1);
    CHECK_EQ(recv(receiver, &now, 1, MSG_DONTWAIT), 1);
    CHECK_OK(close(receiver));
    CHECK_OK(close(fd));
}
