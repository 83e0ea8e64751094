// unix(7): passing descriptors and credentials, abstract names, SO_PEERCRED.
#include "guest.h"

#define MAX 253 // SCM_MAX_FD

static union { struct cmsghdr header; char bytes[CMSG_SPACE(sizeof(int) * (MAX + 10)) + CMSG_SPACE(sizeof(struct ucred))]; } control;

static ssize_t send_fds(int socket, const int *fds, int count)
{
    struct iovec io = {"m", 1};
    struct msghdr message = {.msg_iov = &io, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_SPACE(sizeof(int) * count)};
    memset(&control, 0, sizeof control);
    control.header = (struct cmsghdr){CMSG_LEN(sizeof(int) * count), SOL_SOCKET, SCM_RIGHTS};
    memcpy(CMSG_DATA(&control.header), fds, sizeof(int) * count);
    return sendmsg(socket, &message, MSG_NOSIGNAL);
}

// Receives one byte and up to `room` descriptors; gives how many came and the message's flags.
static int receive_fds(int socket, int *fds, int room, int flags, int *out_flags)
{
    char byte;
    struct iovec io = {&byte, 1};
    struct msghdr message = {.msg_iov = &io, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = room ? CMSG_LEN(sizeof(int) * room) : 0};
    if (recvmsg(socket, &message, flags) != 1) return -1;
    if (out_flags) *out_flags = message.msg_flags;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (!header) return 0;
    CHECK_EQ(header->cmsg_level, SOL_SOCKET);
    CHECK_EQ(header->cmsg_type, SCM_RIGHTS);
    int count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    memcpy(fds, CMSG_DATA(header), sizeof(int) * count);
    return count;
}

static int pair[2];
static void begin(int type) { CHECK_OK(socketpair(AF_UNIX, type, 0, pair)); }
static void end(void)
{
    CHECK_OK(close(pair[0]));
    CHECK_OK(close(pair[1]));
}

TEST(pass_one)
{
    char text[8] = {0};
    int got, ends[2], flags;
    begin(SOCK_STREAM);
    CHECK_OK(pipe(ends));
    CHECK_EQ(send_fds(pair[0], &ends[1], 1), 1);
    CHECK_OK(close(ends[1])); // in flight it stays open
    CHECK_EQ(receive_fds(pair[1], &got, 4, 0, &flags), 1);
    CHECK_EQ(flags & MSG_CTRUNC, 0);
    CHECK_EQ(fcntl(got, F_GETFD), 0);
    CHECK_EQ(write(got, "via", 3), 3);
    CHECK_OK(close(got));
    CHECK_EQ(read(ends[0], text, sizeof text), 3);
    CHECK_EQ(read(ends[0], text, sizeof text), 0);
    CHECK_OK(close(ends[0]));
    end();
}

TEST(same_description)
{
    int got;
    write_file("f", "abcdef");
    int fd = CHECK_OK(open("f", O_RDONLY));
    begin(SOCK_DGRAM);
    CHECK_EQ(send_fds(pair[0], &fd, 1), 1);
    CHECK_EQ(receive_fds(pair[1], &got, 1, MSG_CMSG_CLOEXEC, NULL), 1);
    CHECK_EQ(fcntl(got, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(lseek(fd, 4, SEEK_SET), 4);
    CHECK_EQ(lseek(got, 0, SEEK_CUR), 4); // offset is shared
    CHECK_OK(close(got));
    CHECK_OK(close(fd));
    CHECK_OK(unlink("f"));
    end();
}

TEST(many)
{
    int fds[MAX + 1], got[MAX + 1], null = CHECK_OK(open("/dev/null", O_RDWR));
    for (int i = 0; i <= MAX; i++) fds[i] = null;
    begin(SOCK_SEQPACKET);
    CHECK_ERRNO(send_fds(pair[0], fds, MAX + 1), EINVAL); // SCM_MAX_FD
    CHECK_EQ(send_fds(pair[0], fds, MAX), 1);
    CHECK_EQ(receive_fds(pair[1], got, MAX, 0, NULL), MAX);
    for (int i = 0; i < MAX; i++) CHECK_OK(close(got[i]));
    CHECK_OK(close(null));
    end();
}

TEST(truncated_control)
{
    int got[4] = {-1, -1, -1, -1}, flags, null = CHECK_OK(open("/dev/null", O_RDWR));
    int fds[3] = {null, null, null};
    begin(SOCK_STREAM);
    CHECK_EQ(send_fds(pair[0], fds, 3), 1);
    CHECK_EQ(receive_fds(pair[1], got, 1, 0, &flags), 1); // room for one: the others are closed
    CHECK_EQ(flags & MSG_CTRUNC, MSG_CTRUNC);
    CHECK_OK(close(got[0]));
    CHECK_EQ(send_fds(pair[0], fds, 1), 1);
    CHECK_EQ(receive_fds(pair[1], got, 0, 0, &flags), 0);
    CHECK_EQ(flags & MSG_CTRUNC, MSG_CTRUNC);
    CHECK_EQ(open("/dev/null", O_RDWR), got[0]); // nothing leaked: its number is free again
    CHECK_OK(close(got[0]));
    CHECK_OK(close(null));
    end();
}

TEST(does_not_merge_with_other_data)
{
    // A read may take what came before a message with descriptors, and stops behind it: unix(7), "barrier".
    char text[8] = {0};
    int got, null = CHECK_OK(open("/dev/null", O_RDWR));
    begin(SOCK_STREAM);
    CHECK_EQ(write(pair[0], "ab", 2), 2);
    CHECK_EQ(send_fds(pair[0], &null, 1), 1);
    CHECK_EQ(write(pair[0], "cd", 2), 2);
    struct iovec io = {text, sizeof text};
    struct msghdr message = {.msg_iov = &io, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    CHECK_EQ(recvmsg(pair[1], &message, 0), 3);
    CHECK(memcmp(text, "abm", 3) == 0);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    CHECK(header && header->cmsg_type == SCM_RIGHTS && header->cmsg_len == CMSG_LEN(sizeof got));
    if (header) {
        memcpy(&got, CMSG_DATA(header), sizeof got);
        CHECK_OK(close(got));
    }
    CHECK_EQ(read(pair[1], text, sizeof text), 2);
    // read(2) takes the byte and loses the descriptor.
    CHECK_EQ(send_fds(pair[0], &null, 1), 1);
    CHECK_EQ(read(pair[1], text, sizeof text), 1);
    CHECK_OK(close(null));
    end();
}

TEST(between_processes_and_of_sockets)
{
    pid_t pid;
    int inner[2], got;
    char text[8];
    begin(SOCK_STREAM);
    IN_CHILD(pid) {
        CHECK_EQ(receive_fds(pair[1], &got, 1, 0, NULL), 1);
        CHECK_EQ(write(got, "child", 5), 5);
    }
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, inner));
    CHECK_EQ(send_fds(pair[0], &inner[0], 1), 1);
    CHECK_OK(close(inner[0]));
    CHECK_EQ(read(inner[1], text, sizeof text), 5);
    CHECK_EXIT(pid, 0);
    CHECK_EQ(read(inner[1], text, sizeof text), 0); // the last copy died with the child
    CHECK_OK(close(inner[1]));
    end();
}

TEST(errors)
{
    int bad = 9999, got;
    begin(SOCK_STREAM);
    CHECK_ERRNO(send_fds(pair[0], &bad, 1), EBADF);
    CHECK_ERRNO(receive_fds(pair[1], &got, 1, MSG_DONTWAIT, NULL), EAGAIN); // a failed send sends nothing
    end();
}

static int send_control(int level, int type, size_t length)
{
    char byte = 'x';
    struct iovec io = {&byte, 1};
    control.header = (struct cmsghdr){CMSG_LEN(length), level, type};
    struct msghdr message = {.msg_iov = &io, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_LEN(length)};
    return sendmsg(pair[0], &message, MSG_NOSIGNAL);
}

TEST(other_control_messages)
{
    begin(SOCK_DGRAM);
    CHECK_ERRNO(send_control(SOL_SOCKET, 36, sizeof(int)), EINVAL); // SO_MARK
    CHECK_ERRNO(send_control(SOL_SOCKET, 61, sizeof(long)), EINVAL); // SO_TXTIME
    CHECK_ERRNO(send_control(SOL_SOCKET, 37, sizeof(int)), EINVAL); // SO_TIMESTAMPING
    CHECK_EQ(send_control(0, 8, sizeof(int)), 1); // IPPROTO_IP, IP_PKTINFO: not a socket's own, so passed over
    end();
}

TEST(credentials)
{
    char byte;
    int on = 1;
    pid_t pid, parent = getpid();
    struct iovec io = {&byte, 1};
    struct msghdr message = {.msg_iov = &io, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    struct ucred credentials;
    begin(SOCK_STREAM);
    CHECK_OK(setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
    IN_CHILD(pid) CHECK_EQ(write(pair[0], "x", 1), 1);
    CHECK_EXIT(pid, 0);
    CHECK_EQ(recvmsg(pair[1], &message, 0), 1);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    CHECK(header && header->cmsg_type == SCM_CREDENTIALS);
    if (header) {
        memcpy(&credentials, CMSG_DATA(header), sizeof credentials);
        CHECK_EQ(credentials.pid, pid); // of the one who wrote
        CHECK_EQ(credentials.uid, getuid());
        CHECK_EQ(credentials.gid, getgid());
    }
    // SO_PEERCRED: of the one who made the pair.
    socklen_t length = sizeof credentials;
    CHECK_OK(getsockopt(pair[0], SOL_SOCKET, SO_PEERCRED, &credentials, &length));
    CHECK_EQ(credentials.pid, parent);
    CHECK_EQ(credentials.uid, geteuid());
    // Claiming to be another needs privilege.
    memset(&control, 0, sizeof control);
    control.header = (struct cmsghdr){CMSG_LEN(sizeof credentials), SOL_SOCKET, SCM_CREDENTIALS};
    credentials = (struct ucred){parent, getuid() + 1, getgid()};
    memcpy(CMSG_DATA(&control.header), &credentials, sizeof credentials);
    message = (struct msghdr){.msg_iov = &io, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_SPACE(sizeof credentials)};
    if (is_root()) CHECK_EQ(sendmsg(pair[0], &message, 0), 1);
    else CHECK_ERRNO(sendmsg(pair[0], &message, 0), EPERM);
    end();
}

TEST(abstract_names)
{
    struct sockaddr_un a = {AF_UNIX}, b;
    socklen_t length = sizeof b;
    snprintf(a.sun_path + 1, 100, "guest-test-%d", getpid());
    socklen_t size = offsetof(struct sockaddr_un, sun_path) + 1 + strlen(a.sun_path + 1);
    int server = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0)), client = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
    CHECK_OK(bind(server, (void *)&a, size));
    CHECK_OK(listen(server, 1));
    CHECK_ERRNO(connect(client, (void *)&a, size + 1), ECONNREFUSED); // the length is part of the name
    CHECK_OK(connect(client, (void *)&a, size));
    CHECK_OK(getpeername(client, (void *)&b, &length));
    CHECK_EQ(length, size);
    CHECK(memcmp(&a, &b, size) == 0);
    int second = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
    CHECK_ERRNO(bind(second, (void *)&a, size), EADDRINUSE);
    CHECK_OK(close(server));
    CHECK_OK(close(client));
    CHECK_OK(bind(second, (void *)&a, size)); // gone with its socket
    CHECK_OK(close(second));
    // unix(7), autobind: five hexadecimal digits.
    a = (struct sockaddr_un){AF_UNIX};
    server = CHECK_OK(socket(AF_UNIX, SOCK_DGRAM, 0));
    CHECK_OK(bind(server, (void *)&a, sizeof(sa_family_t)));
    length = sizeof b;
    CHECK_OK(getsockname(server, (void *)&b, &length));
    CHECK_EQ(length, sizeof(sa_family_t) + 6);
    CHECK_EQ(b.sun_path[0], 0);
    CHECK_EQ(strspn(b.sun_path + 1, "0123456789abcdef"), 5);
    CHECK_OK(close(server));
}

TEST(cycle_in_flight)
{
    // A socket sent over itself and closed: nobody can reach it; the kernel must not choke.
    for (int i = 0; i < 100; i++) {
        begin(SOCK_DGRAM);
        CHECK_EQ(send_fds(pair[0], pair, 2), 1);
        end();
    }
}
