// socket(7), ip(7), tcp(7), ip-sysctl of Linux: options and settings that change where packets go, in a network of its own.
#include "inet.h"

static int number(int fd, int level, int name)
{
    int value = -1;
    socklen_t length = sizeof value;
    CHECK_OK(getsockopt(fd, level, name, &value, &length));
    return value;
}

TEST(bound_to_a_device)
{
    pid_t pid;
    IN_CHILD(pid) if (own_network()) {
        char name[IFNAMSIZ] = "x";
        socklen_t length = sizeof name;
        int fd = inet_bound(AF_INET, SOCK_DGRAM), port = inet_port(fd), from = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
        CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &length));
        CHECK_EQ(length, 0);
        CHECK_ERRNO(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "nosuch", 6), ENODEV);
        CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 2));
        length = sizeof name;
        CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &length));
        CHECK_EQ(length, 3);
        CHECK_STR(name, "lo");
        inet_address to;
        length = inet_loopback(&to, AF_INET, port);
        CHECK_EQ(sendto(from, "a", 1, 0, &to.any, length), 1);
        CHECK_EQ(recv(fd, name, 1, MSG_DONTWAIT), 1);
        int other = 77; // an interface that is not there: nothing comes
        if (setsockopt(fd, SOL_SOCKET, 62 /* SO_BINDTOIFINDEX */, &other, sizeof other) == 0) {
            CHECK_EQ(number(fd, SOL_SOCKET, 62), 77);
            CHECK_EQ(sendto(from, "a", 1, 0, &to.any, length), 1);
            CHECK_ERRNO(recv(fd, name, 1, MSG_DONTWAIT), EAGAIN);
        }
        CHECK_OK(close(fd));
        CHECK_OK(close(from));

        // Two sockets may have one port when their devices differ; a listener hears its own device alone.
        int one = inet_listener(AF_INET, 1), two = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0)), call = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
        port = inet_port(one);
        CHECK_OK(setsockopt(two, SOL_SOCKET, SO_BINDTODEVICE, "lo", 2));
        length = inet_loopback(&to, AF_INET, port);
        CHECK_ERRNO(bind(two, &to.any, length), EADDRINUSE);
        CHECK_OK(setsockopt(call, SOL_SOCKET, SO_BINDTODEVICE, "lo", 2));
        CHECK_OK(inet_connect(call, AF_INET, port));
        CHECK_OK(close(one));
        CHECK_OK(close(two));
        CHECK_OK(close(call));
    }
    CHECK_EXIT(pid, 0);
}

TEST(freebind)
{
    pid_t pid;
    IN_CHILD(pid) if (own_network()) {
        int on = 1;
        struct sockaddr_in far = {AF_INET, 0, {htonl(0xc0000205)}, {0}}; // 192.0.2.5
        for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++) {
            int fd = CHECK_OK(socket(AF_INET, type, 0));
            CHECK_ERRNO(bind(fd, (void *)&far, sizeof far), EADDRNOTAVAIL);
            CHECK_OK(setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &on, sizeof on));
            CHECK_OK(bind(fd, (void *)&far, sizeof far));
            CHECK_OK(close(fd));
        }
    }
    CHECK_EXIT(pid, 0);
}

TEST(mtu_of_the_path)
{
    int fd = inet_bound(AF_INET, SOCK_DGRAM), value;
    socklen_t length = sizeof value;
    CHECK_ERRNO(getsockopt(fd, IPPROTO_IP, IP_MTU, &value, &length), ENOTCONN);
    CHECK_OK(inet_connect(fd, AF_INET, inet_port(fd)));
    CHECK(number(fd, IPPROTO_IP, IP_MTU) >= 65535);
    CHECK_OK(close(fd));
}

TEST(truncated_stream)
{
    int pair[2];
    char text[8] = "unread";
    inet_pair(AF_INET, pair);
    CHECK_EQ(write(pair[0], "0123456789", 10), 10);
    CHECK_EQ(recv(pair[1], text, 4, MSG_TRUNC | MSG_WAITALL), 4); // dropped, not copied
    CHECK_STR(text, "unread");
    CHECK_EQ(recv(pair[1], text, 4, MSG_PEEK), 4);
    CHECK_EQ(memcmp(text, "4567", 4), 0);
    CHECK_OK(close(pair[0]));
    CHECK_OK(close(pair[1]));
}

TEST(key_of_fast_open)
{
    int fd = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
    unsigned char key[33], found[64];
    socklen_t length = sizeof found;
    memset(key, 7, sizeof key);
    CHECK_ERRNO(setsockopt(fd, IPPROTO_TCP, 33, key, 15), EINVAL); // TCP_FASTOPEN_KEY
    CHECK_ERRNO(setsockopt(fd, IPPROTO_TCP, 33, key, 33), EINVAL);
    CHECK_OK(setsockopt(fd, IPPROTO_TCP, 33, key, 16));
    CHECK_OK(getsockopt(fd, IPPROTO_TCP, 33, found, &length));
    CHECK_EQ(length, 16);
    CHECK_EQ(memcmp(found, key, 16), 0);
    CHECK_OK(setsockopt(fd, IPPROTO_TCP, 33, key, 32));
    length = sizeof found;
    CHECK_OK(getsockopt(fd, IPPROTO_TCP, 33, found, &length));
    CHECK_EQ(length, 32);
    CHECK_OK(close(fd));
}

TEST(sizes_of_buffers)
{
    // tcp(7): a buffer whose size was set does not grow.
    int fd = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0)), least, first, most, value;
    FILE *file = fopen("/proc/sys/net/ipv4/tcp_rmem", "r");
    CHECK(file && fscanf(file, "%d %d %d", &least, &first, &most) == 3);
    fclose(file);
    CHECK(least > 0 && first >= least && most >= first);
    socklen_t length = sizeof value;
    CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &value, &length));
    CHECK_EQ(value, first);
    CHECK_OK(close(fd));
}

// SO_MEMINFO: what is in a socket's buffers, how much may be, and what was dropped (linux/sock_diag.h, SK_MEMINFO_...).
TEST(memory_in_use)
{
    enum { RECEIVED, MOST_RECEIVED, SENT, MOST_SENT, DROPS = 8, WORDS };
    unsigned words[WORDS + 1];
    char data[1000] = {0};
    int pair[2], value, small = 1;
    socklen_t length;
    for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++) {
        if (type == SOCK_STREAM) inet_pair(AF_INET6, pair);
        else {
            pair[1] = inet_bound(AF_INET, SOCK_DGRAM);
            pair[0] = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
            CHECK_OK(setsockopt(pair[1], SOL_SOCKET, SO_RCVBUF, &small, sizeof small));
            CHECK_OK(inet_connect(pair[0], AF_INET, inet_port(pair[1])));
        }
        CHECK_EQ(send(pair[0], data, sizeof data, 0), (long)sizeof data);
        CHECK_EQ(inet_poll(pair[1], POLLIN, 5000) & POLLIN, POLLIN);
        length = sizeof words;
        CHECK_OK(getsockopt(pair[1], SOL_SOCKET, SO_MEMINFO, words, &length));
        CHECK_EQ(length, WORDS * 4);
        CHECK(words[RECEIVED] >= sizeof data);
        CHECK_EQ(words[DROPS], 0);
        length = sizeof value;
        CHECK_OK(getsockopt(pair[1], SOL_SOCKET, SO_RCVBUF, &value, &length));
        CHECK_EQ(value, (int)words[MOST_RECEIVED]);
        CHECK_OK(getsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &value, &length));
        CHECK_EQ(value, (int)words[MOST_SENT]);
        for (int i = 0; type == SOCK_DGRAM && i < 20; i++) CHECK_EQ(send(pair[0], data, sizeof data, 0), (long)sizeof data);
        words[2] = 77;
        length = 8; // as much as there is room for
        CHECK_OK(getsockopt(pair[1], SOL_SOCKET, SO_MEMINFO, words, &length));
        CHECK_EQ(length, 8);
        CHECK_EQ(words[2], 77);
        length = sizeof words;
        CHECK_OK(getsockopt(pair[1], SOL_SOCKET, SO_MEMINFO, words, &length));
        CHECK((words[DROPS] > 0) == (type == SOCK_DGRAM));
        CHECK_ERRNO(setsockopt(pair[1], SOL_SOCKET, SO_MEMINFO, words, sizeof words), ENOPROTOOPT);
        CHECK_OK(close(pair[0]));
        CHECK_OK(close(pair[1]));
    }
}

// socket(7) does not tell; sk_setsockopt of Linux: a long, or an int whose bits are all set for none.
TEST(most_that_is_paced)
{
    for (int stream = 0; stream < 2; stream++) {
        int fd = CHECK_OK(socket(AF_INET, stream ? SOCK_STREAM : SOCK_DGRAM, 0)), some = 1000000, got;
        unsigned long rate = 0, much = 5000000000;
        socklen_t length = sizeof rate;
        CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_MAX_PACING_RATE, &rate, &length));
        CHECK_EQ(length, sizeof rate);
        CHECK_EQ(rate, ~0ul);
        CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_MAX_PACING_RATE, &some, sizeof some));
        length = sizeof got;
        CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_MAX_PACING_RATE, &got, &length));
        CHECK_EQ(length, sizeof got);
        CHECK_EQ(got, some);
        CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_MAX_PACING_RATE, &much, sizeof much));
        length = sizeof rate;
        CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_MAX_PACING_RATE, &rate, &length));
        CHECK_EQ(rate, much);
        some = -1;
        CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_MAX_PACING_RATE, &some, sizeof some));
        CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_MAX_PACING_RATE, &rate, &length));
        CHECK_EQ(rate, ~0ul);
        CHECK_ERRNO(setsockopt(fd, SOL_SOCKET, SO_MAX_PACING_RATE, &some, 2), EINVAL);
        CHECK_OK(close(fd));
    }
}

TEST(short_linger)
{
    int fd = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0)), value = 1;
    CHECK_ERRNO(setsockopt(fd, SOL_SOCKET, SO_LINGER, &value, sizeof value), EINVAL);
    CHECK_OK(close(fd));
}

static int set(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY);
    if (fd == -1) return errno;
    int result = write(fd, text, strlen(text)) == -1 ? errno : 0;
    close(fd);
    return result;
}

TEST(settings)
{
    if (!is_root()) {
        CHECK_EQ(set("/proc/sys/net/ipv4/ip_default_ttl", "9\n"), EACCES);
        return;
    }
    pid_t pid;
    IN_CHILD(pid) if (own_network() && set("/proc/sys/net/ipv4/ip_default_ttl", "33\n") == 0) { // a host may show it read-only
        char text[64];
        CHECK(read_file("/proc/sys/net/ipv4/ip_default_ttl", text, sizeof text) > 0);
        CHECK_STR(text, "33\n");
        int fd = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
        CHECK_EQ(number(fd, IPPROTO_IP, IP_TTL), 33);
        CHECK_OK(close(fd));
        CHECK_EQ(set("/proc/sys/net/ipv4/ip_default_ttl", "256\n"), EINVAL);
        CHECK_EQ(set("/proc/sys/net/ipv4/ip_local_port_range", "40000 40003\n"), 0);
        for (int i = 0; i < 3; i++) {
            fd = inet_bound(AF_INET, SOCK_DGRAM);
            int port = inet_port(fd);
            CHECK(port >= 40000 && port <= 40003);
        }
        CHECK_EQ(set("/proc/sys/net/ipv4/ip_local_port_range", "40003 40000\n"), EINVAL);
        CHECK_EQ(set("/proc/sys/net/ipv4/ip_local_port_range", "32768 60999\n"), 0);
        CHECK_EQ(set("/proc/sys/net/core/somaxconn", "7\n"), 0);
        CHECK(read_file("/proc/sys/net/core/somaxconn", text, sizeof text) > 0);
        CHECK_STR(text, "7\n");
        CHECK_EQ(set("/proc/sys/net/ipv4/tcp_keepalive_time", "100\n"), 0);
        fd = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
        CHECK_EQ(number(fd, IPPROTO_TCP, TCP_KEEPIDLE), 100);
        CHECK_EQ(set("/proc/sys/net/ipv4/tcp_congestion_control", "nosuch\n"), ENOENT);
        CHECK_EQ(set("/proc/sys/net/ipv4/ip_unprivileged_port_start", "80\n"), 0);
        pid_t nobody;
        IN_CHILD(nobody) {
            become_nobody();
            inet_address a;
            fd = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
            socklen_t length = inet_loopback(&a, AF_INET, 79);
            CHECK_ERRNO(bind(fd, &a.any, length), EACCES);
            length = inet_loopback(&a, AF_INET, 81);
            CHECK_OK(bind(fd, &a.any, length));
        }
        CHECK_EXIT(nobody, 0);
        set("/proc/sys/net/ipv4/ip_unprivileged_port_start", "1024\n");
        set("/proc/sys/net/ipv4/ip_default_ttl", "64\n");
        set("/proc/sys/net/ipv4/tcp_keepalive_time", "7200\n");
        set("/proc/sys/net/core/somaxconn", "4096\n");
    }
    CHECK_EXIT(pid, 0);
}
