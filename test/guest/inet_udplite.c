// udplite(7), RFC 3828: datagrams whose checksum covers as much as was asked for.
#include "inet.h"

#define SEND_COVERAGE 10
#define RECEIVE_COVERAGE 11

static int lite(int family)
{
    inet_address any;
    int fd = CHECK_OK(socket(family, SOCK_DGRAM, IPPROTO_UDPLITE));
    CHECK_OK(bind(fd, &any.any, inet_loopback(&any, family, 0)));
    return fd;
}

static void talk(int family)
{
    char text[16] = {0};
    inet_address to;
    int server = lite(family), client = lite(family), type = 0, protocol = 0;
    socklen_t length = inet_loopback(&to, family, inet_port(server)), size = sizeof type;
    CHECK_OK(setsockopt(client, IPPROTO_UDPLITE, SEND_COVERAGE, &(int){10}, sizeof(int)));
    CHECK_EQ(sendto(client, "first", 5, 0, &to.any, length), 5);
    CHECK_EQ(recv(server, text, sizeof text, 0), 5);
    CHECK_STR(text, "first");
    // A receiver that wants more to be covered does not hear it.
    CHECK_OK(setsockopt(server, IPPROTO_UDPLITE, RECEIVE_COVERAGE, &(int){11}, sizeof(int)));
    CHECK_EQ(sendto(client, "second", 6, 0, &to.any, length), 6);
    CHECK_OK(setsockopt(client, IPPROTO_UDPLITE, SEND_COVERAGE, &(int){11}, sizeof(int)));
    CHECK_EQ(sendto(client, "third", 5, 0, &to.any, length), 5);
    CHECK_EQ(recv(server, text, sizeof text, 0), 5);
    text[5] = 0;
    CHECK_STR(text, "third");
    CHECK_OK(getsockopt(server, SOL_SOCKET, SO_TYPE, &type, &size));
    CHECK_OK(getsockopt(server, SOL_SOCKET, SO_PROTOCOL, &protocol, &size));
    CHECK_EQ(type, SOCK_DGRAM);
    CHECK_EQ(protocol, IPPROTO_UDPLITE);
    CHECK_OK(close(server));
    CHECK_OK(close(client));
}
TEST(talk_v4) { talk(AF_INET); }
TEST(talk_v6) { talk(AF_INET6); }

TEST(coverages)
{
    static const int values[][2] = {{1, 8}, {7, 8}, {8, 8}, {9, 9}, {0, 0}, {-1, 8}, {70000, 65535}};
    int fd = CHECK_OK(socket(AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE)), udp = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
    for (int name = SEND_COVERAGE; name <= RECEIVE_COVERAGE; name++) {
        int now = -1;
        socklen_t size = sizeof now;
        CHECK_OK(getsockopt(fd, IPPROTO_UDPLITE, name, &now, &size));
        CHECK_EQ(now, 0);
        for (unsigned i = 0; i < sizeof values / sizeof *values; i++) {
            CHECK_OK(setsockopt(fd, IPPROTO_UDPLITE, name, &values[i][0], sizeof(int)));
            CHECK_OK(getsockopt(fd, i % 2 ? IPPROTO_UDP : IPPROTO_UDPLITE, name, &now, &size));
            CHECK_EQ(now, values[i][1]);
        }
        CHECK_ERRNO(setsockopt(fd, IPPROTO_UDPLITE, name, &now, 3), EINVAL);
        CHECK_ERRNO(setsockopt(udp, IPPROTO_UDPLITE, name, &now, sizeof now), ENOPROTOOPT);
    }
    CHECK_OK(close(fd));
    CHECK_OK(close(udp));
}

TEST(ports_are_not_those_of_udp)
{
    inet_address to;
    int server = lite(AF_INET), udp = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
    CHECK_OK(bind(udp, &to.any, inet_loopback(&to, AF_INET, inet_port(server))));
    CHECK_OK(connect(udp, &to.any, sizeof to.v4));
    CHECK_OK(close(server));
    int client = lite(AF_INET);
    CHECK_OK(connect(client, &to.any, sizeof to.v4));
    CHECK_EQ(send(client, "x", 1, 0), 1);
    CHECK_ERRNO(recv(client, &(char){0}, 1, 0), ECONNREFUSED);
    CHECK_OK(close(client));
    CHECK_OK(close(udp));
}

