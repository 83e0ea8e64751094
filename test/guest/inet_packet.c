// packet(7), socket(7) SO_ATTACH_FILTER: what passes lo. Needs CAP_NET_RAW.
#include "packet.h"

TEST(raw_frames)
{
    int fd = open_packet(SOCK_RAW, 0), on = 1;
    if (fd < 0 && errno == EPERM) return;
    want(fd, 14, 'R');
    CHECK_OK(setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof on));
    CHECK_OK(bind_lo(fd, ETH_P_ALL));
    int to = send_datagram("Raw");
    char frame[200], control[128];
    struct sockaddr_ll from;
    for (int i = 0; i < 2; i++) { // it goes out, and comes in
        struct iovec v = {frame, sizeof frame};
        struct msghdr m = {&from, sizeof from, &v, 1, control, sizeof control, 0};
        CHECK_EQ(recvmsg(fd, &m, 0), 14 + 20 + 8 + 3);
        CHECK_EQ(m.msg_namelen, 20);
        CHECK_EQ(from.sll_family, AF_PACKET);
        CHECK_EQ(ntohs(from.sll_protocol), ETH_P_IP);
        CHECK_EQ(from.sll_ifindex, 1);
        CHECK_EQ(from.sll_hatype, 772);
        CHECK_EQ(from.sll_pkttype, i == 0 ? PACKET_OUTGOING : PACKET_HOST);
        CHECK_EQ(from.sll_halen, 6);
        CHECK(memcmp(frame + 42, "Raw", 3) == 0);
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        CHECK(c && c->cmsg_level == SOL_PACKET && c->cmsg_type == PACKET_AUXDATA);
        struct tpacket_auxdata *aux = (void *)CMSG_DATA(c);
        CHECK_EQ(aux->tp_len, 45);
        CHECK_EQ(aux->tp_net, 14);
    }
    struct tpacket_stats stats;
    socklen_t length = sizeof stats;
    CHECK_OK(getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &length));
    CHECK_EQ(stats.tp_packets, 2);
    CHECK_EQ(stats.tp_drops, 0);
    CHECK_OK(getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &length));
    CHECK_EQ(stats.tp_packets, 0);
    // Received frames alone come to a socket with one protocol.
    CHECK_OK(bind_lo(fd, ETH_P_IP));
    CHECK_OK(close(send_datagram("Ra")));
    length = sizeof from;
    CHECK_EQ(recvfrom(fd, frame, sizeof frame, 0, (void *)&from, &length), 44);
    CHECK_EQ(from.sll_pkttype, PACKET_HOST);
    CHECK_ERRNO(recv(fd, frame, sizeof frame, MSG_DONTWAIT), EAGAIN);
    CHECK_OK(close(to));
    CHECK_OK(close(fd));
}

TEST(cooked_frames)
{
    int fd = open_packet(SOCK_DGRAM, 0);
    if (fd < 0 && errno == EPERM) return;
    want(fd, 0, 'C');
    CHECK_OK(bind_lo(fd, ETH_P_IP));
    CHECK_OK(close(send_datagram("Cooked")));
    char packet[200];
    CHECK_EQ(recv(fd, packet, sizeof packet, 0), 20 + 8 + 6);
    CHECK_EQ(packet[0], 0x45);
    CHECK(memcmp(packet + 28, "Cooked", 6) == 0);
    CHECK_OK(close(send_datagram("Cut")));
    CHECK_EQ(recv(fd, packet, 10, MSG_TRUNC), 31);
    CHECK_OK(close(fd));
}

// What was put together by hand comes out of lo. (Whether UDP takes it is another matter: addresses of lo from a wire are martians.)
TEST(sending)
{
    int fd = open_packet(SOCK_DGRAM, 0);
    if (fd < 0 && errno == EPERM) return;
    int to = CHECK_OK(open_packet(SOCK_DGRAM, 0));
    want(to, 0, 'O');
    CHECK_OK(bind_lo(to, ETH_P_IP));
    struct {
        struct iphdr ip;
        struct udphdr udp;
        char data[4];
    } packet = {.udp = {.uh_sport = htons(9), .uh_dport = htons(10), .uh_ulen = htons(12)}, .data = "Own"};
    packet.ip = (struct iphdr){.version = 4, .ihl = 5, .tot_len = htons(32), .ttl = 3, .protocol = IPPROTO_UDP, .saddr = htonl(INADDR_LOOPBACK), .daddr = htonl(INADDR_LOOPBACK)};
    unsigned sum = 0;
    for (int i = 0; i < 10; i++) sum += ((unsigned short *)&packet.ip)[i];
    while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
    packet.ip.check = ~sum;
    struct sockaddr_ll name = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP), .sll_ifindex = 1, .sll_halen = 6};
    CHECK_EQ(sendto(fd, &packet, 32, 0, (void *)&name, sizeof name), 32);
    char data[64];
    CHECK_EQ(recv(to, data, sizeof data, 0), 32);
    CHECK_STR(data + 28, "Own");
    name.sll_ifindex = 99999;
    CHECK_ERRNO(sendto(fd, &packet, 32, 0, (void *)&name, sizeof name), ENXIO);
    CHECK_ERRNO(bind(fd, (void *)&name, sizeof name), ENODEV);
    CHECK_ERRNO(bind(fd, (void *)&name, 10), EINVAL);
    CHECK_OK(close(to));
    CHECK_OK(close(fd));
    fd = CHECK_OK(open_packet(SOCK_RAW, 0));
    name.sll_ifindex = 1;
    CHECK_ERRNO(sendto(fd, &packet, 10, 0, (void *)&name, sizeof name), EINVAL); // shorter than a header
    CHECK_OK(close(fd));
}

TEST(bad_filters)
{
    struct sock_filter bad[][2] = {
        {BPF_STMT(BPF_LD | BPF_IMM, 1), BPF_STMT(BPF_LD | BPF_IMM, 1)},                 // no end
        {BPF_JUMP(BPF_JMP | BPF_JA, 1, 0, 0), BPF_STMT(BPF_RET | BPF_K, 1)},            // out of the program
        {BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0), BPF_STMT(BPF_RET | BPF_K, 1)},         // by zero
        {BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 32), BPF_STMT(BPF_RET | BPF_K, 1)},        // too far
        {BPF_STMT(BPF_LD | BPF_MEM, 16), BPF_STMT(BPF_RET | BPF_K, 1)},                 // no such word
        {BPF_STMT(BPF_LD | BPF_MEM, 3), BPF_STMT(BPF_RET | BPF_K, 1)},                  // never written
        {BPF_STMT(0xffff, 0), BPF_STMT(BPF_RET | BPF_K, 1)},
    };
    int fd = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
    for (unsigned i = 0; i < COUNT(bad); i++) {
        struct sock_fprog program = {2, bad[i]};
        CHECK_ERRNO(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program), EINVAL);
    }
    struct sock_fprog program = {0, bad[0]};
    CHECK_ERRNO(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program), EINVAL);
    program = (struct sock_fprog){2, BAD_POINTER};
    CHECK_ERRNO(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program), EFAULT);
    CHECK_ERRNO(setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &program, sizeof(int)), ENOENT);
    CHECK_OK(close(fd));
}

// A UDP socket's filter sees the UDP header.
TEST(filter_of_a_datagram_socket)
{
    int to = inet_bound(AF_INET, SOCK_DGRAM), from = inet_bound(AF_INET, SOCK_DGRAM), none = 0;
    CHECK_OK(inet_connect(from, AF_INET, inet_port(to)));
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 8),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 'y', 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0xffff),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    struct sock_fprog program = {COUNT(code), code};
    char data[16];
    CHECK_OK(setsockopt(to, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program));
    CHECK_EQ(send(from, "no", 2, 0), 2);
    CHECK_EQ(send(from, "yes", 3, 0), 3);
    CHECK_EQ(recv(to, data, sizeof data, 0), 3);
    CHECK_ERRNO(recv(to, data, sizeof data, MSG_DONTWAIT), EAGAIN);
    CHECK_OK(setsockopt(to, SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof none));
    CHECK_EQ(send(from, "no", 2, 0), 2);
    CHECK_EQ(recv(to, data, sizeof data, 0), 2);
    CHECK_OK(close(to));
    CHECK_OK(close(from));
}

static int set_fanout(int fd, unsigned value) { return setsockopt(fd, SOL_PACKET, PACKET_FANOUT, &value, sizeof value); }

static int waiting(int fd)
{
    char data[100];
    int count = 0;
    while (recv(fd, data, sizeof data, MSG_DONTWAIT) > 0) count++;
    return count;
}

TEST(fanout)
{
    int one = open_packet(SOCK_RAW, 0), value = -1;
    if (one < 0 && errno == EPERM) return;
    int two = CHECK_OK(open_packet(SOCK_RAW, 0)), id = getpid() & 0x7fff;
    socklen_t size = sizeof value;
    want(one, 14, 'M');
    want(two, 14, 'M');
    CHECK_OK(bind_lo(one, ETH_P_IP));
    CHECK_OK(bind_lo(two, ETH_P_IP));
    CHECK_ERRNO(getsockopt(one, SOL_PACKET, PACKET_ROLLOVER_STATS, &value, &size), EINVAL);
    CHECK_ERRNO(set_fanout(one, id | 99 << 16), EINVAL);
    CHECK_OK(set_fanout(one, id | PACKET_FANOUT_LB << 16));
    CHECK_ERRNO(set_fanout(one, id | PACKET_FANOUT_LB << 16), EALREADY);
    CHECK_ERRNO(set_fanout(two, id | PACKET_FANOUT_HASH << 16), EINVAL); // a group has one kind
    CHECK_OK(set_fanout(two, id | PACKET_FANOUT_LB << 16));
    size = sizeof value;
    CHECK_OK(getsockopt(two, SOL_PACKET, PACKET_FANOUT, &value, &size));
    CHECK_EQ(value, id | PACKET_FANOUT_LB << 16);
    for (int i = 0; i < 6; i++) CHECK_OK(close(send_datagram("Mapped")));
    int first = waiting(one), second = waiting(two); // in turns
    CHECK_EQ(first + second, 6);
    CHECK_EQ(first, 3);
    CHECK_OK(close(two));
    for (int i = 0; i < 3; i++) CHECK_OK(close(send_datagram("Mapped")));
    CHECK_EQ(waiting(one), 3);
    CHECK_OK(close(one));
}

TEST(rights_and_types)
{
    pid_t child = 0;
    CHECK_ERRNO(setsockopt(0, SOL_PACKET, PACKET_AUXDATA, &child, sizeof child), ENOTSOCK);
    if (geteuid() != 0) return;
    IN_CHILD(child) {
        CHECK_OK(setuid(NOBODY));
        CHECK_ERRNO(open_packet(SOCK_RAW, ETH_P_ALL), EPERM);
    }
    int status;
    CHECK_OK(waitpid(child, &status, 0));
    CHECK_EQ(status, 0);
    CHECK_ERRNO(open_packet(SOCK_STREAM, ETH_P_ALL), ESOCKTNOSUPPORT);
}
