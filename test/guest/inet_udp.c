// udp(7), ip(7): datagrams over loopback.
#include "inet.h"
#include <netinet/udp.h>

static void talk(int family)
{
    char text[16] = {0};
    inet_address from, to;
    socklen_t length = sizeof from;
    int server = inet_bound(family, SOCK_DGRAM), client = CHECK_OK(socket(family, SOCK_DGRAM, 0));
    socklen_t to_length = inet_loopback(&to, family, inet_port(server));
    CHECK_EQ(sendto(client, "first", 5, 0, &to.any, to_length), 5);
    CHECK_EQ(sendto(client, "", 0, 0, &to.any, to_length), 0);
    CHECK_EQ(sendto(client, "third", 5, 0, &to.any, to_length), 5);
    CHECK_EQ(recvfrom(server, text, sizeof text, 0, &from.any, &length), 5);
    CHECK_STR(text, "first");
    CHECK_EQ(length, family == AF_INET ? 16 : 28);
    CHECK_EQ(ntohs(from.v4.sin_port), inet_port(client));
    CHECK_EQ(recv(server, text, sizeof text, 0), 0);
    CHECK_EQ(recv(server, text, 2, MSG_TRUNC), 5);
    CHECK_ERRNO(recv(server, text, 2, MSG_DONTWAIT), EAGAIN);
    CHECK_EQ(sendto(server, "back", 4, 0, &from.any, length), 4);
    CHECK_EQ(recv(client, text, sizeof text, 0), 4);
    CHECK_OK(close(server));
    CHECK_OK(close(client));
}
TEST(talk_v4) { talk(AF_INET); }
TEST(talk_v6) { talk(AF_INET6); }

TEST(connected)
{
    int server = inet_bound(AF_INET, SOCK_DGRAM), client = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0)), other = inet_bound(AF_INET, SOCK_DGRAM);
    inet_address peer, to;
    socklen_t length = sizeof peer;
    char c = 0;
    CHECK_ERRNO(getpeername(client, &peer.any, &length), ENOTCONN);
    CHECK_ERRNO(send(client, "x", 1, 0), EDESTADDRREQ);
    CHECK_OK(inet_connect(client, AF_INET, inet_port(server)));
    CHECK_OK(getpeername(client, &peer.any, &length));
    CHECK_EQ(ntohs(peer.v4.sin_port), inet_port(server));
    CHECK_EQ(send(client, "x", 1, 0), 1);
    CHECK_EQ(read(server, &c, 1), 1);
    // Others are not heard.
    socklen_t to_length = inet_loopback(&to, AF_INET, inet_port(client));
    CHECK_EQ(sendto(other, "z", 1, 0, &to.any, to_length), 1);
    CHECK_EQ(sendto(server, "y", 1, 0, &to.any, to_length), 1);
    CHECK_EQ(read(client, &c, 1), 1);
    CHECK_EQ(c, 'y');
    CHECK_ERRNO(recv(client, &c, 1, MSG_DONTWAIT), EAGAIN);
    // AF_UNSPEC dissolves it.
    peer.any.sa_family = AF_UNSPEC;
    CHECK_OK(connect(client, &peer.any, sizeof peer.v4));
    CHECK_ERRNO(send(client, "x", 1, 0), EDESTADDRREQ);
    CHECK_OK(close(server));
    CHECK_OK(close(client));
    CHECK_OK(close(other));
}

TEST(nobody_there)
{
    int gone = inet_bound(AF_INET, SOCK_DGRAM), client = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
    char c;
    CHECK_OK(inet_connect(client, AF_INET, inet_port(gone)));
    CHECK_OK(close(gone));
    CHECK_EQ(send(client, "x", 1, 0), 1);
    CHECK_EQ(inet_poll(client, POLLIN, 5000) & POLLERR, POLLERR);
    CHECK_ERRNO(recv(client, &c, 1, 0), ECONNREFUSED);
    CHECK_ERRNO(recv(client, &c, 1, MSG_DONTWAIT), EAGAIN);
    CHECK_OK(close(client));
}

TEST(large_ones)
{
    static char out[65507], in[65507];
    inet_address to;
    int server = inet_bound(AF_INET, SOCK_DGRAM), client = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
    socklen_t length = inet_loopback(&to, AF_INET, inet_port(server));
    for (size_t i = 0; i < sizeof out; i++) out[i] = i * 7;
    CHECK_EQ(sendto(client, out, sizeof out, 0, &to.any, length), sizeof out);
    CHECK_EQ(recv(server, in, sizeof in, 0), sizeof in);
    CHECK_EQ(memcmp(in, out, sizeof in), 0);
    static char larger[65508];
    CHECK_ERRNO(sendto(client, larger, sizeof larger, 0, &to.any, length), EMSGSIZE);
    CHECK_OK(close(server));
    CHECK_OK(close(client));
}

TEST(errors)
{
    inet_address to;
    int fd = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
    socklen_t length = inet_loopback(&to, AF_INET, 0);
    CHECK_ERRNO(sendto(fd, "x", 1, 0, &to.any, length), EINVAL);
    CHECK_ERRNO(sendto(fd, "x", 1, 0, &to.any, 3), EINVAL);
    CHECK_ERRNO(listen(fd, 1), EOPNOTSUPP);
    CHECK_ERRNO(accept(fd, NULL, NULL), EOPNOTSUPP);
    CHECK_ERRNO(shutdown(fd, SHUT_RD), ENOTCONN);
    to.v4.sin_family = AF_INET6;
    CHECK_ERRNO(sendto(fd, "x", 1, 0, &to.any, length), EAFNOSUPPORT);
    CHECK_EQ(inet_poll(fd, POLLIN | POLLOUT, 0), POLLIN | POLLOUT); // the shutdown took effect all the same
    CHECK_OK(close(fd));
    int first = inet_bound(AF_INET, SOCK_DGRAM), second = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
    length = inet_loopback(&to, AF_INET, inet_port(first));
    CHECK_ERRNO(bind(second, &to.any, length), EADDRINUSE);
    to.v4.sin_addr.s_addr = INADDR_ANY;
    CHECK_ERRNO(bind(second, &to.any, length), EADDRINUSE);
    CHECK_OK(close(first));
    CHECK_OK(bind(second, &to.any, length));
    CHECK_OK(close(second));
}

TEST(what_comes_with_a_datagram)
{
    int one = 1, server = inet_bound(AF_INET, SOCK_DGRAM), client = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0)), seen = 0;
    char data[8], control[256];
    struct iovec io = {data, sizeof data};
    struct msghdr message = {.msg_iov = &io, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    CHECK_OK(setsockopt(server, IPPROTO_IP, IP_PKTINFO, &one, sizeof one));
    CHECK_OK(setsockopt(server, IPPROTO_IP, IP_RECVTTL, &one, sizeof one));
    CHECK_OK(setsockopt(client, IPPROTO_IP, IP_TTL, &(int){9}, sizeof(int)));
    CHECK_OK(inet_connect(client, AF_INET, inet_port(server)));
    CHECK_EQ(send(client, "0123456789", 10, 0), 10);
    CHECK_EQ(recvmsg(server, &message, 0), 8);
    CHECK_EQ(message.msg_flags, MSG_TRUNC);
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
        if (c->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo *info = (void *)CMSG_DATA(c);
            CHECK_EQ(info->ipi_ifindex, 1);
            CHECK_EQ(ntohl(info->ipi_addr.s_addr), INADDR_LOOPBACK);
            seen |= 1;
        } else if (c->cmsg_type == IP_TTL) {
            CHECK_EQ(*(int *)CMSG_DATA(c), 9);
            seen |= 2;
        }
    }
    CHECK_EQ(seen, 3);
    CHECK_OK(close(server));
    CHECK_OK(close(client));
}

TEST(many_at_once)
{
    enum { N = 8 };
    struct mmsghdr out[N] = {0}, in[N] = {0};
    struct iovec out_io[N], in_io[N];
    char out_text[N][4], in_text[N][16];
    int server = inet_bound(AF_INET, SOCK_DGRAM), client = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
    CHECK_OK(inet_connect(client, AF_INET, inet_port(server)));
    for (int i = 0; i < N; i++) {
        memset(out_text[i], 'a' + i, 4);
        out_io[i] = (struct iovec){out_text[i], 4};
        in_io[i] = (struct iovec){in_text[i], 16};
        out[i].msg_hdr = (struct msghdr){.msg_iov = &out_io[i], .msg_iovlen = 1};
        in[i].msg_hdr = (struct msghdr){.msg_iov = &in_io[i], .msg_iovlen = 1};
    }
    CHECK_EQ(sendmmsg(client, out, N, 0), N);
    CHECK_EQ(recvmmsg(server, in, N, MSG_DONTWAIT, NULL), N);
    for (int i = 0; i < N; i++) {
        CHECK_EQ(in[i].msg_len, 4);
        CHECK_EQ(in_text[i][3], 'a' + i);
    }
    CHECK_OK(close(server));
    CHECK_OK(close(client));
}

TEST(what_goes_with_one_datagram)
{
    int one = 1, server = inet_bound(AF_INET6, SOCK_DGRAM), client = CHECK_OK(socket(AF_INET6, SOCK_DGRAM, 0));
    char data[8], control[64], space[CMSG_SPACE(sizeof(int))];
    struct iovec io = {"x", 1};
    struct msghdr message = {.msg_iov = &io, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space};
    CHECK_OK(setsockopt(server, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, &one, sizeof one));
    CHECK_OK(inet_connect(client, AF_INET6, inet_port(server)));
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    *header = (struct cmsghdr){CMSG_LEN(sizeof(int)), IPPROTO_IPV6, IPV6_HOPLIMIT};
    for (int limit = 5; limit < 300; limit += 290) {
        memcpy(CMSG_DATA(header), &limit, sizeof limit);
        if (limit < 256) CHECK_EQ(sendmsg(client, &message, 0), 1);
        else CHECK_ERRNO(sendmsg(client, &message, 0), EINVAL);
    }
    CHECK_EQ(send(client, "y", 1, 0), 1);
    for (int i = 0; i < 2; i++) {
        struct iovec in = {data, sizeof data};
        struct msghdr got = {.msg_iov = &in, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
        CHECK_EQ(recvmsg(server, &got, MSG_DONTWAIT), 1);
        CHECK(CMSG_FIRSTHDR(&got) != NULL);
        CHECK_EQ(*(int *)CMSG_DATA(CMSG_FIRSTHDR(&got)), i == 0 ? 5 : 64); // the second one has the socket's own again
    }
    CHECK_OK(close(server));
    CHECK_OK(close(client));
}

static int udp_number(int fd, int name)
{
    int value = -1;
    socklen_t length = sizeof value;
    CHECK_OK(getsockopt(fd, IPPROTO_UDP, name, &value, &length));
    return value;
}

TEST(one_datagram_of_several_calls)
{
    int on = 1, off = 0, server = inet_bound(AF_INET, SOCK_DGRAM), other = inet_bound(AF_INET, SOCK_DGRAM), client = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
    static char data[65536];
    inet_address to, elsewhere;
    socklen_t size = inet_loopback(&to, AF_INET, inet_port(server));
    inet_loopback(&elsewhere, AF_INET, inet_port(other));
    CHECK_ERRNO(send(client, "x", 1, MSG_MORE), EDESTADDRREQ);
    CHECK_EQ(sendto(client, "one ", 4, MSG_MORE, &to.any, size), 4);
    CHECK_ERRNO(recv(server, data, sizeof data, MSG_DONTWAIT), EAGAIN);
    CHECK_EQ(sendto(client, "two ", 4, MSG_MORE, &elsewhere.any, size), 4); // the first one says where
    CHECK_EQ(sendto(client, "three", 5, 0, &to.any, size), 5);
    CHECK_EQ(recv(server, data, sizeof data, 0), 13);
    CHECK(memcmp(data, "one two three", 13) == 0);
    CHECK_ERRNO(recv(other, data, sizeof data, MSG_DONTWAIT), EAGAIN);

    CHECK_OK(inet_connect(client, AF_INET, inet_port(server)));
    CHECK_EQ(udp_number(client, UDP_CORK), 0);
    CHECK_OK(setsockopt(client, IPPROTO_UDP, UDP_CORK, &off, sizeof off)); // nothing to send
    CHECK_OK(setsockopt(client, IPPROTO_UDP, UDP_CORK, &on, sizeof on));
    CHECK_EQ(udp_number(client, UDP_CORK), 1);
    CHECK_EQ(send(client, "a", 1, 0), 1);
    CHECK_EQ(write(client, "b", 1), 1);
    CHECK_ERRNO(recv(server, data, sizeof data, MSG_DONTWAIT), EAGAIN);
    CHECK_OK(setsockopt(client, IPPROTO_UDP, UDP_CORK, &off, sizeof off));
    CHECK_EQ(recv(server, data, sizeof data, 0), 2);
    CHECK(memcmp(data, "ab", 2) == 0);

    // What becomes too long is lost.
    CHECK_EQ(send(client, data, 40000, MSG_MORE), 40000);
    CHECK_ERRNO(send(client, data, 40000, MSG_MORE), EMSGSIZE);
    CHECK_EQ(send(client, "next", 4, 0), 4);
    CHECK_EQ(recv(server, data, sizeof data, 0), 4);
    CHECK_EQ(send(client, "never sent", 10, MSG_MORE), 10);
    CHECK_OK(close(client));
    CHECK_ERRNO(recv(server, data, sizeof data, MSG_DONTWAIT), EAGAIN);
    CHECK_OK(close(server)), CHECK_OK(close(other));
}

TEST(several_datagrams_of_one_call)
{
    int server = inet_bound(AF_INET, SOCK_DGRAM), client = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0)), size = 4, bad = 65536;
    char data[64], space[CMSG_SPACE(sizeof(uint16_t))] = {0};
    CHECK_OK(inet_connect(client, AF_INET, inet_port(server)));
    CHECK_EQ(udp_number(client, UDP_SEGMENT), 0);
    CHECK_ERRNO(setsockopt(client, IPPROTO_UDP, UDP_SEGMENT, &bad, sizeof bad), EINVAL);
    CHECK_OK(setsockopt(client, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof size));
    CHECK_EQ(udp_number(client, UDP_SEGMENT), 4);
    CHECK_EQ(send(client, "0123456789", 10, 0), 10);
    const char *parts[] = {"0123", "4567", "89"};
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(recv(server, data, sizeof data, 0), strlen(parts[i]));
        CHECK(memcmp(data, parts[i], strlen(parts[i])) == 0);
    }
    CHECK_EQ(send(client, "0123", 4, 0), 4);
    CHECK_EQ(recv(server, data, sizeof data, 0), 4);

    // For one call.
    struct iovec io = {"0123456789", 10};
    struct msghdr message = {.msg_iov = &io, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    *header = (struct cmsghdr){CMSG_LEN(sizeof(uint16_t)), IPPROTO_UDP, UDP_SEGMENT};
    *(uint16_t *)CMSG_DATA(header) = 7;
    CHECK_EQ(sendmsg(client, &message, 0), 10);
    CHECK_EQ(recv(server, data, sizeof data, 0), 7);
    CHECK_EQ(recv(server, data, sizeof data, 0), 3);
    *(uint16_t *)CMSG_DATA(header) = 0;
    CHECK_EQ(sendmsg(client, &message, 0), 10);
    CHECK_EQ(recv(server, data, sizeof data, 0), 10);
    header->cmsg_len = CMSG_LEN(1);
    CHECK_ERRNO(sendmsg(client, &message, 0), EINVAL);
    CHECK_OK(close(server)), CHECK_OK(close(client));
}

// IPv6 without a checksum (RFC 6936): who sends and who takes say so.
#ifndef UDP_NO_CHECK6_TX
#define UDP_NO_CHECK6_TX 101
#define UDP_NO_CHECK6_RX 102
#endif
TEST(datagrams_without_a_checksum)
{
    int yes = 1, value = -1;
    socklen_t length = sizeof value;
    char text[4] = {0};
    int server = inet_bound(AF_INET6, SOCK_DGRAM), client = CHECK_OK(socket(AF_INET6, SOCK_DGRAM, 0));
    CHECK_OK(inet_connect(client, AF_INET6, inet_port(server)));
    CHECK_OK(getsockopt(client, IPPROTO_UDP, UDP_NO_CHECK6_TX, &value, &length));
    CHECK_EQ(value, 0);
    CHECK_ERRNO(setsockopt(client, IPPROTO_UDP, UDP_NO_CHECK6_TX, &yes, 2), EINVAL);
    CHECK_OK(setsockopt(client, IPPROTO_UDP, UDP_NO_CHECK6_TX, &yes, sizeof yes));
    CHECK_OK(getsockopt(client, IPPROTO_UDP, UDP_NO_CHECK6_TX, &value, &length));
    CHECK_EQ(value, 1);
    CHECK_EQ(send(client, "a", 1, 0), 1); // nobody takes it
    CHECK_OK(setsockopt(server, IPPROTO_UDP, UDP_NO_CHECK6_RX, &yes, sizeof yes));
    CHECK_OK(getsockopt(server, IPPROTO_UDP, UDP_NO_CHECK6_RX, &value, &length));
    CHECK_EQ(value, 1);
    CHECK_EQ(send(client, "b", 1, 0), 1);
    CHECK_EQ(recv(server, text, sizeof text, 0), 1);
    CHECK_STR(text, "b");
    yes = 0;
    CHECK_OK(setsockopt(client, IPPROTO_UDP, UDP_NO_CHECK6_TX, &yes, sizeof yes));
    CHECK_EQ(send(client, "c", 1, 0), 1); // with one it is taken as ever
    CHECK_EQ(recv(server, text, sizeof text, 0), 1);
    CHECK_STR(text, "c");
    CHECK_OK(close(client));
    client = CHECK_OK(socket(AF_INET6, SOCK_DGRAM, 0)); // and nobody is told of a datagram that is not one
    yes = 1;
    CHECK_OK(setsockopt(client, IPPROTO_UDP, UDP_NO_CHECK6_TX, &yes, sizeof yes));
    CHECK_OK(inet_connect(client, AF_INET6, inet_port(server)));
    CHECK_OK(close(server));
    CHECK_EQ(send(client, "d", 1, 0), 1);
    CHECK_EQ(inet_poll(client, POLLIN, 0), 0);
    CHECK_OK(close(client));
}
