// ip(7), ipv6(7), RFC 3678: multicast groups on lo, in a network of its own (network_namespaces(7) on the host).
#include "inet.h"

static struct in_addr loopback(void) { return (struct in_addr){htonl(INADDR_LOOPBACK)}; }

static int open_port(int family, int *port)
{
    int fd = CHECK_OK(socket(family, SOCK_DGRAM | SOCK_NONBLOCK, 0)), one = 1;
    CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one));
    inet_address a = {0};
    a.any.sa_family = family;
    a.v4.sin_port = htons(*port); // the same place in both families
    CHECK_OK(bind(fd, &a.any, family == AF_INET ? sizeof a.v4 : sizeof a.v6));
    *port = inet_port(fd);
    return fd;
}

static void send_group(int fd, const char *group, int port, const char *text)
{
    struct sockaddr_in to = {AF_INET, htons(port), {inet_addr(group)}, {0}};
    CHECK_EQ(sendto(fd, text, strlen(text), 0, (void *)&to, sizeof to), strlen(text));
}

static const char *heard(int fd)
{
    static char text[64];
    ssize_t n = recv(fd, text, sizeof text - 1, 0);
    if (n < 0) return errno == EAGAIN ? "" : "(error)";
    text[n] = 0;
    return text;
}

static int sender(void)
{
    int fd = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
    struct in_addr by = loopback();
    CHECK_OK(setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &by, sizeof by));
    return fd;
}

static int change(int fd, int name, const char *group, int index)
{
    struct ip_mreqn m = {{inet_addr(group)}, {0}, index};
    return setsockopt(fd, IPPROTO_IP, name, &m, sizeof m);
}

static int change_source(int fd, int name, const char *group, const char *source)
{
    struct ip_mreq_source m = {{inet_addr(group)}, loopback(), {inet_addr(source)}};
    return setsockopt(fd, IPPROTO_IP, name, &m, sizeof m);
}

TEST(members_hear)
{
    pid_t pid;
    IN_CHILD(pid) if (own_network()) {
        int port = 0, one = open_port(AF_INET, &port), two = open_port(AF_INET, &port), from = sender(), off = 0;
        send_group(from, "239.1.2.3", port, "nobody is in it");
        CHECK_STR(heard(one), "");
        CHECK_OK(change(one, IP_ADD_MEMBERSHIP, "239.1.2.3", 1));
        send_group(from, "239.1.2.3", port, "a");
        CHECK_STR(heard(one), "a");
        CHECK_STR(heard(two), "a"); // IP_MULTICAST_ALL
        CHECK_OK(setsockopt(two, IPPROTO_IP, IP_MULTICAST_ALL, &off, sizeof off));
        send_group(from, "239.1.2.3", port, "b");
        CHECK_STR(heard(one), "b");
        CHECK_STR(heard(two), "");
        struct ip_mreq by = {{inet_addr("239.1.2.3")}, loopback()};
        CHECK_OK(setsockopt(two, IPPROTO_IP, IP_ADD_MEMBERSHIP, &by, sizeof by));
        CHECK_OK(change(one, IP_DROP_MEMBERSHIP, "239.1.2.3", 1));
        CHECK_OK(setsockopt(one, IPPROTO_IP, IP_MULTICAST_ALL, &off, sizeof off));
        send_group(from, "239.1.2.3", port, "c");
        CHECK_STR(heard(one), "");
        CHECK_STR(heard(two), "c");
        CHECK_OK(close(two)); // the last one leaves
        int three = open_port(AF_INET, &port);
        send_group(from, "239.1.2.3", port, "d");
        CHECK_STR(heard(three), "");
    }
    CHECK_EXIT(pid, 0);
}

TEST(errors)
{
    pid_t pid;
    IN_CHILD(pid) if (own_network()) {
        int port = 0, fd = open_port(AF_INET, &port);
        CHECK_ERRNO(change(fd, IP_ADD_MEMBERSHIP, "10.0.0.1", 1), EINVAL);
        CHECK_ERRNO(change(fd, IP_ADD_MEMBERSHIP, "239.1.1.1", 99), ENODEV);
        CHECK_ERRNO(change(fd, IP_DROP_MEMBERSHIP, "239.1.1.1", 1), EADDRNOTAVAIL);
        CHECK_OK(change(fd, IP_ADD_MEMBERSHIP, "239.1.1.1", 1));
        CHECK_ERRNO(change(fd, IP_ADD_MEMBERSHIP, "239.1.1.1", 1), EADDRINUSE);
        char group[16];
        for (int i = 2; i <= 20; i++) {
            snprintf(group, sizeof group, "239.1.1.%d", i);
            CHECK_OK(change(fd, IP_ADD_MEMBERSHIP, group, 1));
        }
        CHECK_ERRNO(change(fd, IP_ADD_MEMBERSHIP, "239.1.1.21", 1), ENOBUFS);
        CHECK_ERRNO(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, group, 4), EINVAL);
        int stream = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0)), value = 2;
        CHECK_ERRNO(change(stream, IP_ADD_MEMBERSHIP, "239.1.1.1", 1), EPROTO);
        CHECK_ERRNO(setsockopt(stream, IPPROTO_IP, IP_MULTICAST_TTL, &value, sizeof value), EINVAL);
        CHECK_ERRNO(setsockopt(fd, IPPROTO_IP, IP_MULTICAST_ALL, &value, sizeof value), EINVAL);
        struct in_addr nobody = {inet_addr("10.9.9.9")}, by = loopback(), read = {0};
        socklen_t length = sizeof read;
        CHECK_ERRNO(setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &nobody, sizeof nobody), EADDRNOTAVAIL);
        CHECK_OK(setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &by, sizeof by));
        CHECK_OK(getsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &read, &length));
        CHECK_EQ(read.s_addr, by.s_addr);
    }
    CHECK_EXIT(pid, 0);
}

TEST(sources)
{
    pid_t pid;
    IN_CHILD(pid) if (own_network()) {
        int port = 0, fd = open_port(AF_INET, &port), off = 0, from = sender();
        CHECK_OK(setsockopt(fd, IPPROTO_IP, IP_MULTICAST_ALL, &off, sizeof off));
        CHECK_ERRNO(change_source(fd, IP_BLOCK_SOURCE, "239.2.2.2", "127.0.0.1"), EINVAL);
        CHECK_OK(change_source(fd, IP_ADD_SOURCE_MEMBERSHIP, "239.2.2.2", "127.0.0.5"));
        send_group(from, "239.2.2.2", port, "another source");
        CHECK_STR(heard(fd), "");
        CHECK_OK(change_source(fd, IP_ADD_SOURCE_MEMBERSHIP, "239.2.2.2", "127.0.0.1"));
        CHECK_ERRNO(change_source(fd, IP_ADD_SOURCE_MEMBERSHIP, "239.2.2.2", "127.0.0.1"), EADDRNOTAVAIL);
        send_group(from, "239.2.2.2", port, "mine");
        CHECK_STR(heard(fd), "mine");
        CHECK_ERRNO(change_source(fd, IP_BLOCK_SOURCE, "239.2.2.2", "127.0.0.1"), EINVAL); // the other kind
        CHECK_OK(change_source(fd, IP_DROP_SOURCE_MEMBERSHIP, "239.2.2.2", "127.0.0.5"));
        CHECK_OK(change_source(fd, IP_DROP_SOURCE_MEMBERSHIP, "239.2.2.2", "127.0.0.1")); // the last one: it leaves
        CHECK_ERRNO(change_source(fd, IP_DROP_SOURCE_MEMBERSHIP, "239.2.2.2", "127.0.0.1"), EINVAL);

        CHECK_OK(change(fd, IP_ADD_MEMBERSHIP, "239.2.2.3", 1));
        CHECK_OK(change_source(fd, IP_BLOCK_SOURCE, "239.2.2.3", "127.0.0.1"));
        send_group(from, "239.2.2.3", port, "blocked");
        CHECK_STR(heard(fd), "");
        CHECK_ERRNO(change_source(fd, IP_UNBLOCK_SOURCE, "239.2.2.3", "127.0.0.9"), EADDRNOTAVAIL);
        CHECK_OK(change_source(fd, IP_UNBLOCK_SOURCE, "239.2.2.3", "127.0.0.1"));
        send_group(from, "239.2.2.3", port, "open");
        CHECK_STR(heard(fd), "open");
    }
    CHECK_EXIT(pid, 0);
}

TEST(filters)
{
    pid_t pid;
    IN_CHILD(pid) if (own_network()) {
        int port = 0, fd = open_port(AF_INET, &port);
        char bytes[IP_MSFILTER_SIZE(12)] = {0};
        struct ip_msfilter *f = (void *)bytes;
        f->imsf_multiaddr.s_addr = inet_addr("239.3.3.3");
        f->imsf_interface = loopback();
        f->imsf_fmode = MCAST_INCLUDE;
        f->imsf_numsrc = 2;
        (&f->imsf_slist[0])[0].s_addr = inet_addr("127.0.0.2");
        (&f->imsf_slist[0])[1].s_addr = inet_addr("127.0.0.3");
        CHECK_ERRNO(setsockopt(fd, IPPROTO_IP, IP_MSFILTER, f, IP_MSFILTER_SIZE(2)), EINVAL); // not in the group
        CHECK_OK(change(fd, IP_ADD_MEMBERSHIP, "239.3.3.3", 1));
        CHECK_OK(setsockopt(fd, IPPROTO_IP, IP_MSFILTER, f, IP_MSFILTER_SIZE(2)));
        memset((char *)bytes + IP_MSFILTER_SIZE(0), 0, IP_MSFILTER_SIZE(2) - IP_MSFILTER_SIZE(0));
        f->imsf_fmode = 9;
        f->imsf_numsrc = 12;
        socklen_t length = sizeof bytes;
        CHECK_OK(getsockopt(fd, IPPROTO_IP, IP_MSFILTER, f, &length));
        CHECK_EQ(f->imsf_fmode, MCAST_INCLUDE);
        CHECK_EQ(f->imsf_numsrc, 2);
        CHECK_EQ((&f->imsf_slist[0])[1].s_addr, inet_addr("127.0.0.3"));
        f->imsf_numsrc = 11;
        CHECK_ERRNO(setsockopt(fd, IPPROTO_IP, IP_MSFILTER, f, IP_MSFILTER_SIZE(11)), ENOBUFS);
        f->imsf_numsrc = 0;
        CHECK_OK(setsockopt(fd, IPPROTO_IP, IP_MSFILTER, f, IP_MSFILTER_SIZE(0))); // nobody: it leaves
        CHECK_ERRNO(change(fd, IP_DROP_MEMBERSHIP, "239.3.3.3", 1), EADDRNOTAVAIL);
    }
    CHECK_EXIT(pid, 0);
}

static int change_any(int fd, int level, int name, int family, const char *group, int index)
{
    struct group_req r = {.gr_interface = index};
    inet_address *a = (void *)&r.gr_group;
    a->any.sa_family = family;
    inet_pton(family, group, family == AF_INET ? (void *)&a->v4.sin_addr : &a->v6.sin6_addr);
    return setsockopt(fd, level, name, &r, sizeof r);
}

TEST(both_families)
{
    pid_t pid;
    IN_CHILD(pid) if (own_network()) {
        int port = 0, fd = open_port(AF_INET, &port), off = 0, from = sender();
        CHECK_OK(setsockopt(fd, IPPROTO_IP, IP_MULTICAST_ALL, &off, sizeof off));
        CHECK_ERRNO(change_any(fd, IPPROTO_IP, MCAST_JOIN_GROUP, AF_INET6, "ff02::77", 1), EINVAL);
        CHECK_OK(change_any(fd, IPPROTO_IP, MCAST_JOIN_GROUP, AF_INET, "239.4.4.4", 1));
        send_group(from, "239.4.4.4", port, "joined");
        CHECK_STR(heard(fd), "joined");
        CHECK_OK(change_any(fd, IPPROTO_IP, MCAST_LEAVE_GROUP, AF_INET, "239.4.4.4", 1));
        CHECK_ERRNO(change_any(fd, IPPROTO_IP, MCAST_LEAVE_GROUP, AF_INET, "239.4.4.4", 1), EADDRNOTAVAIL);

        int six = open_port(AF_INET6, (port = 0, &port)), hops = 300, one = 1, none = 99;
        struct ipv6_mreq m = {.ipv6mr_interface = 1};
        inet_pton(AF_INET6, "ff02::1234", &m.ipv6mr_multiaddr);
        CHECK_OK(setsockopt(six, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &m, sizeof m));
        CHECK_ERRNO(setsockopt(six, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &m, sizeof m), EADDRINUSE);
        CHECK_ERRNO(setsockopt(six, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof hops), EINVAL);
        CHECK_ERRNO(setsockopt(six, IPPROTO_IPV6, IPV6_MULTICAST_IF, &none, sizeof none), ENODEV);
        CHECK_OK(setsockopt(six, IPPROTO_IPV6, IPV6_MULTICAST_IF, &one, sizeof one));
        CHECK_OK(setsockopt(six, IPPROTO_IPV6, IPV6_DROP_MEMBERSHIP, &m, sizeof m));
        CHECK_ERRNO(setsockopt(six, IPPROTO_IPV6, IPV6_DROP_MEMBERSHIP, &m, sizeof m), EADDRNOTAVAIL);
        CHECK_OK(change_any(six, IPPROTO_IPV6, MCAST_JOIN_GROUP, AF_INET6, "ff02::1234", 1));
        int stream = CHECK_OK(socket(AF_INET6, SOCK_STREAM, 0));
        CHECK_ERRNO(setsockopt(stream, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &m, sizeof m), EPROTO);
        CHECK_ERRNO(setsockopt(stream, IPPROTO_IPV6, IPV6_MULTICAST_IF, &one, sizeof one), ENOPROTOOPT);
    }
    CHECK_EXIT(pid, 0);
}

TEST(proc_shows_groups)
{
    pid_t pid;
    IN_CHILD(pid) if (own_network()) {
        char text[4096];
        int port = 0, fd = open_port(AF_INET, &port);
        CHECK_OK(change(fd, IP_ADD_MEMBERSHIP, "239.1.2.3", 1));
        CHECK_OK(change_source(fd, IP_ADD_SOURCE_MEMBERSHIP, "239.5.5.5", "127.0.0.5"));
        CHECK(read_file("/proc/thread-self/net/igmp", text, sizeof text) > 0);
        CHECK(strstr(text, "1\tlo        :     3      V3\n\t\t\t\t050505EF     1 0:00000000\t\t0\n\t\t\t\t030201EF     1 0:00000000\t\t0\n\t\t\t\t010000E0     1 0:00000000\t\t0\n"));
        CHECK(read_file("/proc/thread-self/net/mcfilter", text, sizeof text) > 0);
        CHECK(strstr(text, "  1     lo 0xef050505 0x7f000005      1      0\n"));
        CHECK(read_file("/proc/thread-self/net/igmp6", text, sizeof text) > 0);
        CHECK(strstr(text, "1    lo              ff020000000000000000000000000001     1 0000000C 0\n"));
    }
    CHECK_EXIT(pid, 0);
}
