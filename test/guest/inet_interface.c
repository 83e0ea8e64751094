// netdevice(7), if_nameindex(3), proc(5): what a machine has of a network. Only lo is looked at: every machine has it.
#include "inet.h"
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
