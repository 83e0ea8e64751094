// netdevice(7), if_nameindex(3), proc(5): what a machine has of a network. Only lo is looked at: every machine has it.
#include "inet.h"
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

static struct ifreq request;
static int ask(int fd, unsigned long code)
{
    memset(&request, 0, sizeof request);
    strcpy(request.ifr_name, "lo");
    return ioctl(fd, code, &request);
}

TEST(lo)
{
    int fd = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
    CHECK_OK(ask(fd, SIOCGIFFLAGS));
    CHECK_EQ(request.ifr_flags & (IFF_UP | IFF_LOOPBACK | IFF_RUNNING | IFF_POINTOPOINT | IFF_BROADCAST), IFF_UP | IFF_LOOPBACK | IFF_RUNNING);
    CHECK_OK(ask(fd, SIOCGIFADDR));
    CHECK_EQ(ntohl(((struct sockaddr_in *)&request.ifr_addr)->sin_addr.s_addr), INADDR_LOOPBACK);
    CHECK_OK(ask(fd, SIOCGIFNETMASK));
    CHECK_EQ(ntohl(((struct sockaddr_in *)&request.ifr_netmask)->sin_addr.s_addr), 0xff000000);
    CHECK_OK(ask(fd, SIOCGIFMTU));
    CHECK_EQ(request.ifr_mtu, 65536);
    CHECK_OK(ask(fd, SIOCGIFHWADDR));
    CHECK_EQ(request.ifr_hwaddr.sa_family, 772);
    CHECK_EQ(if_nametoindex("lo"), 1);
    char name[IF_NAMESIZE];
    CHECK(if_indextoname(1, name) != NULL);
    CHECK_STR(name, "lo");
    strcpy(request.ifr_name, "nosuch");
    CHECK_ERRNO(ioctl(fd, SIOCGIFFLAGS, &request), ENODEV);
    CHECK_ERRNO(ioctl(fd, SIOCGIFFLAGS, BAD_POINTER), EFAULT);
    CHECK_OK(close(fd));
}

TEST(list)
{
    int fd = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0)), found = 0;
    struct ifreq list[64];
    struct ifconf conf = {.ifc_len = sizeof list, .ifc_req = list};
    CHECK_OK(ioctl(fd, SIOCGIFCONF, &conf));
    for (int i = 0; i < conf.ifc_len / (int)sizeof list[0]; i++) found += strcmp(list[i].ifr_name, "lo") == 0;
    CHECK_EQ(found, 1);
    CHECK_OK(close(fd));
}

TEST(proc_net_tcp)
{
    static char text[65536];
    char line[64];
    int listener = inet_listener(AF_INET, 5);
    CHECK(read_file("/proc/net/tcp", text, sizeof text) > 0);
    snprintf(line, sizeof line, "0100007F:%04X 00000000:0000 0A", inet_port(listener));
    CHECK(strstr(text, line) != NULL);
    CHECK_OK(close(listener));
    CHECK(read_file("/proc/net/tcp", text, sizeof text) > 0);
    CHECK(strstr(text, line) == NULL);
}

TEST(proc_net_udp)
{
    static char text[65536];
    char line[96];
    int fd = inet_bound(AF_INET6, SOCK_DGRAM);
    CHECK(read_file("/proc/net/udp6", text, sizeof text) > 0);
    snprintf(line, sizeof line, "00000000000000000000000001000000:%04X 00000000000000000000000000000000:0000 07", inet_port(fd));
    CHECK(strstr(text, line) != NULL);
    CHECK_OK(close(fd));
}

TEST(getifaddrs_tells_of_lo)
{
    struct ifaddrs *all;
    int found = 0;
    CHECK_OK(getifaddrs(&all));
    for (struct ifaddrs *a = all; a; a = a->ifa_next) {
        if (strcmp(a->ifa_name, "lo") != 0 || !a->ifa_addr) continue;
        if (a->ifa_addr->sa_family == AF_INET) {
            CHECK_EQ(ntohl(((struct sockaddr_in *)a->ifa_addr)->sin_addr.s_addr), INADDR_LOOPBACK);
            CHECK_EQ(ntohl(((struct sockaddr_in *)a->ifa_netmask)->sin_addr.s_addr), 0xff000000);
            found |= 1;
        } else if (a->ifa_addr->sa_family == AF_INET6) {
            CHECK(IN6_IS_ADDR_LOOPBACK(&((struct sockaddr_in6 *)a->ifa_addr)->sin6_addr));
            found |= 2;
        } else if (a->ifa_addr->sa_family == AF_PACKET) {
            found |= 4;
        }
        CHECK_EQ(a->ifa_flags & (IFF_UP | IFF_LOOPBACK), IFF_UP | IFF_LOOPBACK);
    }
    CHECK_EQ(found, 7);
    freeifaddrs(all);
    struct if_nameindex *names = if_nameindex();
    CHECK(names != NULL && names[0].if_index == 1);
    CHECK_STR(names[0].if_name, "lo");
    if_freenameindex(names);
}

TEST(netlink)
{
    struct {
        struct nlmsghdr header;
        struct ifinfomsg body;
    } ask = {{sizeof ask, RTM_GETLINK, NLM_F_REQUEST, 77, 0}, {.ifi_index = 1}};
    char answer[8192];
    struct sockaddr_nl name;
    socklen_t length = sizeof name;
    struct nlmsghdr *header = (void *)answer;
    int fd = CHECK_OK(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    CHECK_EQ(send(fd, &ask, sizeof ask, 0), sizeof ask);
    CHECK(recv(fd, answer, sizeof answer, 0) > (ssize_t)sizeof ask);
    CHECK_EQ(header->nlmsg_type, RTM_NEWLINK);
    CHECK_EQ(header->nlmsg_seq, 77);
    CHECK_OK(getsockname(fd, (void *)&name, &length));
    CHECK_EQ(length, sizeof name);
    CHECK_EQ(header->nlmsg_pid, name.nl_pid);
    ask.body.ifi_index = 99999;
    CHECK_EQ(send(fd, &ask, sizeof ask, 0), sizeof ask);
    CHECK(recv(fd, answer, sizeof answer, 0) >= (ssize_t)sizeof *header);
    CHECK_EQ(header->nlmsg_type, NLMSG_ERROR);
    CHECK_EQ(((struct nlmsgerr *)NLMSG_DATA(header))->error, -ENODEV);
    CHECK_ERRNO(recv(fd, answer, sizeof answer, MSG_DONTWAIT), EAGAIN);
    CHECK_OK(close(fd));
    CHECK_ERRNO(socket(AF_NETLINK, SOCK_STREAM, NETLINK_ROUTE), ESOCKTNOSUPPORT);
}
