// ip-route(8), rtnetlink(7): what routes say besides a way; in a network of its own (network_namespaces(7) on the host).
#include "netlink.h"
#include <linux/fib_rules.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>

static struct request message(int type, int flags, size_t size)
{
    return (struct request){.header = {NLMSG_LENGTH(size), type, NLM_F_REQUEST | NLM_F_ACK | flags, 5, 0}};
}

static int put_address(struct request *r, int type, int family, const char *text)
{
    char bytes[16];
    CHECK_EQ(inet_pton(family, text, bytes), 1);
    put(r, type, bytes, family == AF_INET ? 4 : 16);
    return family;
}

// A dummy that is up, with an address of each family.
// An address of an interface: 0, or what the kernel answers.
static int add_address(const char *name, const char *text)
{
    bool six = strchr(text, ':') != NULL;
    struct request r = message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, sizeof r.address);
    r.address.ifa_family = six ? AF_INET6 : AF_INET;
    r.address.ifa_prefixlen = six ? 64 : 24;
    r.address.ifa_index = if_nametoindex(name);
    r.address.ifa_flags = six ? IFA_F_NODAD : 0;
    put_address(&r, IFA_LOCAL, r.address.ifa_family, text);
    return ask(&r);
}

static bool dummy(const char *name)
{
    struct request r = message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof r.link);
    r.link.ifi_flags = r.link.ifi_change = IFF_UP;
    put(&r, IFLA_IFNAME, name, strlen(name) + 1);
    struct rtattr *info = put(&r, IFLA_LINKINFO, NULL, 0);
    put(&r, IFLA_INFO_KIND, "dummy", 5);
    end(&r, info);
    int error = ask(&r);
    if (error == EOPNOTSUPP) return false; // the host has no module for it
    CHECK_EQ(error, 0);
    CHECK_EQ(add_address(name, "10.7.0.1"), 0);
    error = add_address(name, "fd00:7::1");
    if (error == EACCES) return false; // no IPv6 here
    CHECK_EQ(error, 0);
    return true;
}

static void drop(const char *name)
{
    struct request r = message(RTM_DELLINK, 0, sizeof r.link);
    put(&r, IFLA_IFNAME, name, strlen(name) + 1);
    CHECK_EQ(ask(&r), 0);
}

static struct request route(int type, int flags, int family, const char *to, int length, const char *through)
{
    struct request r = message(type, flags, sizeof r.route);
    r.route = (struct rtmsg){.rtm_family = family, .rtm_dst_len = length, .rtm_table = RT_TABLE_MAIN, .rtm_protocol = RTPROT_BOOT,
        .rtm_scope = family == AF_INET ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE, .rtm_type = RTN_UNICAST};
    put_address(&r, RTA_DST, family, to);
    if (through != NULL) put_number(&r, RTA_OIF, if_nametoindex(through));
    return r;
}

// The route to a network as RTM_GETROUTE lists it: an attribute of it (of its metrics), or -1.
static int listed(int family, const char *to, int outer, int type)
{
    static char answer[65536];
    char wanted[16];
    int fd = CHECK_OK(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)), value = -1, done = 0;
    struct request r = message(RTM_GETROUTE, NLM_F_DUMP, sizeof r.route);
    r.header.nlmsg_flags &= ~NLM_F_ACK;
    r.route.rtm_family = family;
    CHECK_EQ(inet_pton(family, to, wanted), 1);
    CHECK_EQ(send(fd, &r, r.header.nlmsg_len, 0), r.header.nlmsg_len);
    while (!done) {
        int n = CHECK_OK(recv(fd, answer, sizeof answer, 0));
        for (struct nlmsghdr *h = (void *)answer; NLMSG_OK(h, (unsigned)n); h = NLMSG_NEXT(h, n)) {
            bool is = false;
            if (h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR) { done = 1; break; }
            struct rtmsg *body = NLMSG_DATA(h);
            for (int turn = 0; turn < 2; turn++) {
                int left = h->nlmsg_len - NLMSG_LENGTH(sizeof *body);
                for (struct rtattr *a = RTM_RTA(body); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
                    if (a->rta_type == RTA_DST && body->rtm_table == RT_TABLE_MAIN) is |= memcmp(RTA_DATA(a), wanted, family == AF_INET ? 4 : 16) == 0;
                    if (!is || turn == 0) continue;
                    if (outer == 0 && a->rta_type == type) value = *(int *)RTA_DATA(a);
                    if (outer != 0 && a->rta_type == outer) {
                        int inner = RTA_PAYLOAD(a);
                        for (struct rtattr *b = RTA_DATA(a); RTA_OK(b, inner); b = RTA_NEXT(b, inner))
                            if (b->rta_type == type) value = *(int *)RTA_DATA(b);
                    }
                }
            }
        }
    }
    close(fd);
    return value;
}
static int metric(int family, const char *to, int type) { return listed(family, to, RTA_METRICS, type); }

static int option(int fd, int level, int name)
{
    int value = -1;
    socklen_t size = sizeof value;
    CHECK_OK(getsockopt(fd, level, name, &value, &size));
    return value;
}

static int socket_to(int type, const char *to, int port)
{
    struct sockaddr_in a = {AF_INET, htons(port), {0}, {0}};
    int fd = CHECK_OK(socket(AF_INET, type | SOCK_NONBLOCK, 0));
    CHECK_EQ(inet_pton(AF_INET, to, &a.sin_addr), 1);
    int error = connect(fd, (void *)&a, sizeof a);
    CHECK(type == SOCK_DGRAM ? error == 0 : error == -1 && errno == EINPROGRESS);
    return fd;
}

// The next IPv4 packet of a protocol that an interface sends.
static int sent(int tap, unsigned char *packet, size_t size, int protocol)
{
    int n;
    do n = CHECK_OK(recv(tap, packet, size, 0));
    while (n > 0 && (packet[0] != 0x45 || packet[9] != protocol));
    return n;
}

// A call's MSS option; 0 without one.
static int announced(unsigned char *packet)
{
    for (unsigned char *o = packet + 40; o < packet + 20 + (packet[32] >> 4) * 4; o += *o <= 1 ? 1 : o[1])
        if (*o == TCPOPT_MAXSEG) return o[2] << 8 | o[3];
    return 0;
}

TEST(metrics)
{
    pid_t pid;
    IN_CHILD(pid) if (own_network() && dummy("d0")) {
        unsigned char packet[2048];
        struct ifreq name = {.ifr_name = "d0"};
        static char data[1400];
        int want;
        struct sockaddr_ll all = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = if_nametoindex("d0")};
        int tap = socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_ALL));
        CHECK_OK(tap);
        CHECK_OK(ioctl(tap, SIOCGIFFLAGS, &name));
        CHECK_EQ(name.ifr_flags & (IFF_UP | IFF_NOARP | IFF_BROADCAST | IFF_MULTICAST), IFF_UP | IFF_NOARP | IFF_BROADCAST); // nobody is asked there
        CHECK_OK(bind(tap, (void *)&all, sizeof all));

        struct request r = route(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, AF_INET, "10.8.0.0", 16, "d0");
        struct rtattr *metrics = put(&r, RTA_METRICS, NULL, 0);
        put_number(&r, RTAX_MTU, 1300);
        put_number(&r, RTAX_ADVMSS, 900);
        put_number(&r, RTAX_INITCWND, 20);
        put_number(&r, RTAX_HOPLIMIT, 33);
        end(&r, metrics);
        CHECK_EQ(ask(&r), 0);
        CHECK_EQ(ask(&r), EEXIST);
        CHECK_EQ(metric(AF_INET, "10.8.0.0", RTAX_MTU), 1300);
        CHECK_EQ(metric(AF_INET, "10.8.0.0", RTAX_ADVMSS), 900);
        CHECK_EQ(metric(AF_INET, "10.8.0.0", RTAX_INITCWND), 20);
        CHECK_EQ(metric(AF_INET, "10.8.0.0", RTAX_HOPLIMIT), 33);
        CHECK_EQ(metric(AF_INET, "10.8.0.0", RTAX_LOCK), -1);
        CHECK_EQ(metric(AF_INET, "10.8.0.0", RTAX_WINDOW), -1);
        CHECK_EQ(listed(AF_INET, "10.7.0.0", 0, RTA_METRICS), -1);

        int fd = socket_to(SOCK_DGRAM, "10.8.0.5", 9);
        CHECK_EQ(option(fd, IPPROTO_IP, IP_MTU), 1300);
        CHECK_EQ(option(fd, IPPROTO_IP, IP_TTL), 64); // it has none of its own
        CHECK_EQ(send(fd, "x", 1, 0), 1);
        sent(tap, packet, sizeof packet, IPPROTO_UDP);
        CHECK_EQ(packet[8], 33);
        want = 7;
        CHECK_OK(setsockopt(fd, IPPROTO_IP, IP_TTL, &want, sizeof want));
        CHECK_EQ(send(fd, "x", 1, 0), 1);
        sent(tap, packet, sizeof packet, IPPROTO_UDP);
        CHECK_EQ(packet[8], 7);
        want = -1;
        CHECK_OK(setsockopt(fd, IPPROTO_IP, IP_TTL, &want, sizeof want));
        CHECK_EQ(send(fd, "x", 1, 0), 1);
        sent(tap, packet, sizeof packet, IPPROTO_UDP);
        CHECK_EQ(packet[8], 33);
        want = IP_PMTUDISC_DO;
        CHECK_OK(setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &want, sizeof want));
        CHECK_ERRNO(send(fd, data, sizeof data, 0), EMSGSIZE);
        CHECK_EQ(send(fd, data, 1272, 0), 1272);
        CHECK_EQ(sent(tap, packet, sizeof packet, IPPROTO_UDP), 1300);
        want = IP_PMTUDISC_DONT;
        CHECK_OK(setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &want, sizeof want));
        CHECK_EQ(send(fd, data, sizeof data, 0), sizeof data);
        CHECK_EQ(sent(tap, packet, sizeof packet, IPPROTO_UDP), 1300); // 1300 - 20 is a multiple of 8
        CHECK_EQ(sent(tap, packet, sizeof packet, IPPROTO_UDP), 20 + 8 + 1400 - 1280);
        CHECK_OK(close(fd));

        fd = socket_to(SOCK_STREAM, "10.8.0.5", 9);
        sent(tap, packet, sizeof packet, IPPROTO_TCP);
        CHECK_EQ(packet[8], 33);
        CHECK_EQ(packet[6] & 0x40, 0x40); // path MTU discovery
        CHECK_EQ(announced(packet), 900);
        CHECK_OK(close(fd));

        r = route(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, AF_INET, "10.8.0.0", 16, "d0");
        metrics = put(&r, RTA_METRICS, NULL, 0);
        put_number(&r, RTAX_LOCK, 1 << RTAX_MTU);
        put_number(&r, RTAX_MTU, 1280);
        end(&r, metrics);
        CHECK_EQ(ask(&r), 0);
        CHECK_EQ(metric(AF_INET, "10.8.0.0", RTAX_MTU), 1280);
        CHECK_EQ(metric(AF_INET, "10.8.0.0", RTAX_LOCK), 1 << RTAX_MTU);
        CHECK_EQ(metric(AF_INET, "10.8.0.0", RTAX_HOPLIMIT), -1);
        fd = socket_to(SOCK_STREAM, "10.8.0.6", 9);
        sent(tap, packet, sizeof packet, IPPROTO_TCP);
        CHECK_EQ(packet[8], 64);
        CHECK_EQ(packet[6] & 0x40, 0); // the size is known: nothing is to be found out
        CHECK_EQ(announced(packet), 1240);
        CHECK_OK(close(fd));

        // What is too large is as large as can be; what is unknown or damaged is refused.
        r = route(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, AF_INET, "10.9.0.0", 16, "d0");
        metrics = put(&r, RTA_METRICS, NULL, 0);
        put_number(&r, RTAX_MTU, 1 << 20);
        put_number(&r, RTAX_ADVMSS, 1 << 20);
        put_number(&r, RTAX_HOPLIMIT, 300);
        end(&r, metrics);
        CHECK_EQ(ask(&r), 0);
        CHECK_EQ(metric(AF_INET, "10.9.0.0", RTAX_MTU), 65535 - 15);
        CHECK_EQ(metric(AF_INET, "10.9.0.0", RTAX_ADVMSS), 65535 - 40);
        CHECK_EQ(metric(AF_INET, "10.9.0.0", RTAX_HOPLIMIT), 255);
        fd = socket_to(SOCK_DGRAM, "10.9.0.5", 9);
        CHECK_EQ(send(fd, "x", 1, 0), 1);
        sent(tap, packet, sizeof packet, IPPROTO_UDP);
        CHECK_EQ(packet[8], 255);
        CHECK_OK(close(fd));
        r = route(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, AF_INET, "10.10.0.0", 16, "d0");
        metrics = put(&r, RTA_METRICS, NULL, 0);
        put_number(&r, RTAX_MAX + 1, 1);
        end(&r, metrics);
        CHECK_EQ(ask(&r), EINVAL);
        r = route(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, AF_INET, "10.10.0.0", 16, "d0");
        metrics = put(&r, RTA_METRICS, NULL, 0);
        put(&r, RTAX_MTU, "ab", 2);
        end(&r, metrics);
        CHECK_EQ(ask(&r), EINVAL);

        r = route(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, AF_INET6, "fd00:8::", 64, "d0");
        metrics = put(&r, RTA_METRICS, NULL, 0);
        put_number(&r, RTAX_MTU, 1300);
        put_number(&r, RTAX_HOPLIMIT, 44);
        end(&r, metrics);
        CHECK_EQ(ask(&r), 0);
        CHECK_EQ(metric(AF_INET6, "fd00:8::", RTAX_MTU), 1300);
        CHECK_EQ(metric(AF_INET6, "fd00:8::", RTAX_HOPLIMIT), 44);
        struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(9)};
        CHECK_EQ(inet_pton(AF_INET6, "fd00:8::5", &six.sin6_addr), 1);
        fd = CHECK_OK(socket(AF_INET6, SOCK_DGRAM, 0));
        CHECK_OK(connect(fd, (void *)&six, sizeof six));
        CHECK_EQ(option(fd, IPPROTO_IPV6, IPV6_MTU), 1300);
        CHECK_EQ(option(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS), 44); // Linux asks the route here
        CHECK_EQ(send(fd, "x", 1, 0), 1);
        do CHECK_OK(recv(tap, packet, sizeof packet, 0));
        while (packet[0] >> 4 != 6 || packet[6] != IPPROTO_UDP);
        CHECK_EQ(packet[7], 44);
        CHECK_OK(close(fd));
        CHECK_OK(close(tap));
        drop("d0");
    }
    CHECK_EXIT(pid, 0);
}

// How far packets go whose sender does not say: what the interface says (ip-sysctl of Linux, hop_limit).
TEST(hop_limit_of_an_interface)
{
    pid_t pid;
    IN_CHILD(pid) if (own_network() && dummy("d0")) {
        if (write_text("/proc/sys/net/ipv6/conf/d0/hop_limit", "21\n") == 0) { // a host may show it read-only
            unsigned char packet[2048];
            struct sockaddr_ll all = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = if_nametoindex("d0")};
            struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(9)};
            int tap = CHECK_OK(socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_ALL))), own = 5;
            CHECK_OK(bind(tap, (void *)&all, sizeof all));
            CHECK_ERRNO(write_text("/proc/sys/net/ipv6/conf/d0/hop_limit", "0\n"), EINVAL);
            CHECK_ERRNO(write_text("/proc/sys/net/ipv6/conf/d0/hop_limit", "256\n"), EINVAL);
            int fd = CHECK_OK(socket(AF_INET6, SOCK_DGRAM, 0));
            CHECK_EQ(option(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS), 64); // there is no way yet
            CHECK_EQ(inet_pton(AF_INET6, "fd00:7::5", &six.sin6_addr), 1);
            CHECK_OK(connect(fd, (void *)&six, sizeof six));
            CHECK_EQ(option(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS), 21);
            for (int turn = 0; turn < 2; turn++) {
                CHECK_EQ(send(fd, "x", 1, 0), 1);
                do CHECK_OK(recv(tap, packet, sizeof packet, 0));
                while (packet[0] >> 4 != 6 || packet[6] != IPPROTO_UDP);
                CHECK_EQ(packet[7], turn == 0 ? 21 : 5);
                CHECK_OK(setsockopt(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &own, sizeof own));
            }
            CHECK_OK(close(fd));
            CHECK_OK(close(tap));
            CHECK_OK(write_text("/proc/sys/net/ipv6/conf/d0/hop_limit", "64\n"));
        }
        drop("d0");
    }
    CHECK_EXIT(pid, 0);
}

// Who asks for an address on one interface, and the last byte of the address that is answered first.
static int first_answer(int fd, int first, int second)
{
    unsigned char frame[64] = {255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 9, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 9, 10, 6, 0, 9, 0, 0, 0, 0, 0, 0, 10, 6, 0, 0};
    int asked[2] = {first, second};
    struct ifreq own = {.ifr_name = "veth0"};
    CHECK_OK(ioctl(fd, SIOCGIFHWADDR, &own));
    memcpy(frame + 6, own.ifr_hwaddr.sa_data, 6);
    memcpy(frame + 22, own.ifr_hwaddr.sa_data, 6);
    for (int i = 0; i < 2; i++) {
        if (asked[i] == 0) continue;
        frame[39] = asked[i] == 1 ? 6 : 7;
        frame[41] = 1;
        CHECK_EQ(send(fd, frame, 42, 0), 42);
    }
    do CHECK_OK(recv(fd, frame, sizeof frame, 0));
    while (frame[12] != 8 || frame[13] != 6 || frame[21] != 2);
    return frame[29] == 6 ? 1 : 2;
}

// A pair of interfaces, va and veth0, that are up.
static bool veth(void)
{
    struct request r = message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof r.link);
    r.link.ifi_flags = r.link.ifi_change = IFF_UP;
    put(&r, IFLA_IFNAME, "va", 3);
    struct rtattr *info = put(&r, IFLA_LINKINFO, NULL, 0);
    put(&r, IFLA_INFO_KIND, "veth", 4);
    end(&r, info);
    if (ask(&r) != 0) return false; // the host has no module for it
    struct ifreq other = {.ifr_name = "veth0", .ifr_flags = IFF_UP};
    int fd = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
    CHECK_OK(ioctl(fd, SIOCSIFFLAGS, &other));
    CHECK_OK(close(fd));
    return true;
}

static int packets_of(const char *name, int protocol)
{
    struct sockaddr_ll where = {.sll_family = AF_PACKET, .sll_protocol = htons(protocol), .sll_ifindex = if_nametoindex(name)};
    int fd = CHECK_OK(socket(AF_PACKET, SOCK_RAW, htons(protocol)));
    CHECK_OK(bind(fd, (void *)&where, sizeof where));
    return fd;
}

// From which address is asked for 10.6.0.LAST, when a packet from 10.7.0.1 goes there: the third byte of it.
static int asked_from(int fd, int last)
{
    inet_address from = {.v4 = {.sin_family = AF_INET}}, to = {.v4 = {.sin_family = AF_INET, .sin_port = htons(9)}};
    from.v4.sin_addr.s_addr = htonl(0x0a070001);
    to.v4.sin_addr.s_addr = htonl(0x0a060000 + last);
    int udp = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
    CHECK_OK(bind(udp, &from.any, sizeof from.v4));
    CHECK_EQ(sendto(udp, "x", 1, 0, &to.any, sizeof to.v4), 1);
    CHECK_OK(close(udp));
    unsigned char frame[100];
    do CHECK(recv(fd, frame, sizeof frame, 0) >= 42);
    while (frame[21] != 1 || frame[41] != last);
    return frame[29];
}

// ip-sysctl of Linux, arp_announce.
TEST(whose_address_a_question_comes_from)
{
    pid_t pid;
    IN_CHILD(pid) if (own_network() && dummy("d0")) {
        if (veth()) {
            int fd = packets_of("veth0", ETH_P_ARP);
            CHECK_EQ(add_address("va", "10.6.0.1"), 0);
            CHECK_EQ(asked_from(fd, 70), 7);
            if (write_text("/proc/sys/net/ipv4/conf/va/arp_announce", "1\n") == 0) { // a host may show it read-only
                CHECK_EQ(asked_from(fd, 71), 6);
                CHECK_OK(write_text("/proc/sys/net/ipv4/conf/va/arp_announce", "0\n"));
                CHECK_EQ(asked_from(fd, 72), 7);
                CHECK_OK(write_text("/proc/sys/net/ipv4/conf/all/arp_announce", "2\n"));
                CHECK_EQ(asked_from(fd, 73), 6);
                CHECK_OK(write_text("/proc/sys/net/ipv4/conf/all/arp_announce", "0\n"));
            }
            CHECK_OK(close(fd));
            drop("va");
        }
        drop("d0");
    }
    CHECK_EXIT(pid, 0);
}

// A pair has no filter of addresses as devices have: packet sockets see what is for others, whatever they listen to (packet(7), PACKET_OTHERHOST).
TEST(frames_for_others)
{
    pid_t pid;
    IN_CHILD(pid) if (own_network() && veth()) {
        int one = packets_of("veth0", 0x88b5), all = packets_of("veth0", ETH_P_ALL), from = packets_of("va", 0x88b6);
        unsigned char frame[60] = {2, 0, 0, 0, 0, 0xee, 2, 0, 0, 0, 0, 9, 0x88, 0xb5, 'F'}, got[2000];
        CHECK_EQ(send(from, frame, sizeof frame, 0), sizeof frame);
        for (int i = 0; i < 2; i++) {
            struct sockaddr_ll about;
            do {
                socklen_t size = sizeof about;
                CHECK(recvfrom(i ? all : one, got, sizeof got, 0, (void *)&about, &size) > 14);
            } while (memcmp(got, frame, 15));
            CHECK_EQ(about.sll_pkttype, PACKET_OTHERHOST);
            CHECK_EQ(ntohs(about.sll_protocol), 0x88b5);
        }
        drop("va");
    }
    CHECK_EXIT(pid, 0);
}

// struct rtmsg is laid out as struct fib_rule_hdr, whose action is in the place of the type.
static int change_rule(int type, int action, unsigned priority, unsigned target)
{
    struct request r = message(type, type == RTM_NEWRULE ? NLM_F_CREATE | NLM_F_EXCL : 0, sizeof r.route);
    r.route = (struct rtmsg){.rtm_family = AF_INET, .rtm_type = action, .rtm_table = action == FR_ACT_TO_TBL ? 77 : 0};
    put_number(&r, FRA_PRIORITY, priority);
    if (target != 0) put_number(&r, FRA_GOTO, target);
    return ask(&r);
}

// The action of the rule with this priority, its flags in the bits above, and where it leads.
static int rule_at(unsigned wanted, unsigned *target)
{
    static char answers[16384];
    struct request r = message(RTM_GETRULE, NLM_F_DUMP, sizeof r.route);
    r.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    r.route.rtm_family = AF_INET;
    int fd = CHECK_OK(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)), found = -1;
    CHECK_EQ(send(fd, &r, r.header.nlmsg_len, 0), r.header.nlmsg_len);
    for (bool more = true; more;) {
        int size = CHECK_OK(recv(fd, answers, sizeof answers, 0));
        for (struct nlmsghdr *h = (void *)answers; NLMSG_OK(h, size); h = NLMSG_NEXT(h, size)) {
            if (h->nlmsg_type == NLMSG_DONE) { more = false; break; }
            struct rtmsg *m = NLMSG_DATA(h);
            unsigned priority = 0, leads = 0;
            int left = RTM_PAYLOAD(h);
            for (struct rtattr *a = RTM_RTA(m); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
                if (a->rta_type == FRA_PRIORITY) memcpy(&priority, RTA_DATA(a), 4);
                if (a->rta_type == FRA_GOTO) memcpy(&leads, RTA_DATA(a), 4);
            }
            if (priority == wanted && found < 0) {
                found = m->rtm_type | (int)m->rtm_flags << 8;
                *target = leads;
            }
        }
    }
    CHECK_OK(close(fd));
    return found;
}

// ip-rule(8), "goto" and "nop" (fib_rules.c of Linux).
TEST(rules_that_lead_to_others)
{
    pid_t pid;
    IN_CHILD(pid) if (own_network()) {
        unsigned target = 0;
        CHECK_EQ(change_rule(RTM_NEWRULE, FR_ACT_GOTO, 100, 50), EINVAL); // back
        CHECK_EQ(change_rule(RTM_NEWRULE, FR_ACT_GOTO, 100, 100), EINVAL);
        CHECK_EQ(change_rule(RTM_NEWRULE, FR_ACT_GOTO, 100, 0), EINVAL);  // nowhere
        CHECK_EQ(change_rule(RTM_NEWRULE, FR_ACT_NOP, 100, 200), EINVAL); // no goto
        CHECK_EQ(change_rule(RTM_NEWRULE, FR_ACT_GOTO, 100, 200), 0);
        CHECK_EQ(change_rule(RTM_NEWRULE, FR_ACT_GOTO, 100, 200), EEXIST);
        CHECK_EQ(change_rule(RTM_NEWRULE, FR_ACT_NOP, 110, 0), 0);
        CHECK_EQ(rule_at(100, &target), FR_ACT_GOTO | FIB_RULE_UNRESOLVED << 8);
        CHECK_EQ(target, 200);
        CHECK_EQ(rule_at(110, &target), FR_ACT_NOP);
        CHECK_EQ(target, 0);
        CHECK_EQ(change_rule(RTM_NEWRULE, FR_ACT_TO_TBL, 200, 0), 0);
        CHECK_EQ(rule_at(100, &target), FR_ACT_GOTO);
        CHECK_EQ(change_rule(RTM_DELRULE, FR_ACT_NOP, 100, 0), ENOENT);
        CHECK_EQ(change_rule(RTM_DELRULE, 0, 200, 0), 0);
        CHECK_EQ(rule_at(100, &target), FR_ACT_GOTO | FIB_RULE_UNRESOLVED << 8);
        CHECK_EQ(change_rule(RTM_DELRULE, FR_ACT_GOTO, 100, 200), 0);
        CHECK_EQ(rule_at(100, &target), -1);
    }
    CHECK_EXIT(pid, 0);
}

// An address is the machine's, not an interface's, unless one says otherwise (ip-sysctl of Linux, arp_ignore).
TEST(whose_addresses_are_answered_for)
{
    pid_t pid;
    IN_CHILD(pid) if (own_network() && dummy("d0")) {
        if (veth()) {
            int fd = packets_of("veth0", ETH_P_ARP);
            CHECK_EQ(add_address("va", "10.6.0.1"), 0);
            CHECK_EQ(first_answer(fd, 2, 0), 2); // 10.7.0.1 is d0's
            CHECK_EQ(first_answer(fd, 1, 0), 1);
            if (write_text("/proc/sys/net/ipv4/conf/va/arp_ignore", "1\n") == 0) { // a host may show it read-only
                CHECK_EQ(first_answer(fd, 2, 1), 1);
                CHECK_OK(write_text("/proc/sys/net/ipv4/conf/va/arp_ignore", "0\n"));
                CHECK_EQ(first_answer(fd, 2, 0), 2);
                CHECK_OK(write_text("/proc/sys/net/ipv4/conf/all/arp_ignore", "8\n")); // nothing
                unsigned char frame[42] = {255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 9, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 9, 10, 6, 0, 9, 0, 0, 0, 0, 0, 0, 10, 6, 0, 1};
                CHECK_EQ(send(fd, frame, 42, 0), 42);
                CHECK_OK(write_text("/proc/sys/net/ipv4/conf/all/arp_ignore", "1\n"));
                CHECK_EQ(first_answer(fd, 2, 1), 1);
                CHECK_OK(write_text("/proc/sys/net/ipv4/conf/all/arp_ignore", "0\n"));
            }
            CHECK_OK(close(fd));
            drop("va");
        }
        drop("d0");
    }
    CHECK_EXIT(pid, 0);
}
