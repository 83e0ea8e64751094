// sock_diag(7): what ss(8) asks: TCP, UDP and UNIX sockets with states, ports, filters; ss -K; generic netlink that knows no family.
#include "inet.h"
#include <linux/genetlink.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <sys/utsname.h>

static char answers[1 << 18];

static int open_diag(void) { return CHECK_OK(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG)); }

static struct inet_diag_req_v2 request(int family, int protocol, uint32_t states)
{
    struct inet_diag_req_v2 r = {.sdiag_family = family, .sdiag_protocol = protocol, .idiag_states = states};
    r.id.idiag_cookie[0] = r.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
    return r;
}

// Sends a request with an optional filter; the answers are counted, the last one is left in *last. -1 and errno for a refusal.
static int ask(int type, int flags, const void *body, size_t size, const void *filter, size_t filter_size, void *last, size_t last_size)
{
    struct { struct nlmsghdr header; char rest[1024]; } r = {0};
    int fd = open_diag(), count = 0;
    r.header = (struct nlmsghdr){NLMSG_LENGTH(size), type, NLM_F_REQUEST | flags, 7, 0};
    memcpy(r.rest, body, size);
    if (filter) {
        struct rtattr *a = (void *)((char *)&r + NLMSG_ALIGN(r.header.nlmsg_len));
        a->rta_type = INET_DIAG_REQ_BYTECODE;
        a->rta_len = RTA_LENGTH(filter_size);
        memcpy(RTA_DATA(a), filter, filter_size);
        r.header.nlmsg_len = NLMSG_ALIGN(r.header.nlmsg_len) + RTA_ALIGN(a->rta_len);
    }
    CHECK_EQ(send(fd, &r, r.header.nlmsg_len, 0), r.header.nlmsg_len);
    for (;;) {
        int length = CHECK_OK(recv(fd, answers, sizeof answers, 0));
        if (length <= 0) break;
        for (struct nlmsghdr *h = (void *)answers; NLMSG_OK(h, length); h = NLMSG_NEXT(h, length)) {
            CHECK_EQ(h->nlmsg_seq, 7);
            if (h->nlmsg_type == NLMSG_DONE) goto end;
            if (h->nlmsg_type == NLMSG_ERROR) {
                errno = -((struct nlmsgerr *)NLMSG_DATA(h))->error;
                if (errno != 0) count = -1;
                goto end;
            }
            count++;
            size_t n = h->nlmsg_len - NLMSG_HDRLEN;
            if (last) memcpy(last, NLMSG_DATA(h), n < last_size ? n : last_size);
            if (!(h->nlmsg_flags & NLM_F_MULTI)) goto end;
        }
    }
end:;
    int error = errno;
    close(fd);
    errno = error;
    return count;
}

static int dump(const struct inet_diag_req_v2 *r, const void *filter, size_t size, struct inet_diag_msg *last)
{
    return ask(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, r, sizeof *r, filter, size, last, sizeof *last);
}

// Sockets with this port.
static int connections(int port, uint32_t states, struct inet_diag_msg *last)
{
    struct inet_diag_bc_op filter[] = {
        {INET_DIAG_BC_S_GE, 8, 0}, {0, 0, port}, {INET_DIAG_BC_S_LE, 8, 0}, {0, 0, port},
    };
    // Two conditions that both must hold: "no" leads behind the end, which is refusal.
    filter[0].no = sizeof filter + 4;
    filter[2].no = sizeof filter - 8 + 4;
    struct inet_diag_req_v2 r = request(AF_INET, IPPROTO_TCP, states);
    return dump(&r, filter, sizeof filter, last);
}

TEST(tcp_states)
{
    struct inet_diag_msg m = {0};
    int listener = inet_listener(AF_INET, 5), port = inet_port(listener);
    struct stat about;
    CHECK_OK(fstat(listener, &about));
    CHECK_EQ(connections(port, 1 << TCP_LISTEN, &m), 1);
    CHECK_EQ(m.idiag_family, AF_INET);
    CHECK_EQ(m.idiag_state, TCP_LISTEN);
    CHECK_EQ(m.id.idiag_sport, htons(port));
    CHECK_EQ(m.id.idiag_src[0], htonl(INADDR_LOOPBACK));
    CHECK_EQ(m.idiag_wqueue, 5);
    CHECK_EQ(m.idiag_rqueue, 0);
    CHECK_EQ(m.idiag_inode, about.st_ino);
    CHECK_EQ(m.idiag_uid, geteuid());
    int fd = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
    CHECK_OK(inet_connect(fd, AF_INET, port));
    CHECK_EQ(connections(port, 1 << TCP_LISTEN, &m), 1);
    CHECK_EQ(m.idiag_rqueue, 1); // waits to be accepted
    int other = CHECK_OK(accept(listener, NULL, NULL));
    CHECK_EQ(write(fd, "hello", 5), 5);
    CHECK_EQ(inet_poll(other, POLLIN, 10000), POLLIN);
    CHECK_EQ(connections(port, 1 << TCP_ESTABLISHED, &m), 1);
    CHECK_EQ(m.id.idiag_dport, htons(inet_port(fd)));
    CHECK_EQ(m.idiag_rqueue, 5);
    CHECK_OK(close(listener));
    CHECK_EQ(connections(port, 1 << TCP_LISTEN, &m), 0);

    // One of them alone, and what does not exist.
    struct inet_diag_req_v2 r = request(AF_INET, IPPROTO_TCP, ~0);
    r.id.idiag_sport = htons(port);
    r.id.idiag_dport = htons(inet_port(fd));
    r.id.idiag_src[0] = r.id.idiag_dst[0] = htonl(INADDR_LOOPBACK);
    CHECK_EQ(ask(SOCK_DIAG_BY_FAMILY, 0, &r, sizeof r, NULL, 0, &m, sizeof m), 1);
    CHECK_EQ(m.idiag_state, TCP_ESTABLISHED);
    r.id.idiag_cookie[0]--;
    CHECK_ERRNO(ask(SOCK_DIAG_BY_FAMILY, 0, &r, sizeof r, NULL, 0, &m, sizeof m), ENOENT);
    CHECK_OK(close(other));
    CHECK_OK(close(fd));
}

TEST(udp)
{
    struct inet_diag_msg m = {0};
    int fd = inet_bound(AF_INET6, SOCK_DGRAM), port = inet_port(fd);
    struct inet_diag_req_v2 r = request(AF_INET6, IPPROTO_UDP, 1 << TCP_CLOSE);
    r.id.idiag_sport = htons(port);
    CHECK_EQ(dump(&r, NULL, 0, &m), 1);
    CHECK_EQ(m.idiag_family, AF_INET6);
    CHECK_EQ(m.id.idiag_src[3], htonl(1));
    CHECK_OK(inet_connect(fd, AF_INET6, port));
    CHECK_EQ(dump(&r, NULL, 0, &m), 0);
    r.idiag_states = 1 << TCP_ESTABLISHED;
    CHECK_EQ(dump(&r, NULL, 0, &m), 1);
    CHECK_OK(close(fd));
}

TEST(bad_filters)
{
    struct inet_diag_req_v2 r = request(AF_INET, IPPROTO_TCP, ~0);
    struct inet_diag_bc_op bad[] = {{INET_DIAG_BC_S_GE, 0, 0}, {0, 0, 80}}, unknown[] = {{99, 4, 4}}, cut[] = {{INET_DIAG_BC_S_GE, 8, 12}};
    CHECK_ERRNO(dump(&r, bad, sizeof bad, NULL), EINVAL);
    CHECK_ERRNO(dump(&r, unknown, sizeof unknown, NULL), EINVAL);
    CHECK_ERRNO(dump(&r, cut, sizeof cut, NULL), EINVAL);
    CHECK_ERRNO(ask(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &r, 1, NULL, 0, NULL, 0), EINVAL);
    r.sdiag_family = AF_MAX + 1;
    CHECK_ERRNO(ask(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &r, sizeof r, NULL, 0, NULL, 0), EINVAL);
    r.sdiag_family = AF_IRDA;
    CHECK_ERRNO(ask(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &r, sizeof r, NULL, 0, NULL, 0), ENOENT);
    CHECK_ERRNO(ask(99, NLM_F_DUMP, &r, sizeof r, NULL, 0, NULL, 0), EINVAL);
}

TEST(destroyed)
{
    int pair[2];
    inet_pair(AF_INET, pair);
    struct inet_diag_req_v2 r = request(AF_INET, IPPROTO_TCP, ~0);
    r.id.idiag_sport = htons(inet_port(pair[0]));
    r.id.idiag_dport = htons(inet_port(pair[1]));
    r.id.idiag_src[0] = r.id.idiag_dst[0] = htonl(INADDR_LOOPBACK);
    struct { struct unix_diag_msg m; char name[200]; } unused;
    errno = 0;
    int result = ask(SOCK_DESTROY, NLM_F_ACK, &r, sizeof r, NULL, 0, &unused, sizeof unused);
    if (!is_root()) {
        CHECK(result == -1 && (errno == EPERM || errno == EOPNOTSUPP));
    } else if (result == 0) { // a host may be built without it, or lack CAP_NET_ADMIN
        char byte;
        CHECK_ERRNO(read(pair[0], &byte, 1), ECONNABORTED);
        CHECK_ERRNO(read(pair[1], &byte, 1), ECONNRESET);
    } else {
        CHECK(errno == EPERM || errno == EOPNOTSUPP);
    }
    CHECK_OK(close(pair[0]));
    CHECK_OK(close(pair[1]));
}

static int ask_unix(uint32_t states, uint32_t ino, struct unix_diag_msg *last, size_t size)
{
    struct unix_diag_req r = {.sdiag_family = AF_UNIX, .udiag_states = states, .udiag_ino = ino, .udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER | UDIAG_SHOW_RQLEN};
    r.udiag_cookie[0] = r.udiag_cookie[1] = -1;
    return ask(SOCK_DIAG_BY_FAMILY, ino ? 0 : NLM_F_DUMP, &r, sizeof r, NULL, 0, last, size);
}

static const void *unix_attribute(struct unix_diag_msg *m, int type, int *length)
{
    struct rtattr *a = (void *)(m + 1);
    for (int left = 200; RTA_OK(a, left); a = RTA_NEXT(a, left)) {
        if (a->rta_type == type) {
            *length = RTA_PAYLOAD(a);
            return RTA_DATA(a);
        }
        if (a->rta_len == 0) break;
    }
    return NULL;
}

TEST(unix_sockets)
{
    struct { struct unix_diag_msg m; char rest[200]; } u = {0};
    struct sockaddr_un a = {AF_UNIX, "\0inet_diag test"};
    socklen_t size = offsetof(struct sockaddr_un, sun_path) + 15;
    struct stat about;
    int listener = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0)), caller = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0)), length = 0, pair[2];
    CHECK_OK(bind(listener, (void *)&a, size));
    CHECK_OK(listen(listener, 3));
    CHECK_OK(connect(caller, (void *)&a, size));
    CHECK_OK(fstat(listener, &about));
    CHECK_EQ(ask_unix(~0, about.st_ino, &u.m, sizeof u), 1);
    CHECK_EQ(u.m.udiag_state, TCP_LISTEN);
    CHECK_EQ(u.m.udiag_type, SOCK_STREAM);
    const void *name = unix_attribute(&u.m, UNIX_DIAG_NAME, &length);
    CHECK(name && length == 15 && memcmp(name, a.sun_path, 15) == 0);
    const struct unix_diag_rqlen *q = unix_attribute(&u.m, UNIX_DIAG_RQLEN, &length);
    CHECK(q && q->udiag_rqueue == 1 && q->udiag_wqueue == 3);

    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    struct stat other;
    CHECK_OK(fstat(pair[0], &about));
    CHECK_OK(fstat(pair[1], &other));
    memset(&u, 0, sizeof u);
    CHECK_EQ(ask_unix(~0, about.st_ino, &u.m, sizeof u), 1);
    CHECK_EQ(u.m.udiag_state, TCP_ESTABLISHED);
    const uint32_t *peer = unix_attribute(&u.m, UNIX_DIAG_PEER, &length);
    CHECK(peer && *peer == other.st_ino);
    CHECK(ask_unix(1 << TCP_ESTABLISHED, 0, &u.m, sizeof u) >= 2);
    CHECK_OK(close(pair[0]));
    CHECK_OK(close(pair[1]));
    CHECK_OK(close(listener));
    CHECK_OK(close(caller));
    CHECK_ERRNO(ask_unix(~0, about.st_ino, &u.m, sizeof u), ENOENT);
}

TEST(no_such_generic_family)
{
    int fd = CHECK_OK(socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC));
    struct { struct nlmsghdr h; struct genlmsghdr g; struct nlattr a; char name[8]; } r = {
        {sizeof r, GENL_ID_CTRL, NLM_F_REQUEST, 3, 0}, {CTRL_CMD_GETFAMILY, 1, 0}, {12, CTRL_ATTR_FAMILY_NAME}, "nosuch"};
    CHECK_EQ(send(fd, &r, sizeof r, 0), sizeof r);
    CHECK(recv(fd, answers, sizeof answers, 0) >= (ssize_t)NLMSG_LENGTH(sizeof(struct nlmsgerr)));
    CHECK_EQ(((struct nlmsghdr *)answers)->nlmsg_type, NLMSG_ERROR);
    CHECK_EQ(((struct nlmsgerr *)NLMSG_DATA(answers))->error, -ENOENT);
    strcpy(r.name, "nlctrl");
    CHECK_EQ(send(fd, &r, sizeof r, 0), sizeof r);
    CHECK(recv(fd, answers, sizeof answers, 0) > NLMSG_HDRLEN);
    CHECK_EQ(((struct nlmsghdr *)answers)->nlmsg_type, GENL_ID_CTRL);
    CHECK_OK(close(fd));
}
