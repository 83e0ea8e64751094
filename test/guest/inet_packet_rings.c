// packet(7): PACKET_RX_RING and PACKET_TX_RING in their three versions. Needs CAP_NET_RAW.
#include "packet.h"

// PACKET_RX_RING, TPACKET_V2: frames in memory that both see.
TEST(ring)
{
    int fd = open_packet(SOCK_RAW, 0), version = TPACKET_V2;
    if (fd < 0 && errno == EPERM) return;
    int length = version;
    socklen_t size = sizeof length;
    CHECK_OK(getsockopt(fd, SOL_PACKET, PACKET_HDRLEN, &length, &size));
    CHECK_EQ(length, sizeof(struct tpacket2_hdr));
    CHECK_OK(setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof version));
    struct tpacket_req shape = {4096, 2, 2048, 5};
    CHECK_ERRNO(setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &shape, sizeof shape), EINVAL);
    shape.tp_frame_nr = 4;
    CHECK_OK(setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &shape, sizeof shape));
    CHECK_ERRNO(setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof version), EBUSY);
    char *ring = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(ring != MAP_FAILED);
    want(fd, 14, 'M');
    CHECK_OK(bind_lo(fd, ETH_P_IP));
    CHECK_EQ(inet_poll(fd, POLLIN, 0), 0);
    for (int i = 0; i < 6; i++) {
        CHECK_OK(close(send_datagram("Mapped")));
        CHECK_EQ(inet_poll(fd, POLLIN, 10000), POLLIN);
        volatile struct tpacket2_hdr *h = (void *)(ring + i % 4 * 2048);
        CHECK(h->tp_status & TP_STATUS_USER);
        CHECK_EQ(h->tp_len, 48);
        CHECK_EQ(h->tp_snaplen, 48);
        CHECK_EQ(h->tp_net - h->tp_mac, 14);
        CHECK(h->tp_sec > 1700000000);
        struct sockaddr_ll *from = (void *)((char *)h + TPACKET_ALIGN(sizeof *h));
        CHECK_EQ(from->sll_ifindex, 1);
        CHECK(memcmp((char *)h + h->tp_net + 28, "Mapped", 6) == 0);
        h->tp_status = TP_STATUS_KERNEL;
    }
    CHECK_EQ(inet_poll(fd, POLLIN, 0), 0);
    for (int i = 0; i < 5; i++) CHECK_OK(close(send_datagram("More")));
    struct tpacket_stats stats;
    size = sizeof stats;
    CHECK_OK(getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &size));
    CHECK_EQ(stats.tp_packets, 11);
    CHECK_EQ(stats.tp_drops, 1);
    CHECK_OK(munmap(ring, 8192));
    CHECK_OK(close(fd));
}

TEST(ring_of_the_first_kind)
{
    int fd = open_packet(SOCK_RAW, 0), version = TPACKET_V1;
    if (fd < 0 && errno == EPERM) return;
    CHECK_OK(setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof version));
    struct tpacket_req shape = {4096, 1, 2048, 2};
    CHECK_OK(setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &shape, sizeof shape));
    char *ring = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(ring != MAP_FAILED);
    want(fd, 14, 'M');
    CHECK_OK(bind_lo(fd, ETH_P_IP));
    CHECK_OK(close(send_datagram("Mapped")));
    CHECK_EQ(inet_poll(fd, POLLIN, 10000), POLLIN);
    volatile struct tpacket_hdr *h = (void *)ring;
    CHECK(h->tp_status & TP_STATUS_USER);
    CHECK_EQ(h->tp_len, 48);
    CHECK_EQ(h->tp_net - h->tp_mac, 14);
    CHECK(h->tp_sec > 1700000000 && h->tp_usec < 1000000);
    CHECK(memcmp((char *)h + h->tp_net + 28, "Mapped", 6) == 0);
    CHECK_OK(munmap(ring, 4096));
    CHECK_OK(close(fd));
}

// A frame for lo with a UDP datagram that nobody waits for, whose data is this text of up to 31 bytes; returns its length.
static int make_frame(char *frame, const char *text)
{
    int length = 28 + strlen(text);
    struct ethhdr ethernet = {.h_proto = htons(ETH_P_IP)};
    struct iphdr ip = {.version = 4, .ihl = 5, .tot_len = htons(length), .ttl = 3, .protocol = IPPROTO_UDP, .saddr = htonl(INADDR_LOOPBACK), .daddr = htonl(INADDR_LOOPBACK)};
    struct udphdr udp = {.uh_sport = htons(9), .uh_dport = htons(10), .uh_ulen = htons(length - 20)};
    unsigned sum = 0;
    for (int i = 0; i < 10; i++) sum += ((unsigned short *)&ip)[i];
    while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
    ip.check = ~sum;
    memcpy(frame, &ethernet, 14);
    memcpy(frame + 14, &ip, 20);
    memcpy(frame + 34, &udp, 8);
    memcpy(frame + 42, text, strlen(text));
    return 14 + length;
}

typedef union {
    volatile struct tpacket_hdr v1;
    volatile struct tpacket2_hdr v2;
    volatile struct tpacket3_hdr v3;
} any_header;

static unsigned frame_status(any_header *h, int version)
{
    return version == TPACKET_V1 ? h->v1.tp_status : version == TPACKET_V2 ? h->v2.tp_status : h->v3.tp_status;
}

static void ask(any_header *h, int version, unsigned length)
{
    if (version == TPACKET_V1) h->v1.tp_len = length;
    else if (version == TPACKET_V2) h->v2.tp_len = length;
    else h->v3.tp_len = length;
    __sync_synchronize();
    if (version == TPACKET_V1) h->v1.tp_status = TP_STATUS_SEND_REQUEST;
    else if (version == TPACKET_V2) h->v2.tp_status = TP_STATUS_SEND_REQUEST;
    else h->v3.tp_status = TP_STATUS_SEND_REQUEST;
}

static int header_of(int version) { return version == TPACKET_V3 ? TPACKET_ALIGN(sizeof(struct tpacket3_hdr)) : TPACKET_ALIGN(sizeof(struct tpacket2_hdr)); }

// Puts a frame into a place and asks for it.
static unsigned request(any_header *h, int version, const char *text)
{
    unsigned length = make_frame((char *)h + header_of(version), text);
    ask(h, version, length);
    return length;
}

static int set_packet(int fd, int name, int value) { return setsockopt(fd, SOL_PACKET, name, &value, sizeof value); }

static int get_packet(int fd, int name)
{
    int value = -1;
    socklen_t size = sizeof value;
    CHECK_OK(getsockopt(fd, SOL_PACKET, name, &value, &size));
    return value;
}

// A listener that gets such frames from their network header on.
static int listener(char first)
{
    int to = CHECK_OK(open_packet(SOCK_DGRAM, 0));
    want(to, 0, first);
    CHECK_OK(bind_lo(to, ETH_P_IP));
    return to;
}

static void check_next(int to, const char *text)
{
    char data[100] = "";
    CHECK_EQ(inet_poll(to, POLLIN, 10000), POLLIN);
    CHECK_EQ(recv(to, data, sizeof data - 1, MSG_DONTWAIT), 28 + strlen(text));
    CHECK_STR(data + 28, text);
}

static void send_with(int version)
{
    int fd = CHECK_OK(open_packet(SOCK_RAW, 0)), to = listener('S');
    CHECK_OK(set_packet(fd, PACKET_VERSION, version));
    struct tpacket_req3 shape = {4096, 2, 2048, 4, 0, 0, 0};
    socklen_t size = version == TPACKET_V3 ? sizeof shape : sizeof(struct tpacket_req);
    CHECK_ERRNO(setsockopt(fd, SOL_PACKET, PACKET_TX_RING, &shape, size - 4), EINVAL);
    if (version == TPACKET_V3) {
        shape.tp_retire_blk_tov = 10; // for receiving alone
        CHECK_ERRNO(setsockopt(fd, SOL_PACKET, PACKET_TX_RING, &shape, size), EINVAL);
        shape.tp_retire_blk_tov = 0;
    }
    CHECK_OK(setsockopt(fd, SOL_PACKET, PACKET_TX_RING, &shape, size));
    CHECK_ERRNO(setsockopt(fd, SOL_PACKET, PACKET_TX_RING, &shape, size), EBUSY);
    CHECK_ERRNO(set_packet(fd, PACKET_VERSION, version), EBUSY);
    CHECK_ERRNO(set_packet(fd, PACKET_LOSS, 1), EBUSY);
    CHECK_OK(set_packet(fd, PACKET_TX_HAS_OFF, 1)); // too late, and nobody says so
    CHECK_EQ(get_packet(fd, PACKET_TX_HAS_OFF), 0);
    char *ring = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(ring != MAP_FAILED);
    any_header *h[4];
    for (int i = 0; i < 4; i++) h[i] = (void *)(ring + i * 2048);

    // Where to: the address's interface, or the one it is bound to.
    unsigned length = request(h[0], version, "S0");
    struct sockaddr_ll name = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP), .sll_ifindex = 1, .sll_halen = 6};
    CHECK_ERRNO(send(fd, NULL, 0, 0), ENXIO);
    name.sll_ifindex = 99999;
    CHECK_ERRNO(sendto(fd, NULL, 0, 0, (void *)&name, sizeof name), ENXIO);
    name.sll_ifindex = 0;
    CHECK_ERRNO(sendto(fd, NULL, 0, 0, (void *)&name, sizeof name), ENXIO);
    name.sll_ifindex = 1;
    CHECK_ERRNO(sendto(fd, NULL, 0, 0, (void *)&name, 12), EINVAL);
    CHECK_EQ(frame_status(h[0], version), TP_STATUS_SEND_REQUEST);
    CHECK_EQ(sendto(fd, NULL, 0, 0, (void *)&name, sizeof name), length);
    CHECK_EQ(frame_status(h[0], version), TP_STATUS_AVAILABLE);
    check_next(to, "S0");
    CHECK_OK(bind_lo(fd, 0));
    CHECK_EQ(send(fd, NULL, 0, 0), 0); // nothing is asked for
    CHECK_EQ(inet_poll(fd, POLLOUT, 0), POLLOUT);

    // In order, from where it stopped, around the end; no further than the first that is not asked for.
    request(h[2], version, "S2");
    CHECK_EQ(send(fd, NULL, 0, 0), 0);
    length = request(h[1], version, "S1");
    request(h[3], version, "S3");
    request(h[0], version, "S4");
    CHECK_EQ(send(fd, NULL, 0, MSG_DONTWAIT), 4 * length);
    for (int i = 1; i < 5; i++) {
        char text[3] = {'S', '0' + i, 0};
        check_next(to, text);
        CHECK_EQ(inet_poll(fd, POLLOUT, 10000), POLLOUT);
        CHECK_EQ(frame_status(h[i % 4], version), TP_STATUS_AVAILABLE);
    }

    // What is wrong stays where it is until it is mended.
    request(h[1], version, "Sx");
    request(h[2], version, "Sy");
    ask(h[1], version, 2048);
    CHECK_ERRNO(send(fd, NULL, 0, 0), EMSGSIZE);
    CHECK_EQ(frame_status(h[1], version), TP_STATUS_WRONG_FORMAT);
    CHECK_EQ(send(fd, NULL, 0, 0), 0);
    ask(h[1], version, 13); // shorter than a link header
    CHECK_ERRNO(send(fd, NULL, 0, 0), EINVAL);
    CHECK_EQ(frame_status(h[1], version), TP_STATUS_WRONG_FORMAT);
    if (version == TPACKET_V3) {
        request(h[1], version, "Sx");
        h[1]->v3.tp_next_offset = 2048;
        CHECK_ERRNO(send(fd, NULL, 0, 0), EINVAL);
        h[1]->v3.tp_next_offset = 0;
    }
    length = request(h[1], version, "Sx");
    CHECK_EQ(send(fd, "more", 4, 0), 2 * length); // the caller's data is not looked at
    check_next(to, "Sx");
    check_next(to, "Sy");
    request(h[3], version, "Sz");
    CHECK_OK(write(fd, "", 1));
    check_next(to, "Sz");

    CHECK_OK(munmap(ring, 8192));
    memset(&shape, 0, sizeof shape);
    CHECK_OK(setsockopt(fd, SOL_PACKET, PACKET_TX_RING, &shape, size));
    CHECK_ERRNO(mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), EINVAL);
    char frame[100];
    length = make_frame(frame, "Sent");
    CHECK_EQ(send(fd, frame, length, 0), length); // as before
    check_next(to, "Sent");
    CHECK_OK(close(to));
    CHECK_OK(close(fd));
}

TEST(ring_for_sending)
{
    int fd = open_packet(SOCK_RAW, 0);
    if (fd < 0 && errno == EPERM) return;
    CHECK_OK(close(fd));
    for (int version = TPACKET_V1; version <= TPACKET_V3; version++) send_with(version);
}

// PACKET_LOSS: what is wrong is left out. PACKET_TX_HAS_OFF: frames say where their data is.
TEST(ring_for_sending_with_options)
{
    int fd = open_packet(SOCK_DGRAM, 0);
    if (fd < 0 && errno == EPERM) return;
    int to = listener('L');
    CHECK_EQ(get_packet(fd, PACKET_LOSS), 0);
    CHECK_OK(set_packet(fd, PACKET_LOSS, 1));
    CHECK_EQ(get_packet(fd, PACKET_LOSS), 1);
    CHECK_OK(set_packet(fd, PACKET_TX_HAS_OFF, 1));
    CHECK_EQ(get_packet(fd, PACKET_TX_HAS_OFF), 1);
    CHECK_OK(set_packet(fd, PACKET_VERSION, TPACKET_V2));
    struct tpacket_req shape = {4096, 1, 1024, 4};
    CHECK_OK(setsockopt(fd, SOL_PACKET, PACKET_TX_RING, &shape, sizeof shape));
    char *ring = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(ring != MAP_FAILED);
    char frame[100];
    unsigned length = make_frame(frame, "Lost") - 14;
    unsigned short places[4] = {31, 1024 - length, 1024, 48}; // in the header, at the very end, behind the end, well inside
    for (int i = 0; i < 4; i++) {
        any_header *h = (void *)(ring + i * 1024);
        frame[14 + 28] = i % 2 ? 'L' : 'W';
        if (places[i] < 1024) memcpy((char *)h + places[i] + (i == 0), frame + 14, length);
        h->v2.tp_net = places[i];
        ask(h, TPACKET_V2, length);
    }
    struct sockaddr_ll name = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP), .sll_ifindex = 1, .sll_halen = 6};
    CHECK_EQ(sendto(fd, NULL, 0, 0, (void *)&name, sizeof name), 2 * length);
    for (int i = 0; i < 4; i++) CHECK_EQ(frame_status((void *)(ring + i * 1024), TPACKET_V2), TP_STATUS_AVAILABLE);
    check_next(to, "Lost");
    check_next(to, "Lost");
    CHECK_ERRNO(recv(to, frame, sizeof frame, MSG_DONTWAIT), EAGAIN);
    CHECK_OK(munmap(ring, 4096));
    CHECK_OK(close(to));
    CHECK_OK(close(fd));
}

// One mapping has both, the one for receiving first, whichever was made first.
TEST(both_rings)
{
    int fd = open_packet(SOCK_RAW, 0);
    if (fd < 0 && errno == EPERM) return;
    CHECK_OK(set_packet(fd, PACKET_VERSION, TPACKET_V2));
    struct tpacket_req sends = {4096, 1, 2048, 2}, receives = {8192, 1, 4096, 2};
    CHECK_OK(setsockopt(fd, SOL_PACKET, PACKET_TX_RING, &sends, sizeof sends));
    CHECK_OK(setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &receives, sizeof receives));
    want(fd, 14, 'B');
    CHECK_OK(bind_lo(fd, ETH_P_IP));
    char *ring = mmap(NULL, 12288, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(ring != MAP_FAILED);
    for (int i = 0; i < 5; i++) {
        unsigned length = request((void *)(ring + 8192 + i % 2 * 2048), TPACKET_V2, "Both");
        CHECK_EQ(send(fd, NULL, 0, 0), length);
        CHECK_EQ(inet_poll(fd, POLLIN, 10000), POLLIN);
        volatile struct tpacket2_hdr *h = (void *)(ring + i % 2 * 4096);
        CHECK(h->tp_status & TP_STATUS_USER);
        CHECK_EQ(h->tp_len, length);
        CHECK(memcmp((char *)h + h->tp_net + 28, "Both", 4) == 0);
        h->tp_status = TP_STATUS_KERNEL;
    }
    CHECK_OK(munmap(ring, 12288));
    CHECK_OK(close(fd));
}

// Whatever stands in a ring for sending, the answer is an error or a number.
TEST(nonsense_in_a_ring_for_sending)
{
    int fd = open_packet(SOCK_RAW, 0);
    if (fd < 0 && errno == EPERM) return;
    CHECK_OK(set_packet(fd, PACKET_VERSION, TPACKET_V3));
    CHECK_OK(set_packet(fd, PACKET_LOSS, 1));
    CHECK_OK(set_packet(fd, PACKET_TX_HAS_OFF, 1));
    struct tpacket_req3 shape = {4096, 4, 256, 64, 0, 0, 0};
    CHECK_OK(setsockopt(fd, SOL_PACKET, PACKET_TX_RING, &shape, sizeof shape));
    CHECK_OK(bind_lo(fd, 0));
    unsigned char *ring = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(ring != MAP_FAILED);
    unsigned seed = 1;
    for (int round = 0; round < 50; round++) {
        for (int i = 0; i < 16384; i++) ring[i] = (seed = seed * 1103515245 + 12345) >> 16;
        for (int i = 0; i < 64; i++) {
            any_header *h = (void *)(ring + i * 256);
            if (i % 2) h->v3.tp_next_offset = 0;
            if (i % 3) h->v3.tp_len &= 0xff;
            if (i % 5) h->v3.tp_mac &= 0xff;
            h->v3.tp_status = TP_STATUS_SEND_REQUEST;
        }
        int sent = send(fd, NULL, 0, 0);
        CHECK(sent >= 0);
        for (int i = 0; i < 64; i++) CHECK_EQ(frame_status((void *)(ring + i * 256), TPACKET_V3), TP_STATUS_AVAILABLE);
    }
    CHECK_OK(munmap(ring, 16384));
    CHECK_OK(close(fd));
}

typedef volatile struct tpacket_block_desc block_header;

static int make_blocks(unsigned timeout, unsigned private, unsigned features)
{
    int fd = CHECK_OK(open_packet(SOCK_RAW, 0));
    CHECK_OK(set_packet(fd, PACKET_VERSION, TPACKET_V3));
    struct tpacket_req3 shape = {4096, 2, 2048, 4, timeout, private, features};
    CHECK_ERRNO(setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &shape, sizeof shape - 4), EINVAL);
    shape.tp_sizeof_priv = 4000;
    CHECK_ERRNO(setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &shape, sizeof shape), EINVAL); // no room for a packet
    shape.tp_sizeof_priv = -1;
    CHECK_ERRNO(setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &shape, sizeof shape), EINVAL);
    shape.tp_sizeof_priv = private;
    CHECK_OK(setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &shape, sizeof shape));
    want(fd, 14, 'V');
    CHECK_OK(bind_lo(fd, ETH_P_IP));
    return fd;
}

static struct tpacket_stats_v3 take_statistics(int fd)
{
    struct tpacket_stats_v3 stats = {-1, -1, -1};
    socklen_t size = sizeof stats;
    CHECK_OK(getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &size));
    CHECK_EQ(size, sizeof stats);
    return stats;
}

// A datagram whose frame needs 1,200 bytes and a little: three of them fill a block.
static void send_large(void)
{
    char text[1100];
    memset(text, 'V', sizeof text - 1);
    text[sizeof text - 1] = 0;
    CHECK_OK(close(send_datagram(text)));
}

// TPACKET_V3: blocks with packets, shown after a time.
TEST(ring_of_blocks)
{
    int fd = open_packet(SOCK_RAW, 0);
    if (fd < 0 && errno == EPERM) return;
    int length = TPACKET_V3;
    socklen_t size = sizeof length;
    CHECK_OK(getsockopt(fd, SOL_PACKET, PACKET_HDRLEN, &length, &size));
    CHECK_EQ(length, sizeof(struct tpacket3_hdr));
    CHECK_OK(close(fd));
    fd = make_blocks(200, 13, TP_FT_REQ_FILL_RXHASH);
    char *ring = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(ring != MAP_FAILED);
    CHECK_EQ(inet_poll(fd, POLLIN, 0), 0);
    CHECK_OK(close(send_datagram("Value")));
    CHECK_OK(close(send_datagram("Values")));
    CHECK_OK(close(send_datagram("V")));
    CHECK_EQ(inet_poll(fd, POLLIN, 10000), POLLIN);
    block_header *b = (void *)ring;
    CHECK_EQ(b->version, TPACKET_V3);
    CHECK_EQ(b->offset_to_priv, 48);
    CHECK_EQ(b->hdr.bh1.block_status & (TP_STATUS_USER | TP_STATUS_BLK_TMO | TP_STATUS_LOSING), TP_STATUS_USER | TP_STATUS_BLK_TMO);
    CHECK_EQ(b->hdr.bh1.num_pkts, 3);
    CHECK_EQ(b->hdr.bh1.offset_to_first_pkt, 48 + 16);
    CHECK_EQ(b->hdr.bh1.seq_num, 1);
    CHECK(b->hdr.bh1.ts_first_pkt.ts_sec > 1700000000 && b->hdr.bh1.ts_first_pkt.ts_nsec < 1000000000);
    unsigned offset = b->hdr.bh1.offset_to_first_pkt, data[3] = {5, 6, 1}, hash = 0;
    for (int i = 0; i < 3; i++) {
        volatile struct tpacket3_hdr *h = (void *)(ring + offset);
        CHECK_EQ(h->tp_len, 42 + data[i]);
        CHECK_EQ(h->tp_snaplen, h->tp_len);
        CHECK(h->tp_status & TP_STATUS_USER);
        CHECK_EQ(h->tp_mac, 82);
        CHECK_EQ(h->tp_net, 96);
        CHECK_EQ(h->hv1.tp_vlan_tci, 0);
        CHECK(h->hv1.tp_rxhash != 0 && h->hv1.tp_rxhash != hash); // other ports
        hash = h->hv1.tp_rxhash;
        CHECK(h->tp_sec > 1700000000 && h->tp_nsec < 1000000000);
        struct sockaddr_ll *from = (void *)((char *)h + TPACKET_ALIGN(sizeof *h));
        CHECK_EQ(from->sll_ifindex, 1);
        CHECK_EQ(ntohs(from->sll_protocol), ETH_P_IP);
        CHECK(memcmp((char *)h + h->tp_net + 28, "Value", i == 2 ? 1 : 5) == 0);
        CHECK_EQ(h->tp_next_offset, i == 2 ? 0 : (82 + h->tp_snaplen + 7) / 8 * 8);
        if (i == 2) {
            CHECK_EQ(b->hdr.bh1.ts_last_pkt.ts_sec, h->tp_sec);
            CHECK_EQ(b->hdr.bh1.ts_last_pkt.ts_nsec, h->tp_nsec);
            CHECK_EQ(b->hdr.bh1.blk_len, offset + (82 + h->tp_snaplen + 7) / 8 * 8);
        }
        offset += h->tp_next_offset;
    }
    b->hdr.bh1.block_status = TP_STATUS_KERNEL;
    CHECK_EQ(inet_poll(fd, POLLIN, 0), 0);
    CHECK_EQ(inet_poll(fd, POLLIN, 500), 0); // an empty block is not shown
    CHECK_OK(close(send_datagram("Vale")));
    CHECK_EQ(inet_poll(fd, POLLIN, 10000), POLLIN);
    b = (void *)(ring + 4096);
    CHECK_EQ(b->hdr.bh1.seq_num, 2);
    CHECK_EQ(b->hdr.bh1.num_pkts, 1);
    struct tpacket_stats_v3 stats = take_statistics(fd);
    CHECK_EQ(stats.tp_packets, 4);
    CHECK_EQ(stats.tp_drops, 0);
    CHECK_EQ(stats.tp_freeze_q_cnt, 0);
    CHECK_OK(munmap(ring, 8192));
    CHECK_OK(close(fd));
}

// Full blocks are shown at once; with none left nothing is taken until the program has given one back.
TEST(ring_of_blocks_that_are_full)
{
    int fd = open_packet(SOCK_RAW, 0);
    if (fd < 0 && errno == EPERM) return;
    CHECK_OK(close(fd));
    fd = make_blocks(600000, 0, 0);
    char *ring = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(ring != MAP_FAILED);
    block_header *one = (void *)ring, *two = (void *)(ring + 4096);
    for (int i = 0; i < 3; i++) send_large();
    CHECK_EQ(inet_poll(fd, POLLIN, 0), 0); // there might be room for one more
    send_large();
    CHECK_EQ(inet_poll(fd, POLLIN, 10000), POLLIN);
    CHECK_EQ(one->hdr.bh1.block_status & (TP_STATUS_USER | TP_STATUS_BLK_TMO), TP_STATUS_USER);
    CHECK_EQ(one->hdr.bh1.num_pkts, 3);
    volatile struct tpacket3_hdr *h = (void *)(ring + one->hdr.bh1.offset_to_first_pkt);
    CHECK_EQ(h->hv1.tp_rxhash, 0);
    CHECK_EQ(two->hdr.bh1.block_status, TP_STATUS_KERNEL);
    for (int i = 0; i < 4; i++) send_large(); // two fit, two are lost
    CHECK(two->hdr.bh1.block_status & TP_STATUS_USER);
    CHECK_EQ(two->hdr.bh1.num_pkts, 3);
    struct tpacket_stats_v3 stats = take_statistics(fd);
    CHECK_EQ(stats.tp_packets, 8);
    CHECK_EQ(stats.tp_drops, 2);
    CHECK_EQ(stats.tp_freeze_q_cnt, 1);
    CHECK_EQ(take_statistics(fd).tp_freeze_q_cnt, 0);
    two->hdr.bh1.block_status = TP_STATUS_KERNEL; // not the one whose turn it is
    send_large();
    CHECK_EQ(take_statistics(fd).tp_drops, 1);
    one->hdr.bh1.block_status = TP_STATUS_KERNEL;
    for (int i = 0; i < 4; i++) send_large();
    CHECK(one->hdr.bh1.block_status & TP_STATUS_USER);
    CHECK_EQ(one->hdr.bh1.num_pkts, 3);
    CHECK_EQ(one->hdr.bh1.seq_num, 3);
    CHECK_EQ(take_statistics(fd).tp_drops, 0);
    CHECK_OK(munmap(ring, 8192));
    CHECK_OK(close(fd));
}

// What the program writes into blocks that are not its own harms nobody but itself.
TEST(nonsense_in_a_ring_of_blocks)
{
    int fd = open_packet(SOCK_RAW, 0);
    if (fd < 0 && errno == EPERM) return;
    CHECK_OK(close(fd));
    fd = make_blocks(1, 0, 0);
    unsigned char *ring = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(ring != MAP_FAILED);
    unsigned seed = 1;
    for (int round = 0; round < 30; round++) {
        for (int i = 0; i < 8192; i++) ring[i] = (seed = seed * 1103515245 + 12345) >> 16;
        if (round % 3) ((block_header *)ring)->hdr.bh1.block_status = round % 3 - 1;
        send_large();
        if (round % 4 == 0) usleep(2000);
    }
    CHECK(take_statistics(fd).tp_packets == 30);
    memset(ring, 0, 8192);
    CHECK_OK(close(send_datagram("V")));
    CHECK_EQ(inet_poll(fd, POLLIN, 10000), POLLIN);
    CHECK_OK(munmap(ring, 8192));
    CHECK_OK(close(fd));
}

// PACKET_TIMESTAMP: frames say that their time is of software, when a socket has asked for times.
static void take_time(int flags)
{
    int fd = CHECK_OK(open_packet(SOCK_RAW, 0)), on = 1;
    CHECK_EQ(get_packet(fd, PACKET_TIMESTAMP), 0);
    CHECK_OK(set_packet(fd, PACKET_TIMESTAMP, flags));
    CHECK_EQ(get_packet(fd, PACKET_TIMESTAMP), flags);
    CHECK_ERRNO(setsockopt(fd, SOL_PACKET, PACKET_TIMESTAMP, &on, 3), EINVAL);
    CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on));
    usleep(100000); // Linux begins with it a little later
    CHECK_OK(set_packet(fd, PACKET_VERSION, TPACKET_V2));
    struct tpacket_req shape = {4096, 1, 2048, 2};
    CHECK_OK(setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &shape, sizeof shape));
    char *ring = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(ring != MAP_FAILED);
    want(fd, 14, 'T');
    CHECK_OK(bind_lo(fd, ETH_P_IP));
    CHECK_OK(close(send_datagram("Time")));
    CHECK_EQ(inet_poll(fd, POLLIN, 10000), POLLIN);
    volatile struct tpacket2_hdr *h = (void *)ring;
    CHECK_EQ(h->tp_status & (TP_STATUS_TS_SOFTWARE | TP_STATUS_TS_RAW_HARDWARE), TP_STATUS_TS_SOFTWARE);
    struct timespec now;
    CHECK_OK(clock_gettime(CLOCK_REALTIME, &now));
    long long age = (now.tv_sec - (long long)h->tp_sec) * 1000000000 + now.tv_nsec - h->tp_nsec;
    CHECK(age >= 0 && age < 10000000000);
    CHECK_OK(munmap(ring, 4096));
    CHECK_OK(close(fd));
}

TEST(times_in_a_ring)
{
    int fd = open_packet(SOCK_RAW, 0);
    if (fd < 0 && errno == EPERM) return;
    CHECK_OK(close(fd));
    take_time(0);
    take_time(1 << 4); // SOF_TIMESTAMPING_SOFTWARE
}
