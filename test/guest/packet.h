// Packet sockets on lo, for the tests of packet(7).
#ifndef PACKET_H
#define PACKET_H
#include "inet.h"
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/udp.h>

static int open_packet(int type, int protocol)
{
    return socket(AF_PACKET, type | SOCK_CLOEXEC, htons(protocol));
}

static int bind_lo(int fd, int protocol)
{
    struct sockaddr_ll name = {.sll_family = AF_PACKET, .sll_protocol = htons(protocol), .sll_ifindex = 1};
    return bind(fd, (void *)&name, sizeof name);
}

// A datagram to a port on lo; returns the socket that gets it.
static int send_datagram(const char *text)
{
    int to = inet_bound(AF_INET, SOCK_DGRAM), from = inet_bound(AF_INET, SOCK_DGRAM);
    CHECK_OK(inet_connect(from, AF_INET, inet_port(to)));
    CHECK_EQ(send(from, text, strlen(text), 0), strlen(text));
    CHECK_OK(close(from));
    return to;
}

// Only UDP datagrams whose data begins with this byte: others use lo of the host, too.
static void want(int fd, int header, char first)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, header + 9),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 3),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, header + 28),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned char)first, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0x40000),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    struct sock_fprog program = {COUNT(code), code};
    CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program));
}

#endif
