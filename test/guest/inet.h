// Helpers of the inet_*.c tests: loopback addresses of both families.
#ifndef INET_H
#define INET_H
#include "guest.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>

typedef union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} inet_address;

__attribute__((unused)) static socklen_t inet_loopback(inet_address *address, int family, int port)
{
    memset(address, 0, sizeof *address);
    if (family == AF_INET) {
        address->v4 = (struct sockaddr_in){AF_INET, htons(port), {htonl(INADDR_LOOPBACK)}, {0}};
        return sizeof address->v4;
    }
    address->v6.sin6_family = AF_INET6;
    address->v6.sin6_port = htons(port);
    address->v6.sin6_addr = in6addr_loopback;
    return sizeof address->v6;
}

__attribute__((unused)) static int inet_port(int fd)
{
    inet_address address;
    socklen_t length = sizeof address;
    CHECK_OK(getsockname(fd, &address.any, &length));
    return ntohs(address.v4.sin_port);
}

// A socket bound to loopback with a port that the kernel chose.
__attribute__((unused)) static int inet_bound(int family, int type)
{
    inet_address address;
    int fd = CHECK_OK(socket(family, type, 0));
    socklen_t length = inet_loopback(&address, family, 0);
    CHECK_OK(bind(fd, &address.any, length));
    return fd;
}

__attribute__((unused)) static int inet_listener(int family, int backlog)
{
    int fd = inet_bound(family, SOCK_STREAM);
    CHECK_OK(listen(fd, backlog));
    return fd;
}

__attribute__((unused)) static int inet_connect(int fd, int family, int port)
{
    inet_address address;
    socklen_t length = inet_loopback(&address, family, port);
    return connect(fd, &address.any, length);
}

// A connection: pair[0] called, pair[1] was accepted.
__attribute__((unused)) static void inet_pair(int family, int pair[2])
{
    int listener = inet_listener(family, 1);
    pair[0] = CHECK_OK(socket(family, SOCK_STREAM, 0));
    CHECK_OK(inet_connect(pair[0], family, inet_port(listener)));
    pair[1] = CHECK_OK(accept(listener, NULL, NULL));
    CHECK_OK(close(listener));
}

__attribute__((unused)) static int inet_poll(int fd, int events, int timeout)
{
    struct pollfd p = {fd, events, 0};
    CHECK_OK(poll(&p, 1, timeout));
    return p.revents;
}

// A network that the calling process may change, with lo up: on the host one of its own (network_namespaces(7)); false when it may have none.
__attribute__((unused)) static bool own_network(void)
{
    struct utsname name;
    CHECK_OK(uname(&name));
    if (strstr(name.release, "dragonet")) return true;
    if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return false;
    struct ifreq r = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    int fd = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
    CHECK_OK(ioctl(fd, SIOCSIFFLAGS, &r));
    CHECK_OK(close(fd));
    return true;
}
#endif
