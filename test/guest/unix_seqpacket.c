// unix(7), SOCK_SEQPACKET: connections with message boundaries.
#include "guest.h"

static void pair_of(int pair[2]) { CHECK_OK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair)); }
static void close_pair(int pair[2])
{
    CHECK_OK(close(pair[0]));
    CHECK_OK(close(pair[1]));
}

TEST(boundaries)
{
    char text[16] = {0};
    int pair[2];
    pair_of(pair);
    CHECK_EQ(write(pair[0], "one", 3), 3);
    CHECK_EQ(write(pair[0], "three", 5), 5);
    CHECK_EQ(read(pair[1], text, sizeof text), 3);
    CHECK_EQ(read(pair[1], text, 2), 2); // the rest of the message is lost
    CHECK_ERRNO(recv(pair[1], text, 2, MSG_DONTWAIT), EAGAIN);
    close_pair(pair);
}

TEST(record_flags)
{
    char text[4];
    struct iovec io = {text, sizeof text};
    struct msghdr message = {.msg_iov = &io, .msg_iovlen = 1};
    int pair[2];
    pair_of(pair);
    CHECK_EQ(send(pair[0], "abcdefgh", 8, MSG_EOR), 8);
    CHECK_EQ(recvmsg(pair[1], &message, 0), 4);
    CHECK_EQ(message.msg_flags & MSG_TRUNC, MSG_TRUNC);
    close_pair(pair);
}

TEST(end_of_connection)
{
    char byte;
    int pair[2];
    pair_of(pair);
    CHECK_EQ(write(pair[0], "x", 1), 1);
    CHECK_OK(shutdown(pair[0], SHUT_WR));
    CHECK_EQ(read(pair[1], &byte, 1), 1);
    CHECK_EQ(read(pair[1], &byte, 1), 0);
    CHECK_ERRNO(send(pair[0], "x", 1, MSG_NOSIGNAL), EPIPE);
    CHECK_OK(close(pair[1]));
    struct pollfd p = {pair[0], POLLIN};
    CHECK_EQ(poll(&p, 1, 0), 1);
    CHECK(p.revents & POLLHUP);
    CHECK_OK(close(pair[0]));
}

TEST(sigpipe)
{
    pid_t pid;
    int pair[2];
    pair_of(pair);
    CHECK_OK(close(pair[1]));
    IN_CHILD(pid) {
        signal(SIGPIPE, SIG_DFL);
        CHECK_ERRNO(send(pair[0], "x", 1, MSG_NOSIGNAL), EPIPE);
        // Unlike a stream, a broken SEQPACKET connection gives EPIPE; the signal is for streams.
        CHECK_ERRNO(send(pair[0], "x", 1, 0), EPIPE);
    }
    CHECK_EXIT(pid, 0);
    CHECK_OK(close(pair[0]));
}

TEST(listen_and_accept)
{
    pid_t pid;
    char text[8];
    struct sockaddr_un a = {AF_UNIX, "s"};
    int server = CHECK_OK(socket(AF_UNIX, SOCK_SEQPACKET, 0));
    CHECK_OK(bind(server, (void *)&a, sizeof a));
    CHECK_OK(listen(server, 4));
    IN_CHILD(pid) {
        int client = CHECK_OK(socket(AF_UNIX, SOCK_SEQPACKET, 0));
        CHECK_OK(connect(client, (void *)&a, sizeof a));
        CHECK_EQ(write(client, "hello", 5), 5);
        CHECK_EQ(read(client, text, sizeof text), 2);
    }
    int one = CHECK_OK(accept(server, NULL, NULL));
    CHECK_EQ(read(one, text, sizeof text), 5);
    CHECK_EQ(write(one, "ok", 2), 2);
    CHECK_EXIT(pid, 0);
    CHECK_EQ(read(one, text, sizeof text), 0);
    int wrong = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
    CHECK_ERRNO(connect(wrong, (void *)&a, sizeof a), EPROTOTYPE);
    CHECK_OK(close(wrong));
    CHECK_OK(close(one));
    CHECK_OK(close(server));
    CHECK_OK(unlink("s"));
}

TEST(order_under_load)
{
    enum { N = 5000 };
    pid_t pid;
    int pair[2], value;
    pair_of(pair);
    IN_CHILD(pid)
        for (int i = 0; i < N; i++) CHECK_EQ(write(pair[0], &i, sizeof i), sizeof i);
    for (int i = 0; i < N; i++) {
        CHECK_EQ(read(pair[1], &value, sizeof value), sizeof value);
        CHECK_EQ(value, i);
    }
    CHECK_EXIT(pid, 0);
    close_pair(pair);
}

TEST(interrupted_receive)
{
    pid_t pid;
    char byte;
    int pair[2];
    pair_of(pair);
    IN_CHILD(pid) {
        struct sigaction action = {.sa_handler = (void (*)(int))getpid};
        sigaction(SIGUSR1, &action, NULL);
        CHECK_ERRNO(recv(pair[1], &byte, 1, 0), EINTR);
    }
    wait_until_blocked(pid);
    CHECK_OK(kill(pid, SIGUSR1));
    CHECK_EXIT(pid, 0);
    close_pair(pair);
}

TEST(room_comes_before_data)
{
    static char block[5000], other[300];
    char *bad = (char *)8;
    int pair[2];
    CHECK_OK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair));
    CHECK_ERRNO(write(pair[0], bad, 1), EFAULT);
    CHECK_ERRNO(write(pair[0], bad, 1 << 20), EMSGSIZE); // whatever is in it
    // Which of its two bounds ends it, bytes (before the data) or the number of messages (after it), depends: this is about bytes.
    while (write(pair[0], block, sizeof block) > 0) continue;
    CHECK_EQ(errno, EAGAIN);
    CHECK_ERRNO(write(pair[0], bad, sizeof block), EAGAIN);
    CHECK_ERRNO(send(pair[0], bad, sizeof block, 0), EAGAIN);
    CHECK_EQ(read(pair[1], other, sizeof other), sizeof other);
    while (read(pair[1], block, sizeof block) > 0) continue;
    CHECK_EQ(errno, EAGAIN);
    CHECK_ERRNO(write(pair[0], bad, 1), EFAULT);
    CHECK_OK(close(pair[1]));
    CHECK_ERRNO(send(pair[0], bad, 1, MSG_NOSIGNAL), EPIPE);
    CHECK_OK(close(pair[0]));
}

// One message, however large: a socket's buffer may be twice what net.core.wmem_max says.
TEST(large_messages)
{
    static char out[300000], in[400000];
    int pair[2], size = 1 << 20, turn;
    CHECK_OK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair));
    CHECK_OK(setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size));
    CHECK_OK(getsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &size, &(socklen_t){sizeof size}));
    size = size > (int)sizeof out + 4096 ? (int)sizeof out : size - 4096;
    for (turn = 0; turn < 4; turn++) {
        for (int i = 0; i < size; i += 97) out[i] = i + turn;
        CHECK_EQ(turn & 1 ? write(pair[0], out, size) : send(pair[0], out, size, 0), size);
        CHECK_EQ(turn & 2 ? read(pair[1], in, sizeof in) : recv(pair[1], in, sizeof in, 0), size);
        CHECK(memcmp(in, out, size) == 0);
    }
    close_pair(pair);
}
