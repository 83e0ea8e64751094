// tcp(7), ip(7), socket(7): connections over loopback.
#include "inet.h"

static void talk(int family)
{
    int pair[2];
    char text[16] = {0};
    inet_address local, peer;
    socklen_t local_length = sizeof local, peer_length = sizeof peer;
    inet_pair(family, pair);
    CHECK_OK(getsockname(pair[0], &local.any, &local_length));
    CHECK_OK(getpeername(pair[1], &peer.any, &peer_length));
    CHECK_EQ(local_length, family == AF_INET ? 16 : 28);
    CHECK_EQ(local_length, peer_length);
    CHECK_EQ(memcmp(&local, &peer, local_length), 0);
    CHECK_EQ(write(pair[0], "hello", 5), 5);
    CHECK_EQ(read(pair[1], text, sizeof text), 5);
    CHECK_STR(text, "hello");
    CHECK_EQ(send(pair[1], "world!", 6, 0), 6);
    CHECK_EQ(recv(pair[0], text, 3, MSG_PEEK), 3);
    CHECK_EQ(recv(pair[0], text, 6, MSG_WAITALL), 6);
    CHECK_STR(text, "world!");
    CHECK_OK(close(pair[0]));
    CHECK_EQ(read(pair[1], text, 1), 0);
    CHECK_OK(close(pair[1]));
}
TEST(talk_v4) { talk(AF_INET); }
TEST(talk_v6) { talk(AF_INET6); }

TEST(refused_and_unreachable)
{
    int free_port = inet_bound(AF_INET, SOCK_STREAM); // bound, not listening
    int fd = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
    CHECK_ERRNO(inet_connect(fd, AF_INET, inet_port(free_port)), ECONNREFUSED);
    CHECK_EQ(inet_poll(fd, POLLIN | POLLOUT, 0), POLLOUT | POLLHUP);
    CHECK_ERRNO(inet_connect(fd, AF_INET, inet_port(free_port)), ECONNREFUSED);
    char c = 0;
    CHECK_ERRNO(recv(fd, &c, 1, 0), ENOTCONN);
    CHECK_ERRNO(send(fd, &c, 1, MSG_NOSIGNAL), EPIPE);
    CHECK_OK(close(fd));
    CHECK_OK(close(free_port));
}

TEST(connect_without_waiting)
{
    int listener = inet_listener(AF_INET, 1), error = -1;
    socklen_t length = sizeof error;
    int fd = CHECK_OK(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    CHECK_ERRNO(inet_connect(fd, AF_INET, inet_port(listener)), EINPROGRESS);
    CHECK_EQ(inet_poll(fd, POLLOUT, 5000), POLLOUT);
    CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length));
    CHECK_EQ(error, 0);
    CHECK_OK(inet_connect(fd, AF_INET, inet_port(listener)));
    CHECK_ERRNO(inet_connect(fd, AF_INET, inet_port(listener)), EISCONN);
    CHECK_OK(close(fd));
    fd = CHECK_OK(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    int free_port = inet_bound(AF_INET, SOCK_STREAM);
    CHECK_ERRNO(inet_connect(fd, AF_INET, inet_port(free_port)), EINPROGRESS);
    CHECK_EQ(inet_poll(fd, POLLOUT, 5000), POLLOUT | POLLERR | POLLHUP);
    CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length));
    CHECK_EQ(error, ECONNREFUSED);
    CHECK_OK(close(free_port));
    CHECK_OK(close(fd));
    CHECK_OK(close(listener));
}

TEST(accept_without_waiting)
{
    int listener = inet_listener(AF_INET, 5);
    CHECK_OK(fcntl(listener, F_SETFL, O_NONBLOCK));
    CHECK_ERRNO(accept(listener, NULL, NULL), EAGAIN);
    CHECK_EQ(inet_poll(listener, POLLIN | POLLOUT, 0), 0);
    int fd = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
    CHECK_OK(inet_connect(fd, AF_INET, inet_port(listener)));
    CHECK_EQ(inet_poll(listener, POLLIN, 5000), POLLIN);
    inet_address from;
    socklen_t length = sizeof from;
    int accepted = CHECK_OK(accept4(listener, &from.any, &length, SOCK_NONBLOCK | SOCK_CLOEXEC));
    CHECK_EQ(length, sizeof from.v4);
    CHECK_EQ(ntohs(from.v4.sin_port), inet_port(fd));
    CHECK_EQ(fcntl(accepted, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
    CHECK_EQ(fcntl(accepted, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(inet_port(accepted), inet_port(listener));
    CHECK_OK(close(accepted));
    CHECK_OK(close(fd));
    CHECK_OK(close(listener));
    int stream = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
    CHECK_ERRNO(accept(stream, NULL, NULL), EINVAL);
    CHECK_OK(close(stream));
}

TEST(rules_of_bind)
{
    inet_address address;
    int first = inet_listener(AF_INET, 1), second = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
    socklen_t length = inet_loopback(&address, AF_INET, inet_port(first));
    CHECK_ERRNO(bind(second, &address.any, length), EADDRINUSE);
    CHECK_ERRNO(bind(first, &address.any, length), EINVAL);
    int one = 1;
    CHECK_OK(setsockopt(second, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one));
    CHECK_ERRNO(bind(second, &address.any, length), EADDRINUSE); // somebody listens
    address.v4.sin_addr.s_addr = htonl(0x08080808);
    CHECK_ERRNO(bind(second, &address.any, length), EADDRNOTAVAIL);
    CHECK_ERRNO(bind(second, &address.any, 15), EINVAL);
    address.v4.sin_family = AF_UNIX;
    CHECK_ERRNO(bind(second, &address.any, length), EAFNOSUPPORT);
    CHECK_ERRNO(bind(second, BAD_POINTER, length), EFAULT);
    CHECK_OK(close(second));
    CHECK_OK(close(first));
}

TEST(an_address_is_not_reused_at_once)
{
    int pair[2];
    inet_address address;
    int listener = inet_listener(AF_INET, 1);
    int port = inet_port(listener);
    pair[0] = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
    CHECK_OK(inet_connect(pair[0], AF_INET, port));
    pair[1] = CHECK_OK(accept(listener, NULL, NULL));
    CHECK_OK(close(listener));
    CHECK_OK(close(pair[1])); // the server closes first: TIME-WAIT is on its side
    CHECK_OK(close(pair[0]));
    int again = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
    socklen_t length = inet_loopback(&address, AF_INET, port);
    CHECK_ERRNO(bind(again, &address.any, length), EADDRINUSE);
    CHECK_OK(close(again));
}

TEST(reuse_after_reuse)
{
    int one = 1;
    inet_address address;
    int listener = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
    socklen_t length = inet_loopback(&address, AF_INET, 0);
    CHECK_OK(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one));
    CHECK_OK(bind(listener, &address.any, length));
    CHECK_OK(listen(listener, 1));
    int port = inet_port(listener), client = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
    CHECK_OK(inet_connect(client, AF_INET, port));
    int server = CHECK_OK(accept(listener, NULL, NULL));
    CHECK_OK(close(listener));
    CHECK_OK(close(server));
    CHECK_OK(close(client));
    listener = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
    CHECK_OK(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one));
    length = inet_loopback(&address, AF_INET, port);
    CHECK_OK(bind(listener, &address.any, length));
    CHECK_OK(listen(listener, 1));
    CHECK_OK(close(listener));
}

TEST(shutdown_ends_one_way)
{
    int pair[2];
    char c;
    inet_pair(AF_INET, pair);
    CHECK_OK(shutdown(pair[0], SHUT_WR));
    CHECK_EQ(inet_poll(pair[1], POLLIN | POLLRDHUP, 5000), POLLIN | POLLRDHUP);
    CHECK_EQ(read(pair[1], &c, 1), 0);
    CHECK_ERRNO(send(pair[0], "x", 1, MSG_NOSIGNAL), EPIPE);
    CHECK_EQ(write(pair[1], "y", 1), 1);
    CHECK_EQ(read(pair[0], &c, 1), 1);
    CHECK_OK(shutdown(pair[1], SHUT_WR));
    CHECK_EQ(inet_poll(pair[1], POLLIN, 5000), POLLIN | POLLHUP);
    CHECK_ERRNO(shutdown(pair[0], 3), EINVAL);
    CHECK_OK(close(pair[0]));
    CHECK_OK(close(pair[1]));
    int fd = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
    CHECK_ERRNO(shutdown(fd, SHUT_RDWR), ENOTCONN);
    CHECK_OK(close(fd));
}

TEST(reset)
{
    int pair[2];
    char c;
    struct linger hard = {1, 0};
    inet_pair(AF_INET, pair);
    CHECK_OK(setsockopt(pair[0], SOL_SOCKET, SO_LINGER, &hard, sizeof hard));
    CHECK_OK(close(pair[0]));
    CHECK_EQ(inet_poll(pair[1], POLLIN, 5000), POLLIN | POLLERR | POLLHUP);
    CHECK_ERRNO(read(pair[1], &c, 1), ECONNRESET);
    CHECK_EQ(read(pair[1], &c, 1), 0);
    CHECK_ERRNO(send(pair[1], "x", 1, MSG_NOSIGNAL), EPIPE);
    CHECK_OK(close(pair[1]));
    // Data that was not read resets, too (RFC 2525).
    inet_pair(AF_INET, pair);
    CHECK_EQ(write(pair[0], "abc", 3), 3);
    CHECK_EQ(inet_poll(pair[1], POLLIN, 5000), POLLIN);
    CHECK_OK(close(pair[1]));
    CHECK_ERRNO(read(pair[0], &c, 1), ECONNRESET);
    CHECK_OK(close(pair[0]));
}

TEST(a_signal_when_nobody_reads)
{
    int pair[2];
    pid_t pid;
    inet_pair(AF_INET, pair);
    CHECK_OK(shutdown(pair[0], SHUT_WR));
    IN_CHILD(pid) { (void)!write(pair[0], "x", 1); }
    CHECK_KILLED(pid, SIGPIPE);
    CHECK_OK(close(pair[0]));
    CHECK_OK(close(pair[1]));
}

static void *send_much(void *fd)
{
    static char block[65536];
    unsigned x = 1;
    for (int i = 0; i < 200; i++) {
        for (size_t j = 0; j < sizeof block; j++) block[j] = (x = x * 1103515245 + 12345) >> 16;
        for (size_t done = 0; done < sizeof block;) {
            ssize_t n = CHECK_OK(write(*(int *)fd, block + done, sizeof block - done));
            if (n < 0) return NULL;
            done += n;
        }
    }
    CHECK_OK(shutdown(*(int *)fd, SHUT_WR));
    return NULL;
}
static void much(int family)
{
    int pair[2];
    static char block[50000];
    unsigned x = 1;
    size_t total = 0, wrong = 0;
    ssize_t n;
    pthread_t sender;
    inet_pair(family, pair);
    CHECK_EQ(pthread_create(&sender, NULL, send_much, &pair[0]), 0);
    while ((n = CHECK_OK(read(pair[1], block, sizeof block))) > 0) {
        for (ssize_t i = 0; i < n; i++) wrong += block[i] != (char)((x = x * 1103515245 + 12345) >> 16);
        total += n;
    }
    CHECK_EQ(pthread_join(sender, NULL), 0);
    CHECK_EQ(total, 200 * 65536);
    CHECK_EQ(wrong, 0);
    CHECK_OK(close(pair[0]));
    CHECK_OK(close(pair[1]));
}
TEST(much_data_v4) { much(AF_INET); }
TEST(much_data_v6) { much(AF_INET6); }

// Pieces of any size, read in pieces of any other size, by any of the calls: nothing is lost, doubled or mixed up.
static unsigned char byte_at(long position) { return (unsigned char)(position * 7 + position / 1000); }
static void pieces(int family)
{
    static const int sizes[] = {200000, 131072, 65536, 40000, 32768, 5, 16384, 300000, 32769, 1000};
    static unsigned char out[300000], in[400000];
    int pair[2], waiting;
    long sent = 0, taken = 0;
    inet_pair(family, pair);
    CHECK_OK(fcntl(pair[0], F_SETFL, O_NONBLOCK));
    CHECK_OK(fcntl(pair[1], F_SETFL, O_NONBLOCK));
    for (unsigned i = 0; i < 600; i++) {
        int size = sizes[i * 7 % COUNT(sizes)], want = sizes[(i * 3 + i / 11) % COUNT(sizes)];
        for (int k = 0; k < size; k++) out[k] = byte_at(sent + k);
        struct iovec half[2] = {{out, size / 2}, {out + size / 2, size - size / 2}};
        long count = i % 3 == 0 ? write(pair[0], out, size) : i % 3 == 1 ? send(pair[0], out, size, 0) : writev(pair[0], half, 2);
        if (count < 0) CHECK_EQ(errno, EAGAIN);
        else sent += count;
        memset(out, 0xee, size); // what was sent is the kernel's
        if (i % 5 == 0) continue;
        CHECK_OK(ioctl(pair[1], FIONREAD, &waiting));
        CHECK(waiting <= sent - taken);
        if (i % 7 == 0) {
            count = recv(pair[1], in, want, MSG_PEEK);
            if (count < 0) CHECK_EQ(errno, EAGAIN);
            for (long k = 0; k < count; k++) CHECK_EQ(in[k], byte_at(taken + k));
        }
        struct iovec parts[2] = {{in, want / 3}, {in + want / 3, want - want / 3}};
        count = i % 4 == 0 ? read(pair[1], in, want) : i % 4 == 1 ? recv(pair[1], in, want, 0) : i % 4 == 2 ? readv(pair[1], parts, 2) : recv(pair[1], in, want, MSG_WAITALL | MSG_DONTWAIT);
        if (count < 0) CHECK_EQ(errno, EAGAIN);
        else CHECK(count >= (waiting < want ? waiting : want)); // what is there is given, as far as there is room
        for (long k = 0; k < count; k++) CHECK_EQ(in[k], byte_at(taken + k));
        taken += count > 0 ? count : 0;
    }
    CHECK_OK(shutdown(pair[0], SHUT_WR));
    CHECK_OK(fcntl(pair[1], F_SETFL, 0));
    for (long count; (count = CHECK_OK(read(pair[1], in, sizeof in))) > 0; taken += count)
        for (long k = 0; k < count; k++) CHECK_EQ(in[k], byte_at(taken + k));
    CHECK_EQ(taken, sent);
    CHECK(sent > 10000000);
    CHECK_OK(close(pair[0]));
    CHECK_OK(close(pair[1]));
}
TEST(pieces_v4) { pieces(AF_INET); }
TEST(pieces_v6) { pieces(AF_INET6); }

// A buffer that ends in bad memory takes what fits before that.
TEST(a_large_piece_into_bad_memory)
{
    enum { SIZE = 131072 };
    static char out[SIZE];
    int pair[2];
    char *page = mmap(NULL, SIZE + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(out, 'a', SIZE);
    inet_pair(AF_INET, pair);
    CHECK_OK(mprotect(page + SIZE, PAGE, PROT_NONE));
    CHECK_EQ(write(pair[0], out, SIZE), SIZE);
    CHECK_EQ(recv(pair[1], page, SIZE, MSG_WAITALL), SIZE);
    CHECK_EQ(memcmp(page, out, SIZE), 0);
    CHECK_EQ(write(pair[0], out, SIZE), SIZE);
    memset(page, 0, SIZE);
    CHECK_ERRNO(read(pair[1], BAD_POINTER, SIZE), EFAULT);
    CHECK_ERRNO(write(pair[0], BAD_POINTER, SIZE), EFAULT);
    CHECK_OK(munmap(page, SIZE + PAGE));
    CHECK_OK(close(pair[0]));
    CHECK_OK(close(pair[1]));
}

TEST(buffers_fill_and_drain)
{
    int pair[2];
    static char block[65536];
    size_t sent = 0, received = 0;
    ssize_t n;
    inet_pair(AF_INET, pair);
    CHECK_OK(fcntl(pair[0], F_SETFL, O_NONBLOCK));
    CHECK_OK(fcntl(pair[1], F_SETFL, O_NONBLOCK));
    while ((n = write(pair[0], block, sizeof block)) > 0) sent += n;
    CHECK_EQ(errno, EAGAIN);
    CHECK(sent > 65536);
    CHECK_ERRNO(write(pair[0], BAD_POINTER, sizeof block), EAGAIN); // nothing is looked at when there is no room
    CHECK_ERRNO(send(pair[0], BAD_POINTER, sizeof block, 0), EAGAIN);
    CHECK_EQ(inet_poll(pair[0], POLLOUT, 0), 0);
    while (received < sent && inet_poll(pair[1], POLLIN, 5000) == POLLIN)
        while ((n = read(pair[1], block, sizeof block)) > 0) received += n;
    CHECK_EQ(received, sent);
    CHECK_EQ(inet_poll(pair[0], POLLOUT, 5000), POLLOUT);
    CHECK_OK(close(pair[0]));
    CHECK_OK(close(pair[1]));
}

TEST(epoll_sees_it)
{
    int pair[2], epoll = CHECK_OK(epoll_create1(0));
    struct epoll_event event = {EPOLLIN | EPOLLET | EPOLLRDHUP, {.u32 = 7}};
    char c;
    inet_pair(AF_INET, pair);
    CHECK_OK(epoll_ctl(epoll, EPOLL_CTL_ADD, pair[1], &event));
    CHECK_EQ(epoll_wait(epoll, &event, 1, 0), 0);
    CHECK_EQ(write(pair[0], "x", 1), 1);
    CHECK_EQ(epoll_wait(epoll, &event, 1, 5000), 1);
    CHECK_EQ(event.events, EPOLLIN);
    CHECK_EQ(epoll_wait(epoll, &event, 1, 0), 0);
    CHECK_EQ(read(pair[1], &c, 1), 1);
    CHECK_OK(close(pair[0]));
    CHECK_EQ(epoll_wait(epoll, &event, 1, 5000), 1);
    CHECK_EQ(event.events, EPOLLIN | EPOLLRDHUP);
    CHECK_OK(close(pair[1]));
    CHECK_OK(close(epoll));
}

TEST(one_socket_for_both_families)
{
    int listener = CHECK_OK(socket(AF_INET6, SOCK_STREAM, 0)), fd;
    inet_address address = {.v6 = {.sin6_family = AF_INET6}};
    socklen_t length = sizeof address.v6;
    CHECK_OK(bind(listener, &address.any, length));
    CHECK_OK(listen(listener, 2));
    for (int i = 0; i < 2; i++) {
        int family = i ? AF_INET6 : AF_INET;
        char text[INET6_ADDRSTRLEN];
        fd = CHECK_OK(socket(family, SOCK_STREAM, 0));
        CHECK_OK(inet_connect(fd, family, inet_port(listener)));
        length = sizeof address;
        int accepted = CHECK_OK(accept(listener, &address.any, &length));
        CHECK_EQ(length, sizeof address.v6);
        CHECK(inet_ntop(AF_INET6, &address.v6.sin6_addr, text, sizeof text) != NULL);
        CHECK_STR(text, i ? "::1" : "::ffff:127.0.0.1");
        CHECK_OK(close(accepted));
        CHECK_OK(close(fd));
    }
    CHECK_OK(close(listener));
}

static int option(int fd, int level, int name)
{
    int value = -1;
    socklen_t length = sizeof value;
    CHECK_OK(getsockopt(fd, level, name, &value, &length));
    return value;
}
static int set(int fd, int level, int name, int value) { return setsockopt(fd, level, name, &value, sizeof value); }

TEST(options)
{
    int fd = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
    CHECK_EQ(option(fd, SOL_SOCKET, SO_TYPE), SOCK_STREAM);
    CHECK_EQ(option(fd, SOL_SOCKET, SO_DOMAIN), AF_INET);
    CHECK_EQ(option(fd, SOL_SOCKET, SO_PROTOCOL), IPPROTO_TCP);
    CHECK_EQ(option(fd, SOL_SOCKET, SO_ACCEPTCONN), 0);
    CHECK_EQ(option(fd, IPPROTO_TCP, TCP_NODELAY), 0);
    CHECK_OK(set(fd, IPPROTO_TCP, TCP_NODELAY, 5));
    CHECK_EQ(option(fd, IPPROTO_TCP, TCP_NODELAY), 1);
    CHECK_EQ(option(fd, IPPROTO_TCP, TCP_KEEPIDLE), 7200);
    CHECK_OK(set(fd, IPPROTO_TCP, TCP_KEEPIDLE, 60));
    CHECK_EQ(option(fd, IPPROTO_TCP, TCP_KEEPIDLE), 60);
    CHECK_ERRNO(set(fd, IPPROTO_TCP, TCP_KEEPIDLE, 0), EINVAL);
    CHECK_EQ(option(fd, IPPROTO_TCP, TCP_KEEPINTVL), 75);
    CHECK_EQ(option(fd, IPPROTO_TCP, TCP_KEEPCNT), 9);
    CHECK_EQ(option(fd, IPPROTO_TCP, TCP_MAXSEG), 536);
    CHECK_EQ(option(fd, IPPROTO_IP, IP_TTL), 64);
    CHECK_OK(set(fd, IPPROTO_IP, IP_TTL, 5));
    CHECK_EQ(option(fd, IPPROTO_IP, IP_TTL), 5);
    CHECK_ERRNO(set(fd, IPPROTO_IP, IP_TTL, 0), EINVAL);
    CHECK_OK(set(fd, SOL_SOCKET, SO_RCVBUF, 10000));
    CHECK_EQ(option(fd, SOL_SOCKET, SO_RCVBUF), 20000);
    CHECK_ERRNO(set(fd, IPPROTO_TCP, 9999, 1), ENOPROTOOPT);
    CHECK_ERRNO(set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1), ENOPROTOOPT);
    CHECK_OK(close(fd));
    fd = CHECK_OK(socket(AF_INET6, SOCK_STREAM, 0));
    CHECK_EQ(option(fd, IPPROTO_IPV6, IPV6_V6ONLY), 0);
    CHECK_OK(set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1));
    CHECK_EQ(option(fd, IPPROTO_IPV6, IPV6_V6ONLY), 1);
    CHECK_OK(close(fd));
    CHECK_ERRNO(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP), EPROTONOSUPPORT);
    CHECK_ERRNO(socket(AF_INET, SOCK_SEQPACKET, 0), ESOCKTNOSUPPORT);
    CHECK_ERRNO(socketpair(AF_INET, SOCK_STREAM, 0, (int[2]){0}), EOPNOTSUPP);
}

TEST(tcp_info_tells_the_state)
{
    int pair[2];
    struct tcp_info info;
    socklen_t length = sizeof info;
    inet_pair(AF_INET, pair);
    CHECK_OK(getsockopt(pair[0], IPPROTO_TCP, TCP_INFO, &info, &length));
    CHECK_EQ(info.tcpi_state, TCP_ESTABLISHED);
    CHECK(info.tcpi_rtt > 0);
    CHECK_EQ(info.tcpi_options & 7, TCPI_OPT_TIMESTAMPS | TCPI_OPT_SACK | TCPI_OPT_WSCALE);
    CHECK_OK(close(pair[1]));
    CHECK_EQ(inet_poll(pair[0], POLLIN, 5000), POLLIN);
    length = sizeof info;
    CHECK_OK(getsockopt(pair[0], IPPROTO_TCP, TCP_INFO, &info, &length));
    CHECK_EQ(info.tcpi_state, TCP_CLOSE_WAIT);
    CHECK_OK(close(pair[0]));
}

TEST(counts_of_bytes)
{
    int pair[2], n;
    char text[8];
    inet_pair(AF_INET, pair);
    CHECK_EQ(write(pair[0], "12345", 5), 5);
    CHECK_EQ(inet_poll(pair[1], POLLIN, 5000), POLLIN);
    CHECK_OK(ioctl(pair[1], FIONREAD, &n));
    CHECK_EQ(n, 5);
    CHECK_EQ(read(pair[1], text, 2), 2);
    CHECK_OK(ioctl(pair[1], FIONREAD, &n));
    CHECK_EQ(n, 3);
    CHECK_OK(close(pair[0]));
    CHECK_OK(close(pair[1]));
}

TEST(a_time_limit)
{
    int pair[2];
    char c;
    struct timeval limit = {0, 20000};
    inet_pair(AF_INET, pair);
    CHECK_OK(setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit));
    CHECK_ERRNO(recv(pair[0], &c, 1, 0), EAGAIN);
    CHECK_OK(close(pair[0]));
    CHECK_OK(close(pair[1]));
}

TEST(fork_shares_a_connection)
{
    pid_t pid;
    int listener = inet_listener(AF_INET, 8);
    IN_CHILD(pid) {
        for (int i = 0; i < 20; i++) {
            char c;
            int fd = CHECK_OK(accept(listener, NULL, NULL));
            CHECK_EQ(read(fd, &c, 1), 1);
            c++;
            CHECK_EQ(write(fd, &c, 1), 1);
            CHECK_OK(close(fd));
        }
    }
    for (int i = 0; i < 20; i++) {
        char c = i;
        int fd = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
        CHECK_OK(inet_connect(fd, AF_INET, inet_port(listener)));
        CHECK_EQ(write(fd, &c, 1), 1);
        CHECK_EQ(read(fd, &c, 1), 1);
        CHECK_EQ(c, i + 1);
        CHECK_EQ(read(fd, &c, 1), 0);
        CHECK_OK(close(fd));
    }
    CHECK_EXIT(pid, 0);
    CHECK_OK(close(listener));
}

TEST(ports_below_1024_need_a_privilege)
{
    pid_t pid;
    IN_CHILD(pid) {
        inet_address address;
        become_nobody();
        int fd = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
        socklen_t length = inet_loopback(&address, AF_INET, 81);
        CHECK_ERRNO(bind(fd, &address.any, length), EACCES);
        address.any.sa_family = AF_UNSPEC; // taken for AF_INET when the address is 0
        address.v4.sin_addr.s_addr = 0;
        CHECK_ERRNO(bind(fd, &address.any, length), EACCES);
        address.any.sa_family = AF_INET;
        address.v4.sin_addr.s_addr = htonl(0xcb007101); // 203.0.113.1: the address is looked at first
        CHECK_ERRNO(bind(fd, &address.any, length), EADDRNOTAVAIL);
    }
    CHECK_EXIT(pid, 0);
}
