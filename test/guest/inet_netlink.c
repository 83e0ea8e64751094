// netlink(7), rtnetlink(7), netdevice(7): changing lo and its routes, in a network of its own (network_namespaces(7) on the host).
#include "inet.h"
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

static int sequence;

struct request {
    struct nlmsghdr header;
    char rest[512];
};

static void *body(struct request *r, int type, int flags, size_t size)
{
    memset(r, 0, sizeof *r);
    r->header = (struct nlmsghdr){NLMSG_LENGTH(size), type, NLM_F_REQUEST | NLM_F_ACK | flags, ++sequence, 0};
    return NLMSG_DATA(&r->header);
}

static void attribute(struct request *r, int type, const void *data, size_t size)
{
    struct rtattr *a = (void *)((char *)r + NLMSG_ALIGN(r->header.nlmsg_len));
    a->rta_type = type;
    a->rta_len = RTA_LENGTH(size);
    memcpy(RTA_DATA(a), data, size);
    r->header.nlmsg_len = NLMSG_ALIGN(r->header.nlmsg_len) + RTA_ALIGN(a->rta_len);
}

static char answer[16384];

// The error of the acknowledgement; the answer is left in the buffer.
static int ask(int fd, struct request *r)
{
    CHECK_EQ(send(fd, r, r->header.nlmsg_len, 0), r->header.nlmsg_len);
    CHECK(recv(fd, answer, sizeof answer, 0) >= (ssize_t)NLMSG_LENGTH(sizeof(struct nlmsgerr)));
    struct nlmsghdr *h = (void *)answer;
    CHECK_EQ(h->nlmsg_seq, r->header.nlmsg_seq);
    CHECK_EQ(h->nlmsg_type, NLMSG_ERROR);
    return -((struct nlmsgerr *)NLMSG_DATA(h))->error;
}

static int open_route(void)
{
    return CHECK_OK(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
}

static int change_address(int fd, int type, int flags, const char *text, int length)
{
    struct request r;
    struct ifaddrmsg *m = body(&r, type, flags, sizeof *m);
    bool v6 = strchr(text, ':');
    unsigned char bytes[16];
    CHECK_EQ(inet_pton(v6 ? AF_INET6 : AF_INET, text, bytes), 1);
    *m = (struct ifaddrmsg){.ifa_family = v6 ? AF_INET6 : AF_INET, .ifa_prefixlen = length, .ifa_index = 1};
    attribute(&r, IFA_LOCAL, bytes, v6 ? 16 : 4);
    return ask(fd, &r);
}

static int change_route(int fd, int type, int flags, int kind, const char *text, int length, int oif, const char *via)
{
    struct request r;
    struct rtmsg *m = body(&r, type, flags, sizeof *m);
    bool v6 = strchr(text, ':');
    unsigned char bytes[16];
    CHECK_EQ(inet_pton(v6 ? AF_INET6 : AF_INET, text, bytes), 1);
    *m = (struct rtmsg){.rtm_family = v6 ? AF_INET6 : AF_INET, .rtm_dst_len = length, .rtm_table = RT_TABLE_MAIN, .rtm_type = kind,
                        .rtm_protocol = type == RTM_NEWROUTE ? RTPROT_STATIC : 0, .rtm_scope = type == RTM_NEWROUTE ? 0 : RT_SCOPE_NOWHERE};
    if (length) attribute(&r, RTA_DST, bytes, v6 ? 16 : 4);
    if (oif) attribute(&r, RTA_OIF, &oif, 4);
    if (via) {
        CHECK_EQ(inet_pton(v6 ? AF_INET6 : AF_INET, via, bytes), 1);
        attribute(&r, RTA_GATEWAY, bytes, v6 ? 16 : 4);
    }
    return ask(fd, &r);
}

static int set_flags(int fd, unsigned flags)
{
    struct request r;
    struct ifinfomsg *m = body(&r, RTM_NEWLINK, 0, sizeof *m);
    *m = (struct ifinfomsg){.ifi_index = 1, .ifi_flags = flags, .ifi_change = IFF_UP};
    return ask(fd, &r);
}

static int connect_to(const char *text)
{
    bool v6 = strchr(text, ':');
    inet_address to;
    memset(&to, 0, sizeof to);
    to.any.sa_family = v6 ? AF_INET6 : AF_INET;
    to.v4.sin_port = htons(9);
    CHECK_EQ(inet_pton(to.any.sa_family, text, v6 ? (void *)&to.v6.sin6_addr : (void *)&to.v4.sin_addr), 1);
    int fd = CHECK_OK(socket(to.any.sa_family, SOCK_DGRAM, 0));
    int error = connect(fd, &to.any, v6 ? sizeof to.v6 : sizeof to.v4) < 0 ? errno : 0;
    CHECK_OK(close(fd));
    return error;
}

TEST(addresses)
{
    if (!own_network()) return;
    int fd = open_route();
    CHECK_EQ(set_flags(fd, IFF_UP), 0);
    CHECK_EQ(connect_to("10.91.0.7"), ENETUNREACH);
    CHECK_EQ(change_address(fd, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, "10.91.0.7", 24), 0);
    CHECK_EQ(change_address(fd, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, "10.91.0.7", 24), EEXIST);
    CHECK_EQ(change_address(fd, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, "10.91.0.7", 24), 0);
    CHECK_EQ(connect_to("10.91.0.7"), 0);
    CHECK_EQ(change_address(fd, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, "fd91::7", 64), 0);
    CHECK_EQ(change_address(fd, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, "fd91::7", 64), EEXIST);
    CHECK_EQ(change_address(fd, RTM_NEWADDR, 0, "10.91.0.8", 33), EINVAL);
    CHECK_EQ(change_address(fd, RTM_DELADDR, 0, "10.91.0.8", 24), EADDRNOTAVAIL);
    CHECK_EQ(change_address(fd, RTM_DELADDR, 0, "fd91::8", 64), EADDRNOTAVAIL);
    CHECK_EQ(change_address(fd, RTM_DELADDR, 0, "10.91.0.7", 24), 0);
    CHECK_EQ(change_address(fd, RTM_DELADDR, 0, "fd91::7", 64), 0);
    CHECK_EQ(connect_to("10.91.0.7"), ENETUNREACH);
    CHECK_OK(close(fd));
}

TEST(routes_that_lead_nowhere)
{
    if (!own_network()) return;
    int fd = open_route(), create = NLM_F_CREATE | NLM_F_EXCL;
    CHECK_EQ(set_flags(fd, IFF_UP), 0);
    CHECK_EQ(change_route(fd, RTM_NEWROUTE, create, RTN_BLACKHOLE, "10.92.0.0", 16, 0, NULL), 0);
    CHECK_EQ(change_route(fd, RTM_NEWROUTE, create, RTN_BLACKHOLE, "10.92.0.0", 16, 0, NULL), EEXIST);
    CHECK_EQ(change_route(fd, RTM_NEWROUTE, create, RTN_UNREACHABLE, "10.93.0.0", 16, 0, NULL), 0);
    CHECK_EQ(change_route(fd, RTM_NEWROUTE, create, RTN_PROHIBIT, "10.94.0.0", 16, 0, NULL), 0);
    CHECK_EQ(change_route(fd, RTM_NEWROUTE, create, RTN_PROHIBIT, "fd94::", 16, 0, NULL), 0);
    CHECK_EQ(connect_to("10.92.1.1"), EINVAL);
    CHECK_EQ(connect_to("10.93.1.1"), EHOSTUNREACH);
    CHECK_EQ(connect_to("10.94.1.1"), EACCES);
    CHECK_EQ(connect_to("fd94::1"), EACCES);
    CHECK_EQ(change_route(fd, RTM_DELROUTE, 0, 0, "10.93.0.0", 16, 0, NULL), 0);
    CHECK_EQ(change_route(fd, RTM_DELROUTE, 0, 0, "10.93.0.0", 16, 0, NULL), ESRCH);
    CHECK_EQ(connect_to("10.93.1.1"), ENETUNREACH);
    CHECK_EQ(change_route(fd, RTM_DELROUTE, 0, RTN_BLACKHOLE, "10.92.0.0", 16, 0, NULL), 0);
    CHECK_EQ(change_route(fd, RTM_DELROUTE, 0, 0, "10.94.0.0", 16, 0, NULL), 0);
    CHECK_EQ(change_route(fd, RTM_DELROUTE, 0, 0, "fd94::", 16, 0, NULL), 0);
    CHECK_OK(close(fd));
}

TEST(bad_routes)
{
    if (!own_network()) return;
    int fd = open_route(), create = NLM_F_CREATE | NLM_F_EXCL;
    CHECK_EQ(set_flags(fd, IFF_UP), 0);
    CHECK_EQ(change_route(fd, RTM_NEWROUTE, create, RTN_UNICAST, "10.95.0.1", 16, 1, NULL), EINVAL);      // bits behind the prefix
    CHECK_EQ(change_route(fd, RTM_NEWROUTE, create, RTN_UNICAST, "10.95.0.0", 33, 1, NULL), EINVAL);
    CHECK_EQ(change_route(fd, RTM_NEWROUTE, create, RTN_UNICAST, "10.95.0.0", 16, 0, "10.250.0.1"), ENETUNREACH);
    CHECK_EQ(change_route(fd, RTM_NEWROUTE, create, RTN_UNICAST, "10.95.0.0", 16, 0, NULL), ENODEV);
    CHECK_EQ(change_route(fd, RTM_NEWROUTE, create, RTN_UNICAST, "10.95.0.0", 16, 99999, NULL), ENODEV);
    CHECK_EQ(change_route(fd, RTM_NEWROUTE, NLM_F_REPLACE, RTN_BLACKHOLE, "10.95.0.0", 16, 0, NULL), ENOENT);
    CHECK_OK(close(fd));
}

// NETLINK_EXT_ACK and NETLINK_CAP_ACK.
TEST(acknowledgements)
{
    if (!own_network()) return;
    int fd = open_route(), on = 1;
    struct nlmsghdr *h = (void *)answer;
    struct nlmsgerr *e = NLMSG_DATA(h);
    CHECK_EQ(set_flags(fd, IFF_UP), 0);
    CHECK_EQ(h->nlmsg_len, NLMSG_LENGTH(sizeof *e));
    CHECK_EQ(h->nlmsg_flags, 0x100); // NLM_F_CAPPED
    CHECK_EQ(change_address(fd, RTM_DELADDR, 0, "10.96.0.1", 24), EADDRNOTAVAIL);
    CHECK_EQ(h->nlmsg_len, NLMSG_LENGTH(sizeof *e) + 8 + 8); // all that was asked comes back
    CHECK_EQ(h->nlmsg_flags, 0);
    CHECK_OK(setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on));
    CHECK_OK(setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on));
    CHECK_EQ(change_address(fd, RTM_DELADDR, 0, "10.96.0.1", 24), EADDRNOTAVAIL);
    CHECK_EQ(h->nlmsg_flags, 0x300);
    struct rtattr *a = (void *)(e + 1);
    CHECK_EQ(a->rta_type, NLMSGERR_ATTR_MSG);
    CHECK_STR(RTA_DATA(a), "ipv4: Address not found");
    CHECK_OK(close(fd));
}

// A member of groups is told (rtnetlink(7)).
TEST(events)
{
    if (!own_network()) return;
    int fd = open_route(), listener = open_route();
    struct sockaddr_nl name = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_IPV4_IFADDR};
    CHECK_EQ(set_flags(fd, IFF_UP), 0);
    CHECK_OK(bind(listener, (void *)&name, sizeof name));
    CHECK_ERRNO(recv(listener, answer, sizeof answer, MSG_DONTWAIT), EAGAIN);
    CHECK_EQ(change_address(fd, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, "10.97.0.1", 24), 0);
    CHECK_EQ(change_address(fd, RTM_DELADDR, 0, "10.97.0.1", 24), 0);
    struct nlmsghdr *h = (void *)answer;
    CHECK(recv(listener, answer, sizeof answer, 0) > (ssize_t)sizeof *h);
    CHECK_EQ(h->nlmsg_type, RTM_NEWADDR);
    CHECK(recv(listener, answer, sizeof answer, 0) > (ssize_t)sizeof *h);
    CHECK_EQ(h->nlmsg_type, RTM_DELADDR);
    int group = RTNLGRP_LINK;
    CHECK_OK(setsockopt(listener, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group));
    CHECK_EQ(set_flags(fd, 0), 0);
    do {
        CHECK(recv(listener, answer, sizeof answer, 0) > (ssize_t)sizeof *h);
    } while (h->nlmsg_type != RTM_NEWLINK);
    CHECK_EQ(((struct ifinfomsg *)NLMSG_DATA(h))->ifi_flags & IFF_UP, 0);
    CHECK_EQ(set_flags(fd, IFF_UP), 0);
    CHECK_EQ(connect_to("127.0.0.1"), 0);
    CHECK_EQ(connect_to("::1"), 0);
    CHECK_OK(close(fd));
    CHECK_OK(close(listener));
}

TEST(ioctls)
{
    if (!own_network()) return;
    int fd = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0)), route = open_route();
    struct ifreq r = {.ifr_name = "lo"};
    CHECK_EQ(set_flags(route, IFF_UP), 0);
    r.ifr_mtu = 9000;
    CHECK_OK(ioctl(fd, SIOCSIFMTU, &r));
    r.ifr_mtu = 0;
    CHECK_OK(ioctl(fd, SIOCGIFMTU, &r));
    CHECK_EQ(r.ifr_mtu, 9000);
    struct sockaddr_in *address = (void *)&r.ifr_addr;
    *address = (struct sockaddr_in){AF_INET, 0, {htonl(0x0a620001)}, {0}};
    CHECK_OK(ioctl(fd, SIOCSIFADDR, &r));
    CHECK_OK(ioctl(fd, SIOCGIFNETMASK, &r));
    CHECK_EQ(ntohl(address->sin_addr.s_addr), 0xff000000); // of class A
    *address = (struct sockaddr_in){AF_INET, 0, {htonl(0xffffff00)}, {0}};
    CHECK_OK(ioctl(fd, SIOCSIFNETMASK, &r));
    CHECK_OK(ioctl(fd, SIOCGIFNETMASK, &r));
    CHECK_EQ(ntohl(address->sin_addr.s_addr), 0xffffff00);
    CHECK_EQ(connect_to("10.98.0.1"), 0);
    *address = (struct sockaddr_in){AF_INET, 0, {htonl(0xff00ff00)}, {0}};
    CHECK_ERRNO(ioctl(fd, SIOCSIFNETMASK, &r), EINVAL);
    *address = (struct sockaddr_in){AF_INET, 0, {htonl(INADDR_LOOPBACK)}, {0}};
    CHECK_OK(ioctl(fd, SIOCSIFADDR, &r));
    CHECK_EQ(connect_to("10.98.0.1"), ENETUNREACH);
    CHECK_OK(close(fd));
    CHECK_OK(close(route));
}

// Nobody but the network's administrator changes it.
TEST(rights)
{
    if (geteuid() != 0) return;
    pid_t child = CHECK_OK(fork());
    if (child == 0) {
        CHECK_OK(setuid(NOBODY));
        int fd = open_route();
        struct ifreq r = {.ifr_name = "lo", .ifr_flags = 0};
        CHECK_EQ(change_address(fd, RTM_NEWADDR, NLM_F_CREATE, "10.99.0.1", 24), EPERM);
        CHECK_EQ(change_route(fd, RTM_NEWROUTE, NLM_F_CREATE, RTN_BLACKHOLE, "10.99.0.0", 16, 0, NULL), EPERM);
        CHECK_EQ(set_flags(fd, 0), EPERM);
        CHECK_ERRNO(ioctl(CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0)), SIOCSIFFLAGS, &r), EPERM);
        _exit(guest_failures != 0);
    }
    int status;
    CHECK_OK(waitpid(child, &status, 0));
    CHECK_EQ(status, 0);
}

static uint64_t seed = 20260117;
static unsigned draw(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed >> 11;
}

// Messages that were right once, with bytes changed, cut or made longer: each is answered or ignored, and the kernel goes on.
TEST(hostile_messages)
{
    struct utsname name;
    CHECK_OK(uname(&name));
    if (!strstr(name.release, "dragonet")) return; // the host's own parser is not on trial
    int fd = open_route();
    static const unsigned char types[] = {16, 17, 18, 19, 20, 21, 22, 24, 25, 26, 28, 29, 30, 32, 34, 66, 94};
    for (int i = 0; i < 20000; i++) {
        struct request r;
        unsigned char *bytes = body(&r, types[draw() % sizeof types], draw() & 0xf00, 8 + draw() % 3 * 4);
        for (int k = draw() % 4; k > 0; k--) {
            unsigned value[4] = {draw(), draw(), draw(), draw()};
            attribute(&r, 1 + draw() % 16, value, draw() % 17);
        }
        bytes[0] = draw() % 2 ? AF_INET : AF_INET6;
        bytes[4] = draw() % 3;
        for (int k = draw() % 4; k > 0; k--) bytes[draw() % 200] = draw();
        if (draw() % 8 == 0) r.header.nlmsg_len = draw() % sizeof r;
        size_t length = draw() % 8 ? NLMSG_ALIGN(r.header.nlmsg_len) : draw() % sizeof r;
        if (length > sizeof r) length = sizeof r;
        CHECK_EQ(send(fd, &r, length, 0), length);
        while (recv(fd, answer, sizeof answer, MSG_DONTWAIT) >= 0) {
        }
    }
    CHECK_OK(close(fd));
    fd = open_route();
    CHECK_EQ(set_flags(fd, IFF_UP), 0);
    CHECK_EQ(connect_to("127.0.0.1"), 0);
    CHECK_OK(close(fd));
}
