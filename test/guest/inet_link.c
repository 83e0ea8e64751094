// ip-link(8), rtnetlink(7): interfaces that programs make: veth, bridge, dummy; in a network of its own (network_namespaces(7) on the host).
#include "netlink.h"
#include <linux/veth.h>

static struct request request(int type, int flags, int index)
{
    return (struct request){.header = {NLMSG_LENGTH(sizeof(struct ifinfomsg)), type, NLM_F_REQUEST | NLM_F_ACK | flags, 5, 0}, .link.ifi_index = index};
}

static int make(const char *kind, const char *name, const char *peer)
{
    struct request r = request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
    put(&r, IFLA_IFNAME, name, strlen(name) + 1);
    struct rtattr *info = put(&r, IFLA_LINKINFO, NULL, 0);
    put(&r, IFLA_INFO_KIND, kind, strlen(kind));
    if (peer) {
        struct rtattr *data = put(&r, IFLA_INFO_DATA, NULL, 0);
        struct ifinfomsg about = {0};
        struct rtattr *other = put(&r, VETH_INFO_PEER, &about, sizeof about);
        put(&r, IFLA_IFNAME, peer, strlen(peer) + 1);
        end(&r, other);
        end(&r, data);
    }
    end(&r, info);
    return ask(&r);
}

static int drop(const char *name)
{
    struct request r = request(RTM_DELLINK, 0, 0);
    put(&r, IFLA_IFNAME, name, strlen(name) + 1);
    return ask(&r);
}

static int set_master(const char *name, int master)
{
    struct request r = request(RTM_SETLINK, 0, if_nametoindex(name));
    put(&r, IFLA_MASTER, &master, sizeof master);
    return ask(&r);
}

// An attribute of an interface as RTM_GETLINK tells it; -1 when it does not.
static int number_of(const char *name, int type)
{
    char answer[8192];
    struct request r = request(RTM_GETLINK, 0, if_nametoindex(name));
    r.header.nlmsg_flags = NLM_F_REQUEST;
    int fd = CHECK_OK(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)), value = -1;
    CHECK_EQ(send(fd, &r, r.header.nlmsg_len, 0), r.header.nlmsg_len);
    CHECK(recv(fd, answer, sizeof answer, 0) > 0);
    close(fd);
    struct nlmsghdr *h = (void *)answer;
    CHECK_EQ(h->nlmsg_type, RTM_NEWLINK);
    int left = h->nlmsg_len - NLMSG_LENGTH(sizeof(struct ifinfomsg));
    for (struct rtattr *a = (void *)((struct ifinfomsg *)NLMSG_DATA(h) + 1); RTA_OK(a, left); a = RTA_NEXT(a, left))
        if (a->rta_type == type) value = *(int *)RTA_DATA(a);
    return value;
}

TEST(pairs)
{
    pid_t pid;
    IN_CHILD(pid) if (own_network()) {
        CHECK_EQ(make("veth", "va", "vb"), 0);
        CHECK_EQ(make("veth", "va", "vc"), EEXIST);
        CHECK_EQ(make("veth", "vc", "vb"), EEXIST);
        CHECK_EQ(if_nametoindex("vc"), 0);
        int a = if_nametoindex("va"), b = if_nametoindex("vb");
        CHECK(a > 0 && b > 0 && a != b);
        CHECK_EQ(number_of("va", IFLA_LINK), b);
        CHECK_EQ(number_of("vb", IFLA_LINK), a);
        CHECK_EQ(number_of("va", IFLA_MTU), 1500);
        CHECK_EQ(drop("vb"), 0); // with both ends
        CHECK_EQ(if_nametoindex("va"), 0);
        CHECK_EQ(drop("va"), ENODEV);
        CHECK_EQ(make("veth", "veth%d", NULL), 0);
        CHECK(if_nametoindex("veth0") > 0 && if_nametoindex("veth1") > 0);
        CHECK_EQ(drop("veth1"), 0);
    }
    CHECK_EXIT(pid, 0);
}

TEST(bridges)
{
    pid_t pid;
    IN_CHILD(pid) if (own_network()) {
        if (make("bridge", "br7", NULL) == 0) { // the host may have no module for it
            int bridge = if_nametoindex("br7");
            CHECK_EQ(make("veth", "va", "vb"), 0);
            CHECK_EQ(set_master("va", bridge), 0);
            CHECK_EQ(number_of("va", IFLA_MASTER), bridge);
            CHECK_EQ(set_master("va", bridge), 0);
            CHECK_EQ(set_master("vb", 9999), EINVAL);
            CHECK_EQ(set_master("vb", if_nametoindex("va")), EOPNOTSUPP);
            CHECK_EQ(set_master("lo", bridge), EINVAL);
            CHECK_EQ(set_master("br7", bridge), ELOOP);
            CHECK_EQ(set_master("va", 0), 0);
            CHECK_EQ(number_of("va", IFLA_MASTER), -1);
            CHECK_EQ(set_master("va", bridge), 0);
            CHECK_EQ(drop("br7"), 0);
            CHECK_EQ(number_of("va", IFLA_MASTER), -1);
            CHECK_EQ(drop("va"), 0);
        }
    }
    CHECK_EXIT(pid, 0);
}

TEST(others)
{
    pid_t pid;
    IN_CHILD(pid) if (own_network()) {
        int dummy = make("dummy", "d0", NULL);
        CHECK(dummy == 0 || dummy == EOPNOTSUPP); // the host may have no module for it
        if (dummy == 0) CHECK_EQ(drop("d0"), 0);
        CHECK_EQ(make("nosuchkind", "x0", NULL), EOPNOTSUPP);
        CHECK_EQ(make("veth", "a/b", "c"), EINVAL);
        CHECK_EQ(drop("lo"), EOPNOTSUPP);
        CHECK_EQ(drop("nosuch"), ENODEV);
    }
    CHECK_EXIT(pid, 0);
}

TEST(takes_a_right)
{
    pid_t pid;
    IN_CHILD(pid) {
        become_nobody();
        CHECK_EQ(make("veth", "va", "vb"), EPERM);
        CHECK_EQ(drop("lo"), EPERM);
    }
    CHECK_EXIT(pid, 0);
}
