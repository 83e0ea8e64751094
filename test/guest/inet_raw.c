// Raw sockets: raw(7), ipv6(7). Only root has them.
#include "guest.h"
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <arpa/inet.h>

static unsigned short sum(const void *data, int length)
{
    const unsigned short *words = data;
    unsigned total = 0;
    for (; length > 1; length -= 2) total += *words++;
    if (length) total += *(const unsigned char *)words;
    while (total >> 16) total = (total & 0xffff) + (total >> 16);
    return ~total;
}

static struct sockaddr_in lo(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return a;
}

TEST(socket_errors)
{
    CHECK_ERRNO(socket(AF_INET, SOCK_RAW, 0), EPROTONOSUPPORT);
    CHECK_ERRNO(socket(AF_INET, SOCK_RAW, -1), EINVAL);
    CHECK_ERRNO(socket(AF_INET, SOCK_RAW, 1000), EINVAL);
}

TEST(echo_v4_with_header)
{
    if (geteuid() != 0) { CHECK_ERRNO(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), EPERM); return; }
    int s = socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK, IPPROTO_ICMP);
    CHECK(s >= 0);
    int only_replies = ~(1 << ICMP_ECHOREPLY);
    CHECK_OK(setsockopt(s, 255, 1 /* SOL_RAW, ICMP_FILTER */, &only_replies, 4));
    struct sockaddr_in to = lo();
    struct icmp m = {.icmp_type = ICMP_ECHO, .icmp_id = 0x1234, .icmp_seq = 7};
    m.icmp_cksum = sum(&m, 8);
    CHECK(sendto(s, &m, 8, 0, (void *)&to, sizeof to) == 8);
    char buffer[200];
    struct sockaddr_in from;
    socklen_t length = sizeof from;
    struct pollfd p = {.fd = s, .events = POLLIN};
    CHECK(poll(&p, 1, 10000) == 1);
    CHECK(recvfrom(s, buffer, sizeof buffer, 0, (void *)&from, &length) == 28);
    struct ip *ip = (void *)buffer;
    CHECK(ip->ip_v == 4 && ip->ip_hl == 5 && ip->ip_p == IPPROTO_ICMP && ntohs(ip->ip_len) == 28);
    struct icmp *reply = (void *)(buffer + 20);
    CHECK(reply->icmp_type == ICMP_ECHOREPLY && reply->icmp_id == 0x1234 && reply->icmp_seq == 7);
    CHECK(from.sin_addr.s_addr == htonl(INADDR_LOOPBACK) && from.sin_port == 0);
    CHECK_ERRNO(recv(s, buffer, sizeof buffer, 0), EAGAIN);
    CHECK_ERRNO(send(s, &m, 8, 0), EDESTADDRREQ);
    close(s);
}

TEST(own_protocol_and_header)
{
    if (geteuid() != 0) { CHECK_ERRNO(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), EPERM); return; }
    int in = socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK, 253), out = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
    int on = 0;
    socklen_t length = sizeof on;
    CHECK(in >= 0 && out >= 0);
    CHECK_OK(getsockopt(out, IPPROTO_IP, IP_HDRINCL, &on, &length));
    CHECK(on == 1);
    struct sockaddr_in to = lo();
    char packet[30] = {0x45, 0, 0, 0, 0, 1, 0, 0, 9, (char)253, 0, 0, 127, 0, 0, 2, 127, 0, 0, 1, 'h', 'e', 'l', 'l', 'o'};
    CHECK(sendto(out, packet, 25, 0, (void *)&to, sizeof to) == 25);
    char buffer[200];
    CHECK(recv(in, buffer, sizeof buffer, 0) == 25);
    struct ip *ip = (void *)buffer;
    CHECK(ip->ip_ttl == 9 && ip->ip_src.s_addr == htonl(0x7f000002) && ntohs(ip->ip_len) == 25 && sum(ip, 20) == 0);
    CHECK(memcmp(buffer + 20, "hello", 5) == 0);
    CHECK_ERRNO(sendto(out, packet, 10, 0, (void *)&to, sizeof to), EINVAL);

    // A connected one gets what its peer sends, and has a name.
    CHECK_OK(connect(in, (void *)&to, sizeof to));
    CHECK(send(in, "x", 1, 0) == 1);
    CHECK(recv(in, buffer, sizeof buffer, 0) == 21);
    to.sin_addr.s_addr = htonl(0x7f000002);
    CHECK(sendto(out, packet, 25, 0, (void *)&to, sizeof to) == 25);
    CHECK_ERRNO(recv(in, buffer, sizeof buffer, 0), EAGAIN);
    close(in);
    close(out);
}

TEST(echo_v6_without_header)
{
    if (geteuid() != 0) { CHECK_ERRNO(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), EPERM); return; }
    int s = socket(AF_INET6, SOCK_RAW | SOCK_NONBLOCK, IPPROTO_ICMPV6);
    CHECK(s >= 0);
    struct icmp6_filter filter;
    ICMP6_FILTER_SETBLOCKALL(&filter);
    ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter);
    CHECK_OK(setsockopt(s, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof filter));
    struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct icmp6_hdr m = {.icmp6_type = ICMP6_ECHO_REQUEST, .icmp6_id = 0x4321, .icmp6_seq = 3};
    CHECK(sendto(s, &m, 8, 0, (void *)&to, sizeof to) == 8); // the checksum is the kernel's business
    char buffer[200];
    struct pollfd p = {.fd = s, .events = POLLIN};
    CHECK(poll(&p, 1, 10000) == 1);
    CHECK(recv(s, buffer, sizeof buffer, 0) == 8);
    struct icmp6_hdr *reply = (void *)buffer;
    CHECK(reply->icmp6_type == ICMP6_ECHO_REPLY && reply->icmp6_id == 0x4321 && reply->icmp6_seq == 3);
    close(s);
}

TEST(more_follows)
{
    int fd = socket(AF_INET6, SOCK_RAW, 200);
    if (fd < 0 && errno == EPERM) return;
    struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
    char data[64];
    CHECK_EQ(sendto(fd, "one ", 4, MSG_MORE, (void *)&to, sizeof to), 4);
    CHECK_EQ(recv(fd, data, sizeof data, MSG_DONTWAIT), -1);
    CHECK_EQ(sendto(fd, "packet", 6, 0, (void *)&to, sizeof to), 6);
    CHECK_EQ(recv(fd, data, sizeof data, 0), 10);
    CHECK_EQ(memcmp(data, "one packet", 10), 0);
    CHECK_OK(close(fd));
}
