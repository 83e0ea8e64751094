/* A program that holds TCP connections in every state that one machine can bring about by itself, armed timers, a neighbour who does not answer,
   half of a packet, groups, and sockets of every kind. "up" says that all of it is there; then it waits to be killed. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_in at(const char *address, int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
	inet_pton(AF_INET, address, &a.sin_addr);
	return a;
}

static void fail(const char *what)
{
	printf("%s: %s\n", what, strerror(errno));
	exit(1);
}

static int listener;

static void pair(int *client, int *server)
{
	struct sockaddr_in a = at("127.0.0.1", 80);
	*client = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(*client, (void *)&a, sizeof a)) fail("connect");
	if ((*server = accept(listener, NULL, NULL)) < 0) fail("accept");
}

static void fill(int fd)
{
	static char bytes[65536];
	fcntl(fd, F_SETFL, O_NONBLOCK);
	while (send(fd, bytes, sizeof bytes, 0) > 0)
		;
}

static uint16_t sum(const void *bytes, int length, uint32_t s)
{
	const uint16_t *p = bytes;
	for (; length > 1; length -= 2) s += *p++;
	while (s >> 16) s = (s & 0xffff) + (s >> 16);
	return ~s;
}

static void raw(int fd, const char *from, const char *to, int protocol, int fragment, void *payload, int length)
{
	struct { struct iphdr ip; char data[64]; } p = { .ip = { .version = 4, .ihl = 5, .ttl = 64, .id = htons(77), .protocol = protocol } };
	struct sockaddr_in a = at(to, 0);
	p.ip.tot_len = htons(sizeof p.ip + length);
	p.ip.frag_off = htons(fragment);
	inet_pton(AF_INET, from, &p.ip.saddr);
	inet_pton(AF_INET, to, &p.ip.daddr);
	memcpy(p.data, payload, length);
	if (sendto(fd, &p, sizeof p.ip + length, 0, (void *)&a, sizeof a) < 0) fail("raw");
}

int main(int argc, char **argv)
{
	int c, s, fd;
	struct sockaddr_in a = at("0.0.0.0", 80);
	listener = socket(AF_INET, SOCK_STREAM, 0); /* LISTEN */
	if (bind(listener, (void *)&a, sizeof a) || listen(listener, 8)) fail("listen");
	pair(&c, &s); /* ESTABLISHED, with data under way both ways */
	fill(c);
	fill(s);
	pair(&c, &s); /* FIN-WAIT-1 */
	fill(c);
	close(c);
	pair(&c, &s); /* FIN-WAIT-2 and CLOSE-WAIT */
	shutdown(c, SHUT_WR);
	pair(&c, &s); /* FIN-WAIT-2 of nobody, LAST-ACK */
	shutdown(c, SHUT_WR);
	fill(s);
	close(s);
	pair(&c, &s); /* both ends wait for each other: FIN-WAIT-1 twice */
	fill(c);
	fill(s);
	close(c);
	close(s);
	pair(&c, &s); /* CLOSING: the other's FIN comes before ours has an answer; and FIN-WAIT-2 */
	fill(c);
	shutdown(c, SHUT_WR);
	shutdown(s, SHUT_WR);
	pair(&c, &s); /* TIME-WAIT */
	close(c);
	usleep(1000);
	close(s);
	pair(&c, &s); /* keep-alive */
	setsockopt(c, SOL_SOCKET, SO_KEEPALIVE, &(int){ 1 }, sizeof(int));
	a = at("127.0.0.1", 80);
	c = socket(AF_INET, SOCK_STREAM, 0); /* not accepted */
	connect(c, (void *)&a, sizeof a);
	if (argc > 1) {
		a = at("10.88.0.200", 9); /* SYN-SENT, and nobody has this address */
		c = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		if (connect(c, (void *)&a, sizeof a) == 0 || errno != EINPROGRESS) fail("connect to nobody");
		fd = socket(AF_INET, SOCK_DGRAM, 0);
		sendto(fd, "x", 1, 0, (void *)&a, sizeof a);
		struct { struct { uint32_t s, d; uint8_t zero, protocol; uint16_t length; } pseudo; struct tcphdr tcp; } syn =
			{ .pseudo = { inet_addr("10.88.0.77"), inet_addr(argv[1]), 0, 6, htons(20) }, .tcp = { .source = htons(7), .dest = htons(80), .doff = 5, .syn = 1, .window = 1000 } };
		syn.tcp.check = sum(&syn, sizeof syn, 0);
		fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW); /* SYN-RECEIVED, and half of a packet */
		if (fd < 0) fail("raw socket");
		raw(fd, "10.88.0.77", argv[1], IPPROTO_TCP, 0, &syn.tcp, sizeof syn.tcp);
		raw(fd, argv[1], argv[1], IPPROTO_UDP, 0x2000, "0123456789abcdef", 16);
		fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
		if (socket(AF_PACKET, SOCK_RAW, htons(3)) < 0 || socket(AF_PACKET, SOCK_DGRAM, htons(0x806)) < 0) fail("packet socket");
		struct ip_mreqn group = { .imr_multiaddr.s_addr = inet_addr("239.1.2.3"), .imr_address.s_addr = inet_addr(argv[1]) };
		fd = socket(AF_INET, SOCK_DGRAM, 0); /* members of groups, which answer routers */
		if (setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group)) fail("group");
		struct ipv6_mreq group6 = { .ipv6mr_interface = if_nametoindex("eth0") };
		inet_pton(AF_INET6, "ff05::123", &group6.ipv6mr_multiaddr);
		fd = socket(AF_INET6, SOCK_DGRAM, 0);
		if (setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &group6, sizeof group6)) fail("group of IPv6");
		fd = socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
	}
	a = at("127.0.0.1", 5000);
	fd = socket(AF_INET, SOCK_DGRAM, 0); /* datagrams that nobody reads */
	if (bind(fd, (void *)&a, sizeof a)) fail("bind");
	for (int i = 0; i < 50; i++) sendto(fd, &a, sizeof a, 0, (void *)&a, sizeof a);
	int poll = epoll_create1(0);
	struct epoll_event event = { .events = EPOLLIN };
	epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
	puts("up");
	fflush(stdout);
	for (;;) pause();
}
