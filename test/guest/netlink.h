// What programs that speak rtnetlink(7) share: requests with attributes, and their acknowledgements.
#pragma once
#include "inet.h"
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

struct request {
    struct nlmsghdr header;
    union {
        struct ifinfomsg link;
        struct ifaddrmsg address;
        struct rtmsg route;
    };
    char rest[512];
};

__attribute__((unused)) static struct rtattr *put(struct request *r, int type, const void *data, size_t size)
{
    struct rtattr *a = (void *)((char *)r + NLMSG_ALIGN(r->header.nlmsg_len));
    a->rta_type = type;
    a->rta_len = RTA_LENGTH(size);
    if (size > 0) memcpy(RTA_DATA(a), data, size);
    r->header.nlmsg_len = NLMSG_ALIGN(r->header.nlmsg_len) + RTA_ALIGN(a->rta_len);
    return a;
}
__attribute__((unused)) static void put_number(struct request *r, int type, unsigned value) { put(r, type, &value, sizeof value); }
__attribute__((unused)) static void end(struct request *r, struct rtattr *a) { a->rta_len = (char *)r + r->header.nlmsg_len - (char *)a; }

// The errno of the acknowledgement, 0 for none.
__attribute__((unused)) static int ask(struct request *r)
{
    char answer[8192];
    int fd = CHECK_OK(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    CHECK_EQ(send(fd, r, r->header.nlmsg_len, 0), r->header.nlmsg_len);
    CHECK(recv(fd, answer, sizeof answer, 0) >= (ssize_t)NLMSG_LENGTH(sizeof(struct nlmsgerr)));
    close(fd);
    CHECK_EQ(((struct nlmsghdr *)answer)->nlmsg_type, NLMSG_ERROR);
    return -((struct nlmsgerr *)NLMSG_DATA(answer))->error;
}
