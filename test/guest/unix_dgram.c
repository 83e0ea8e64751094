// unix(7), SOCK_DGRAM: messages with boundaries and senders, reliable and in order.
#include "guest.h"
#include <sys/ioctl.h>

static struct sockaddr_un address;
static socklen_t name(const char *path)
{
    address = (struct sockaddr_un){AF_UNIX};
    strcpy(address.sun_path, path);
    return offsetof(struct sockaddr_un, sun_path) + strlen(path) + 1;
}
static int dgram(const char *path)
{
    int fd = CHECK_OK(socket(AF_UNIX, SOCK_DGRAM, 0));
    if (path) {
        socklen_t length = name(path);
        CHECK_OK(bind(fd, (void *)&address, length));
    }
    return fd;
}
static ssize_t send_to(int fd, const char *text, const char *path)
{
    socklen_t length = name(path);
    return sendto(fd, text, strlen(text), MSG_DONTWAIT, (void *)&address, length);
}

TEST(boundaries_and_sender)
{
    char text[16] = {0};
    struct sockaddr_un from;
    socklen_t length = sizeof from;
    int server = dgram("s"), client = dgram("c");
    CHECK_EQ(send_to(client, "first", "s"), 5);
    CHECK_EQ(send_to(client, "second", "s"), 6);
    CHECK_EQ(recvfrom(server, text, sizeof text, 0, (void *)&from, &length), 5);
    CHECK_STR(text, "first");
    CHECK_STR(from.sun_path, "c");
    CHECK_EQ(length, offsetof(struct sockaddr_un, sun_path) + 2);
    CHECK_EQ(recv(server, text, 3, 0), 3); // the rest is dropped
    CHECK_ERRNO(recv(server, text, 3, MSG_DONTWAIT), EAGAIN);
    int anonymous = dgram(NULL);
    CHECK_EQ(send_to(anonymous, "x", "s"), 1);
    length = sizeof from;
    CHECK_EQ(recvfrom(server, text, sizeof text, 0, (void *)&from, &length), 1);
    CHECK_EQ(length, 0); // a sender without a name
    CHECK_OK(close(anonymous));
    CHECK_OK(close(client));
    CHECK_OK(close(server));
    CHECK_OK(unlink("s"));
    CHECK_OK(unlink("c"));
}

TEST(truncation_is_told)
{
    char text[4];
    struct iovec io = {text, sizeof text};
    struct msghdr message = {.msg_iov = &io, .msg_iovlen = 1};
    int pair[2];
    CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
    CHECK_EQ(write(pair[0], "abcdefgh", 8), 8);
    CHECK_EQ(write(pair[0], "ijklmnop", 8), 8);
    CHECK_EQ(recv(pair[1], text, 4, MSG_PEEK | MSG_TRUNC), 8); // the real length
    CHECK_EQ(recvmsg(pair[1], &message, 0), 4);
    CHECK_EQ(message.msg_flags & MSG_TRUNC, MSG_TRUNC);
    CHECK_EQ(recv(pair[1], text, 4, MSG_TRUNC), 8);
    CHECK_OK(close(pair[0]));
    CHECK_OK(close(pair[1]));
}

TEST(empty_message)
{
    char byte;
    int pair[2];
    CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
    CHECK_EQ(send(pair[0], "", 0, 0), 0);
    struct pollfd p = {pair[1], POLLIN};
    CHECK_EQ(poll(&p, 1, 0), 1);
    CHECK_EQ(recv(pair[1], &byte, 1, 0), 0);
    CHECK_ERRNO(recv(pair[1], &byte, 1, MSG_DONTWAIT), EAGAIN);
    CHECK_OK(close(pair[0]));
    CHECK_OK(close(pair[1]));
}

TEST(connected)
{
    char text[8];
    int server = dgram("s"), client = dgram("c"), other = dgram("o");
    socklen_t length = name("s");
    CHECK_ERRNO(send(client, "x", 1, 0), ENOTCONN);
    CHECK_OK(connect(client, (void *)&address, length));
    CHECK_EQ(send(client, "x", 1, 0), 1);
    CHECK_EQ(recv(server, text, sizeof text, 0), 1);
    length = name("c");
    CHECK_OK(connect(server, (void *)&address, length));
    CHECK_ERRNO(send_to(other, "x", "s"), EPERM); // s is connected to another now
    struct sockaddr unspec = {AF_UNSPEC};
    CHECK_OK(connect(server, &unspec, sizeof unspec)); // dissolves the association
    CHECK_EQ(send_to(other, "x", "s"), 1);
    CHECK_ERRNO(listen(server, 1), EOPNOTSUPP);
    CHECK_ERRNO(accept(server, NULL, NULL), EOPNOTSUPP);
    CHECK_OK(close(server));
    CHECK_ERRNO(send(client, "x", 1, 0), ECONNREFUSED);
    CHECK_ERRNO(send_to(other, "x", "s"), ECONNREFUSED);
    CHECK_ERRNO(send_to(other, "x", "none"), ENOENT);
    CHECK_OK(close(client));
    CHECK_OK(close(other));
    CHECK_OK(unlink("s"));
    CHECK_OK(unlink("c"));
    CHECK_OK(unlink("o"));
}

TEST(wrong_type)
{
    int server = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0)), client = dgram(NULL);
    socklen_t length = name("s");
    CHECK_OK(bind(server, (void *)&address, length));
    CHECK_OK(listen(server, 1));
    CHECK_ERRNO(connect(client, (void *)&address, length), EPROTOTYPE);
    CHECK_ERRNO(send_to(client, "x", "s"), EPROTOTYPE);
    CHECK_OK(close(server));
    CHECK_OK(close(client));
    CHECK_OK(unlink("s"));
}

TEST(queue_is_bounded)
{
    char text[4];
    int server = dgram("s"), client = dgram(NULL), n = 0, again = 0;
    while (send_to(client, "x", "s") == 1 && n < 100000) n++;
    CHECK_EQ(errno, EAGAIN); // never lost, never endless
    CHECK(n >= 1 && n < 100000);
    while (recv(server, text, sizeof text, MSG_DONTWAIT) == 1) again++;
    CHECK_EQ(again, n);
    CHECK_OK(close(server));
    CHECK_OK(close(client));
    CHECK_OK(unlink("s"));
}

TEST(too_large)
{
    static char big[1 << 20];
    int pair[2], size = 8192;
    CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
    CHECK_OK(setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size));
    CHECK_ERRNO(send(pair[0], big, sizeof big, 0), EMSGSIZE);
    CHECK_EQ(send(pair[0], big, 4000, 0), 4000);
    CHECK_OK(ioctl(pair[1], FIONREAD, &size));
    CHECK_EQ(size, 4000); // the first message's size
    CHECK_OK(close(pair[0]));
    CHECK_OK(close(pair[1]));
}

TEST(many_messages_at_once)
{
    char a[4] = {0}, b[4] = {0};
    struct iovec out[2] = {{"one", 3}, {"two", 3}}, in[2] = {{a, 3}, {b, 3}};
    struct mmsghdr send[2] = {{{.msg_iov = &out[0], .msg_iovlen = 1}}, {{.msg_iov = &out[1], .msg_iovlen = 1}}};
    struct mmsghdr receive[2] = {{{.msg_iov = &in[0], .msg_iovlen = 1}}, {{.msg_iov = &in[1], .msg_iovlen = 1}}};
    int pair[2];
    CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
    CHECK_EQ(sendmmsg(pair[0], send, 2, 0), 2);
    CHECK(send[0].msg_len == 3 && send[1].msg_len == 3);
    CHECK_EQ(recvmmsg(pair[1], receive, 2, 0, NULL), 2);
    CHECK_STR(a, "one");
    CHECK_STR(b, "two");
    CHECK_EQ(receive[1].msg_len, 3);
    CHECK_ERRNO(recvmmsg(pair[1], receive, 2, MSG_DONTWAIT, NULL), EAGAIN);
    CHECK_OK(close(pair[0]));
    CHECK_OK(close(pair[1]));
}

TEST(gather_and_scatter)
{
    char a[3] = {0}, b[8] = {0};
    struct iovec out[2] = {{"ab", 2}, {"cdef", 4}}, in[2] = {{a, 2}, {b, 7}};
    struct msghdr send = {.msg_iov = out, .msg_iovlen = 2}, receive = {.msg_iov = in, .msg_iovlen = 2};
    int pair[2];
    CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
    CHECK_EQ(sendmsg(pair[0], &send, 0), 6);
    CHECK_EQ(recvmsg(pair[1], &receive, 0), 6);
    CHECK_STR(a, "ab");
    CHECK_STR(b, "cdef");
    CHECK_ERRNO(sendmsg(pair[0], BAD_POINTER, 0), EFAULT);
    send.msg_iovlen = IOV_MAX + 1;
    CHECK_ERRNO(sendmsg(pair[0], &send, 0), EMSGSIZE);
    CHECK_OK(close(pair[0]));
    CHECK_OK(close(pair[1]));
}
