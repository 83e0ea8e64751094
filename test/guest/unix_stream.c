// unix(7), SOCK_STREAM: connection, names, half-close, backlog, options.
#include "guest.h"
#include <sys/ioctl.h>

static socklen_t name(struct sockaddr_un *a, const char *path)
{
    *a = (struct sockaddr_un){AF_UNIX};
    strcpy(a->sun_path, path);
    return offsetof(struct sockaddr_un, sun_path) + strlen(path) + 1;
}
static int try_connect(int fd, const char *path)
{
    struct sockaddr_un a;
    socklen_t length = name(&a, path);
    return connect(fd, (void *)&a, length);
}
static int stream(void) { return CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0)); }
static int listener(const char *path, int backlog)
{
    struct sockaddr_un a;
    int fd = stream();
    socklen_t length = name(&a, path);
    CHECK_OK(bind(fd, (void *)&a, length));
    CHECK_OK(listen(fd, backlog));
    return fd;
}

TEST(connect_accept_echo)
{
    char text[16] = {0};
    struct sockaddr_un peer;
    socklen_t length = sizeof peer;
    int server = listener("s", 5), client = stream(), one;
    CHECK_OK(try_connect(client, "s")); // completes before accept
    CHECK_EQ(write(client, "early", 5), 5);
    one = CHECK_OK(accept4(server, (void *)&peer, &length, SOCK_CLOEXEC | SOCK_NONBLOCK));
    CHECK_EQ(length, sizeof(sa_family_t)); // the client has no name
    CHECK_EQ(peer.sun_family, AF_UNIX);
    CHECK_EQ(fcntl(one, F_GETFD), FD_CLOEXEC);
    CHECK(fcntl(one, F_GETFL) & O_NONBLOCK);
    CHECK_EQ(read(one, text, sizeof text), 5);
    CHECK_ERRNO(read(one, text, 1), EAGAIN);
    CHECK_EQ(write(one, "ab", 2), 2);
    CHECK_EQ(write(one, "cd", 2), 2);
    CHECK_EQ(read(client, text, sizeof text), 4); // no message boundaries
    length = sizeof peer;
    CHECK_OK(getpeername(client, (void *)&peer, &length));
    CHECK_STR(peer.sun_path, "s");
    CHECK_OK(close(one));
    CHECK_EQ(read(client, text, 1), 0);
    signal(SIGPIPE, SIG_IGN);
    CHECK_ERRNO(write(client, "x", 1), EPIPE);
    signal(SIGPIPE, SIG_DFL);
    CHECK_ERRNO(send(client, "x", 1, MSG_NOSIGNAL), EPIPE);
    CHECK_OK(close(client));
    CHECK_OK(close(server));
    CHECK_OK(unlink("s"));
}

TEST(names_and_errors)
{
    struct sockaddr_un a;
    struct stat st;
    socklen_t length;
    int server = listener("s", 1), other = stream();
    CHECK_OK(stat("s", &st));
    CHECK(S_ISSOCK(st.st_mode));
    length = name(&a, "s");
    CHECK_ERRNO(bind(other, (void *)&a, length), EADDRINUSE);
    length = name(&a, "second");
    CHECK_ERRNO(bind(server, (void *)&a, length), EINVAL); // already bound
    length = name(&a, "none/s");
    CHECK_ERRNO(bind(other, (void *)&a, length), ENOENT);
    CHECK_ERRNO(try_connect(other, "none"), ENOENT);
    write_file("f", "");
    CHECK_ERRNO(try_connect(other, "f"), ECONNREFUSED);
    CHECK_ERRNO(connect(other, (void *)&a, 1), EINVAL);
    a.sun_family = AF_INET;
    CHECK_ERRNO(connect(other, (void *)&a, sizeof a), EINVAL);
    CHECK_ERRNO(connect(other, BAD_POINTER, sizeof a), EFAULT);
    CHECK_ERRNO(listen(other, 1), EINVAL); // not bound
    CHECK_ERRNO(accept(other, NULL, NULL), EINVAL);
    CHECK_ERRNO(send(other, "x", 1, MSG_NOSIGNAL), ENOTCONN);
    CHECK_ERRNO(recv(other, &st, 1, 0), EINVAL);
    CHECK_ERRNO(getpeername(other, (void *)&a, &length), ENOTCONN);
    CHECK_OK(shutdown(other, SHUT_RD)); // unlike TCP, no ENOTCONN
    CHECK_OK(close(server));
    CHECK_ERRNO(try_connect(other, "s"), ECONNREFUSED); // the name outlives the socket
    CHECK_ERRNO(socket(AF_UNIX, SOCK_STREAM, 99), EPROTONOSUPPORT);
    CHECK_ERRNO(socket(AF_UNIX, 77, 0), EINVAL);
    CHECK_ERRNO(socket(12345, SOCK_STREAM, 0), EAFNOSUPPORT);
    CHECK_ERRNO(getsockname(0x7fff, (void *)&a, &length), EBADF);
    int null = CHECK_OK(open("/dev/null", O_RDWR));
    CHECK_ERRNO(listen(null, 1), ENOTSOCK);
    CHECK_OK(close(null));
    CHECK_OK(close(other));
    CHECK_OK(unlink("f"));
    CHECK_OK(unlink("s"));
}

TEST(already_connected)
{
    int server = listener("s", 5), client = stream();
    CHECK_OK(try_connect(client, "s"));
    CHECK_ERRNO(try_connect(client, "s"), EISCONN);
    CHECK_OK(close(client));
    CHECK_OK(close(server));
    CHECK_OK(unlink("s"));
}

TEST(backlog)
{
    int server = listener("s", 1), client[8], n = 0;
    for (; n < 8; n++) {
        client[n] = CHECK_OK(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
        if (try_connect(client[n], "s") == -1) {
            CHECK_EQ(errno, EAGAIN); // unix stream connections do not become "in progress"
            break;
        }
    }
    CHECK_EQ(n, 2); // backlog 1 holds two
    struct pollfd p = {server, POLLIN};
    CHECK_EQ(poll(&p, 1, 0), 1);
    CHECK_OK(close(accept(server, NULL, NULL)));
    CHECK_OK(try_connect(client[n], "s"));
    for (int i = 0; i <= n; i++) CHECK_OK(close(client[i]));
    CHECK_OK(close(server));
    CHECK_OK(unlink("s"));
}

TEST(half_close)
{
    char byte;
    int pair[2];
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    CHECK_EQ(write(pair[0], "x", 1), 1);
    CHECK_OK(shutdown(pair[0], SHUT_WR));
    CHECK_ERRNO(send(pair[0], "x", 1, MSG_NOSIGNAL), EPIPE);
    CHECK_EQ(read(pair[1], &byte, 1), 1); // what was sent arrives
    CHECK_EQ(read(pair[1], &byte, 1), 0);
    CHECK_EQ(write(pair[1], "y", 1), 1); // the other direction lives
    CHECK_EQ(read(pair[0], &byte, 1), 1);
    CHECK_OK(shutdown(pair[0], SHUT_RD));
    CHECK_ERRNO(send(pair[1], "x", 1, MSG_NOSIGNAL), EPIPE);
    CHECK_ERRNO(shutdown(pair[0], 9), EINVAL);
    CHECK_OK(close(pair[0]));
    CHECK_OK(close(pair[1]));
}

TEST(receive_flags)
{
    char text[16] = {0};
    int pair[2], waiting;
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    CHECK_ERRNO(recv(pair[0], text, 1, MSG_DONTWAIT), EAGAIN);
    CHECK_EQ(write(pair[1], "abcdef", 6), 6);
    CHECK_EQ(recv(pair[0], text, 3, MSG_PEEK), 3);
    CHECK_OK(ioctl(pair[0], FIONREAD, &waiting));
    CHECK_EQ(waiting, 6);
    pid_t pid;
    IN_CHILD(pid) CHECK_EQ(recv(pair[0], text, 10, MSG_WAITALL), 10);
    wait_until_blocked(pid);
    CHECK_EQ(write(pair[1], "ghij", 4), 4);
    CHECK_EXIT(pid, 0);
    CHECK_OK(close(pair[0]));
    CHECK_OK(close(pair[1]));
}

TEST(unread_data_resets)
{
    char byte;
    int pair[2];
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    CHECK_EQ(write(pair[0], "x", 1), 1);
    CHECK_OK(close(pair[1])); // closing with data unread
    CHECK_ERRNO(read(pair[0], &byte, 1), ECONNRESET);
    CHECK_EQ(read(pair[0], &byte, 1), 0); // told once
    CHECK_OK(close(pair[0]));
}

TEST(flow_control)
{
    static char block[4096];
    int pair[2];
    size_t sent = 0, got = 0;
    ssize_t n;
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair));
    struct pollfd p = {pair[0], POLLOUT};
    CHECK_EQ(poll(&p, 1, 0), 1);
    while ((n = write(pair[0], block, sizeof block)) > 0) sent += n;
    CHECK_EQ(errno, EAGAIN);
    CHECK(sent >= 16384);
    CHECK_EQ(poll(&p, 1, 0), 0);
    while ((n = read(pair[1], block, sizeof block)) > 0) got += n;
    CHECK_EQ(got, sent);
    CHECK_EQ(poll(&p, 1, 0), 1);
    CHECK_OK(close(pair[0]));
    CHECK_OK(close(pair[1]));
}

TEST(socket_options)
{
    int server = listener("s", 1), value = 0, pair[2];
    socklen_t length = sizeof value;
    CHECK_OK(getsockopt(server, SOL_SOCKET, SO_TYPE, &value, &length));
    CHECK_EQ(value, SOCK_STREAM);
    CHECK_OK(getsockopt(server, SOL_SOCKET, SO_DOMAIN, &value, &length));
    CHECK_EQ(value, AF_UNIX);
    CHECK_OK(getsockopt(server, SOL_SOCKET, SO_ACCEPTCONN, &value, &length));
    CHECK_EQ(value, 1);
    CHECK_OK(getsockopt(server, SOL_SOCKET, SO_ERROR, &value, &length));
    CHECK_EQ(value, 0);
    value = 50000;
    CHECK_OK(setsockopt(server, SOL_SOCKET, SO_SNDBUF, &value, sizeof value));
    CHECK_OK(getsockopt(server, SOL_SOCKET, SO_SNDBUF, &value, &length));
    CHECK_EQ(value, 100000); // socket(7): the kernel doubles it
    CHECK_ERRNO(getsockopt(server, SOL_SOCKET, 9999, &value, &length), ENOPROTOOPT);
    CHECK_ERRNO(setsockopt(server, SOL_SOCKET, SO_SNDBUF, &value, 1), EINVAL);
    CHECK_ERRNO(getsockopt(server, SOL_SOCKET, SO_TYPE, BAD_POINTER, &length), EFAULT);
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    struct timeval limit = {0, 10000};
    CHECK_OK(setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit));
    CHECK_ERRNO(read(pair[0], &value, 1), EAGAIN);
    CHECK_OK(close(pair[0]));
    CHECK_OK(close(pair[1]));
    CHECK_OK(close(server));
    CHECK_OK(unlink("s"));
}

TEST(blocking_accept)
{
    pid_t pid;
    int server = listener("s", 1);
    IN_CHILD(pid) {
        int one = CHECK_OK(accept(server, NULL, NULL));
        pipe_wait(one);
    }
    wait_until_blocked(pid);
    int client = stream();
    CHECK_OK(try_connect(client, "s"));
    CHECK_EQ(write(client, "x", 1), 1);
    CHECK_EXIT(pid, 0);
    CHECK_OK(close(client));
    CHECK_OK(close(server));
    CHECK_OK(unlink("s"));
}

TEST(permission_to_connect)
{
    pid_t pid;
    int server = listener("s", 1);
    CHECK_OK(chmod("s", 0400));
    IN_CHILD(pid) {
        become_nobody();
        int client = stream();
        CHECK_ERRNO(try_connect(client, "s"), EACCES); // unix(7): needs write permission
    }
    CHECK_EXIT(pid, 0);
    CHECK_OK(close(server));
    CHECK_OK(unlink("s"));
}

// Fills one end; a byte more does not fit.
static void fill(int fd)
{
    static char block[4096];
    while (write(fd, block, sizeof block) > 0) continue;
    CHECK_EQ(errno, EAGAIN);
    while (write(fd, block, 1) > 0) continue;
    CHECK_EQ(errno, EAGAIN);
}

// Nobody looks at data for which there is no room, or that nobody would read.
TEST(room_comes_before_data)
{
    static char block[65536];
    char *bad = (char *)8;
    struct iovec parts[2] = {{bad, 3}, {bad, 100000}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    int pair[2];
    pid_t pid;
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair));
    CHECK_ERRNO(write(pair[0], bad, 1), EFAULT);
    CHECK_ERRNO(write(pair[0], bad, 100000), EFAULT);
    fill(pair[0]);
    CHECK_ERRNO(write(pair[0], bad, 1), EAGAIN);
    CHECK_ERRNO(write(pair[0], bad, 100000), EAGAIN);
    CHECK_ERRNO(writev(pair[0], parts, 2), EAGAIN);
    CHECK_ERRNO(send(pair[0], bad, 1, 0), EAGAIN);
    CHECK_ERRNO(sendmsg(pair[0], &message, 0), EAGAIN);
    CHECK_ERRNO(sendto(pair[0], bad, 1, 0, (void *)&(struct sockaddr_un){AF_UNIX, "s"}, 4), EISCONN); // this comes first
    IN_CHILD(pid) {
        CHECK_OK(fcntl(pair[0], F_SETFL, 0));
        CHECK_ERRNO(write(pair[0], bad, 1), EFAULT); // when there is room
    }
    wait_until_blocked(pid);
    while (read(pair[1], block, sizeof block) > 0) continue;
    CHECK_EQ(errno, EAGAIN);
    CHECK_EXIT(pid, 0);
    CHECK_OK(close(pair[1]));
    CHECK_ERRNO(send(pair[0], bad, 1, MSG_NOSIGNAL), EPIPE);
    CHECK_ERRNO(send(pair[0], bad, 100000, MSG_NOSIGNAL), EPIPE);
    CHECK_OK(close(pair[0]));
    pair[0] = stream();
    CHECK_ERRNO(send(pair[0], bad, 1, MSG_NOSIGNAL), ENOTCONN);
    CHECK_OK(close(pair[0]));
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    CHECK_OK(shutdown(pair[0], SHUT_WR));
    CHECK_ERRNO(send(pair[0], bad, 1, MSG_NOSIGNAL), EPIPE);
    CHECK_OK(close(pair[0]));
    CHECK_OK(close(pair[1]));
}
