// Documentation/networking/tuntap.rst, ip-tuntap(8): interfaces whose other side is a program; in a network of its own on the host.
#include "inet.h"
#include <linux/if_ether.h>
#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/ip.h>
#include <netinet/udp.h>

static struct ifreq named(const char *name, int flags)
{
    struct ifreq r = {.ifr_flags = flags};
    strncpy(r.ifr_name, name, IFNAMSIZ - 1);
    return r;
}

// Not there, or not for us: on the host an ordinary user may not open it.
static int open_tun(int flags) { return open("/dev/net/tun", O_RDWR | O_CLOEXEC | flags); }

static bool has_tun(void)
{
    if (!own_network()) return false;
    struct ifreq r = named("", IFF_TUN);
    int fd = open_tun(0);
    if (fd < 0) return false;
    bool made = ioctl(fd, TUNSETIFF, &r) == 0;
    if (!made) CHECK_EQ(errno, EPERM);
    close(fd);
    return made;
}

static int make_tun(const char *name, int kind, int flags)
{
    struct ifreq r = named(name, kind);
    int fd = CHECK_OK(open_tun(flags));
    CHECK_OK(ioctl(fd, TUNSETIFF, &r));
    return fd;
}

static int flags_of(const char *name)
{
    struct ifreq r = named(name, 0);
    int fd = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
    CHECK_OK(ioctl(fd, SIOCGIFFLAGS, &r));
    close(fd);
    return (unsigned short)r.ifr_flags;
}

static void set_flags(const char *name, int flags)
{
    struct ifreq r = named(name, flags);
    int fd = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
    CHECK_OK(ioctl(fd, SIOCSIFFLAGS, &r));
    close(fd);
}

// The host looks at cables a moment later.
static void wait_for_cable(const char *name, bool is_plugged)
{
    while (!!(flags_of(name) & IFF_RUNNING) != is_plugged) sched_yield();
}

static void set_address(const char *name, const char *address)
{
    struct ifreq r = named(name, 0);
    struct sockaddr_in *a = (void *)&r.ifr_addr;
    int fd = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
    a->sin_family = AF_INET;
    a->sin_addr.s_addr = inet_addr(address);
    CHECK_OK(ioctl(fd, SIOCSIFADDR, &r));
    a->sin_addr.s_addr = inet_addr("255.255.255.0");
    CHECK_OK(ioctl(fd, SIOCSIFNETMASK, &r));
    close(fd);
    set_flags(name, IFF_UP);
}

static void set_queue(const char *name, int length)
{
    struct ifreq r = named(name, 0);
    int fd = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
    r.ifr_qlen = length;
    CHECK_OK(ioctl(fd, SIOCSIFTXQLEN, &r));
    r.ifr_qlen = 0;
    CHECK_OK(ioctl(fd, SIOCGIFTXQLEN, &r));
    CHECK_EQ(r.ifr_qlen, length);
    close(fd);
}

// Asks rtnetlink to remove an interface.
static void drop(const char *name)
{
    struct {
        struct nlmsghdr header;
        struct ifinfomsg link;
    } r = {{sizeof r, RTM_DELLINK, NLM_F_REQUEST | NLM_F_ACK, 1, 0}, {.ifi_index = if_nametoindex(name)}};
    char answer[1024];
    int fd = CHECK_OK(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
    CHECK_EQ(send(fd, &r, sizeof r, 0), sizeof r);
    CHECK(recv(fd, answer, sizeof answer, 0) > 0);
    CHECK_EQ(((struct nlmsgerr *)NLMSG_DATA((struct nlmsghdr *)answer))->error, 0);
    close(fd);
}

static int sender(const char *text, const char *address)
{
    int fd = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
    struct sockaddr_in to = {AF_INET, htons(4000), {inet_addr(address)}, {0}};
    CHECK_EQ(sendto(fd, text, strlen(text), 0, (void *)&to, sizeof to), strlen(text));
    return fd;
}

// The next IPv4 packet that the interface sends: the host's says more than was asked for (routers, groups).
static int next_v4(int fd, unsigned char *packet, size_t size)
{
    for (;;) {
        int n = read(fd, packet, size);
        if (n < 20 || (packet[0] >> 4 == 4 && packet[9] != IPPROTO_IGMP)) return n;
    }
}

TEST(makes_and_ends)
{
    pid_t pid;
    IN_CHILD(pid) if (has_tun()) {
        unsigned features = 0;
        char byte;
        int fd = CHECK_OK(open_tun(O_NONBLOCK)), other = CHECK_OK(open_tun(0));
        CHECK_OK(ioctl(fd, TUNGETFEATURES, &features));
        CHECK_EQ(features & (IFF_TUN | IFF_TAP | IFF_NO_PI), IFF_TUN | IFF_TAP | IFF_NO_PI);
        CHECK_ERRNO(read(fd, &byte, 1), EBADFD);
        CHECK_ERRNO(write(fd, &byte, 1), EBADFD);
        CHECK_EQ(inet_poll(fd, POLLIN, 0), POLLERR);
        struct ifreq r = named("", 0), got = {0};
        CHECK_ERRNO(ioctl(fd, TUNGETIFF, &got), EBADFD);
        CHECK_ERRNO(ioctl(fd, TUNSETPERSIST, 1), EBADFD);
        CHECK_ERRNO(ioctl(fd, TUNSETIFF, &r), EINVAL);
        CHECK_ERRNO(ioctl(fd, TUNSETIFF, BAD_POINTER), EFAULT);
        r = named("a/b", IFF_TUN);
        CHECK_ERRNO(ioctl(fd, TUNSETIFF, &r), EINVAL);
        r = named("lo", IFF_TUN);
        CHECK_ERRNO(ioctl(fd, TUNSETIFF, &r), EINVAL);
        r = named("", IFF_TUN | IFF_NO_PI);
        CHECK_OK(ioctl(fd, TUNSETIFF, &r));
        CHECK(strncmp(r.ifr_name, "tun", 3) == 0);
        CHECK(if_nametoindex(r.ifr_name) > 0);
        CHECK_ERRNO(ioctl(fd, TUNSETIFF, &r), EEXIST);
        CHECK_OK(ioctl(fd, TUNGETIFF, &got));
        CHECK_STR(got.ifr_name, r.ifr_name);
        CHECK_EQ((unsigned short)got.ifr_flags, IFF_TUN | IFF_NO_PI);
        CHECK_EQ(flags_of(r.ifr_name) & (IFF_UP | IFF_POINTOPOINT | IFF_NOARP | IFF_BROADCAST), IFF_POINTOPOINT | IFF_NOARP);
        CHECK_ERRNO(ioctl(other, TUNSETIFF, &r), EBUSY);
        struct ifreq wrong = named(r.ifr_name, IFF_TAP);
        CHECK_ERRNO(ioctl(other, TUNSETIFF, &wrong), EINVAL);
        wrong = named(r.ifr_name, IFF_TUN | IFF_TUN_EXCL);
        CHECK_ERRNO(ioctl(other, TUNSETIFF, &wrong), EBUSY);
        CHECK_ERRNO(read(fd, &byte, 1), EAGAIN);
        CHECK_ERRNO(lseek(fd, 0, SEEK_SET), ESPIPE);
        CHECK_ERRNO(ioctl(fd, 0x54ff, 0), EINVAL);
        CHECK_OK(close(fd));
        CHECK_EQ(if_nametoindex(r.ifr_name), 0);
        CHECK_OK(ioctl(other, TUNSETIFF, &r));
        CHECK_OK(close(other));
    }
    CHECK_EXIT(pid, 0);
}

TEST(stays_when_asked)
{
    pid_t pid;
    IN_CHILD(pid) if (has_tun()) {
        int fd = make_tun("keep0", IFF_TAP | IFF_NO_PI, 0);
        struct ifreq got;
        CHECK_OK(ioctl(fd, TUNSETPERSIST, 1));
        CHECK_OK(ioctl(fd, TUNGETIFF, &got));
        CHECK_EQ((unsigned short)got.ifr_flags, IFF_TAP | IFF_NO_PI | IFF_PERSIST);
        set_flags("keep0", IFF_UP);
        wait_for_cable("keep0", true);
        CHECK_EQ(flags_of("keep0") & (IFF_UP | IFF_BROADCAST), IFF_UP | IFF_BROADCAST);
        CHECK_OK(close(fd));
        CHECK(if_nametoindex("keep0") > 0);
        wait_for_cable("keep0", false);
        CHECK_EQ(flags_of("keep0") & IFF_UP, IFF_UP);
        fd = make_tun("keep0", IFF_TAP, 0);
        CHECK_OK(ioctl(fd, TUNSETPERSIST, 0));
        CHECK_OK(close(fd));
        CHECK_EQ(if_nametoindex("keep0"), 0);
    }
    CHECK_EXIT(pid, 0);
}

// Whether nobody may take this interface.
static void try_as_nobody(const char *name, int expected)
{
    pid_t pid;
    int fd = CHECK_OK(open_tun(0));
    IN_CHILD(pid) {
        struct ifreq r = named(name, IFF_TUN);
        become_nobody();
        errno = 0;
        (void)!ioctl(fd, TUNSETIFF, &r);
        CHECK_EQ(errno, expected);
    }
    CHECK_EXIT(pid, 0);
    close(fd);
}

TEST(belongs_to_somebody)
{
    pid_t pid;
    IN_CHILD(pid) if (is_root() && has_tun()) {
        int fd = make_tun("own0", IFF_TUN, 0);
        CHECK_OK(ioctl(fd, TUNSETPERSIST, 1));
        CHECK_ERRNO(ioctl(fd, TUNSETOWNER, -1), EINVAL);
        CHECK_OK(ioctl(fd, TUNSETOWNER, 1));
        CHECK_OK(close(fd));
        try_as_nobody("new0", EPERM);
        try_as_nobody("own0", EPERM);
        fd = make_tun("own0", IFF_TUN, 0);
        CHECK_OK(ioctl(fd, TUNSETOWNER, NOBODY));
        CHECK_OK(close(fd));
        try_as_nobody("own0", 0);
        fd = make_tun("own0", IFF_TUN, 0);
        CHECK_OK(ioctl(fd, TUNSETGROUP, 1));
        CHECK_OK(close(fd));
        try_as_nobody("own0", EPERM);
        fd = make_tun("own0", IFF_TUN, 0);
        CHECK_OK(ioctl(fd, TUNSETPERSIST, 0));
        CHECK_OK(close(fd));
    }
    CHECK_EXIT(pid, 0);
}

TEST(down_takes_nothing)
{
    pid_t pid;
    IN_CHILD(pid) if (has_tun()) {
        unsigned char packet[40] = {0x45};
        int fd = make_tun("t0", IFF_TUN | IFF_NO_PI, O_NONBLOCK), events = epoll_create1(0);
        struct epoll_event e = {EPOLLOUT | EPOLLET, {0}};
        CHECK_ERRNO(write(fd, packet, sizeof packet), EIO);
        CHECK_EQ(inet_poll(fd, POLLOUT, 0), 0);
        CHECK_OK(epoll_ctl(events, EPOLL_CTL_ADD, fd, &e));
        CHECK_EQ(epoll_wait(events, &e, 1, 0), 0);
        set_flags("t0", IFF_UP);
        CHECK_EQ(inet_poll(fd, POLLOUT, 1000), POLLOUT);
        CHECK_EQ(epoll_wait(events, &e, 1, 1000), 1);
        CHECK_EQ(write(fd, packet, sizeof packet), sizeof packet); // what is no good packet is dropped later
        packet[0] = 0x15;
        CHECK_ERRNO(write(fd, packet, sizeof packet), EINVAL); // no version of IP
        CHECK_ERRNO(write(fd, packet, 0), EINVAL);
        set_flags("t0", 0);
        CHECK_ERRNO(write(fd, packet, sizeof packet), EINVAL);
        close(fd);
    }
    CHECK_EXIT(pid, 0);
}

TEST(packets)
{
    pid_t pid;
    IN_CHILD(pid) if (has_tun()) {
        unsigned char packet[1500], head[4];
        int fd = make_tun("t0", IFF_TUN | IFF_NO_PI, 0);
        set_address("t0", "10.77.0.1");
        int from = sender("ask", "10.77.0.2");
        CHECK_EQ(next_v4(fd, packet, sizeof packet), 20 + 8 + 3);
        CHECK_EQ(packet[9], IPPROTO_UDP);
        CHECK(memcmp(packet + 16, "\12\115\0\2", 4) == 0);
        CHECK(memcmp(packet + 28, "ask", 3) == 0);
        unsigned char swap[6]; // sums do not change when both sides are exchanged
        memcpy(swap, packet + 12, 4), memcpy(packet + 12, packet + 16, 4), memcpy(packet + 16, swap, 4);
        memcpy(swap, packet + 20, 2), memcpy(packet + 20, packet + 22, 2), memcpy(packet + 22, swap, 2);
        struct iovec parts[] = {{packet, 7}, {packet + 7, 24}};
        CHECK_EQ(writev(fd, parts, 2), 31);
        CHECK_EQ(recv(from, packet, sizeof packet, 0), 3);
        CHECK(memcmp(packet, "ask", 3) == 0);
        close(from);

        // A small buffer gets a part; the rest is lost.
        close(sender("one", "10.77.0.2")), close(sender("two!", "10.77.0.2"));
        CHECK_EQ(next_v4(fd, packet, 24), 24);
        CHECK_EQ(next_v4(fd, packet, sizeof packet), 32);
        CHECK(memcmp(packet + 28, "two!", 4) == 0);
        close(fd);

        // With four bytes in front.
        fd = make_tun("t0", IFF_TUN, 0);
        set_address("t0", "10.77.0.1");
        close(sender("ask", "10.77.0.2"));
        struct iovec both[] = {{head, 4}, {packet, sizeof packet}};
        do CHECK(readv(fd, both, 2) > 4); while (packet[0] >> 4 != 4);
        CHECK(memcmp(head, "\0\0\10\0", 4) == 0);
        CHECK_EQ(packet[9], IPPROTO_UDP);
        close(sender("ask", "10.77.0.2"));
        do CHECK_EQ(read(fd, packet, 24), 24); while (packet[4] >> 4 != 4);
        CHECK(memcmp(packet, "\1\0\10\0", 4) == 0); // TUN_PKT_STRIP
        CHECK_ERRNO(write(fd, packet, 3), EINVAL);
        memcpy(packet, "\0\0\1\2abcd", 8); // a protocol that nobody knows
        CHECK_EQ(write(fd, packet, 8), 8);
        close(sender("ask", "10.77.0.2"));
        CHECK_ERRNO(read(fd, packet, 3), EINVAL); // no room for the four
        close(fd);
    }
    CHECK_EXIT(pid, 0);
}

TEST(frames)
{
    pid_t pid;
    IN_CHILD(pid) if (has_tun()) {
        unsigned char frame[1600];
        int fd = make_tun("tap7", IFF_TAP | IFF_NO_PI, 0), n;
        struct ifreq r;
        CHECK_OK(ioctl(fd, SIOCGIFHWADDR, &r));
        CHECK_EQ(r.ifr_hwaddr.sa_family, ARPHRD_ETHER);
        memcpy(r.ifr_hwaddr.sa_data, "\2\0\0\0\0\1", 6);
        CHECK_OK(ioctl(fd, SIOCSIFHWADDR, &r));
        memset(&r, 0, sizeof r);
        CHECK_OK(ioctl(fd, SIOCGIFHWADDR, &r));
        CHECK(memcmp(r.ifr_hwaddr.sa_data, "\2\0\0\0\0\1", 6) == 0);
        set_address("tap7", "10.77.0.1");
        CHECK_ERRNO(write(fd, frame, 13), EINVAL);
        int from = sender("ask", "10.77.0.2");
        do CHECK_OK(n = read(fd, frame, sizeof frame)); while (frame[12] != 8 || frame[13] != 6);
        CHECK_EQ(n, 42);
        CHECK(memcmp(frame, "\377\377\377\377\377\377\2\0\0\0\0\1", 12) == 0);
        CHECK(memcmp(frame + 38, "\12\115\0\2", 4) == 0);
        unsigned char answer[42] = "\2\0\0\0\0\1\2\0\0\0\0\2\10\6\0\1\10\0\6\4\0\2\2\0\0\0\0\2\12\115\0\2\2\0\0\0\0\1\12\115\0\1";
        CHECK_EQ(write(fd, answer, 42), 42);
        do CHECK_OK(n = read(fd, frame, sizeof frame)); while (frame[12] != 8 || frame[13] != 0 || frame[23] != IPPROTO_UDP);
        CHECK_EQ(n, 14 + 28 + 3);
        CHECK(memcmp(frame, "\2\0\0\0\0\2\2\0\0\0\0\1", 12) == 0);
        close(from);
        close(fd);
    }
    CHECK_EXIT(pid, 0);
}

TEST(queue_is_bounded)
{
    pid_t pid;
    IN_CHILD(pid) if (has_tun()) {
        unsigned char packet[1500];
        int fd = make_tun("t0", IFF_TUN | IFF_NO_PI, O_NONBLOCK), count = 0;
        set_queue("t0", 8);
        set_address("t0", "10.77.0.1");
        for (int i = 0; i < 200; i++) {
            int from = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
            struct sockaddr_in to = {AF_INET, htons(4000), {inet_addr("10.77.0.2")}, {0}};
            (void)!sendto(from, "x", 1, 0, (void *)&to, sizeof to); // ENOBUFS, or lost
            close(from);
        }
        while (read(fd, packet, sizeof packet) > 0) count++;
        CHECK_EQ(errno, EAGAIN);
        CHECK(count >= 8 && count <= 24); // the host's has another queue in front of it
        close(fd);
    }
    CHECK_EXIT(pid, 0);
}

static void *read_one(void *argument)
{
    unsigned char packet[1500];
    return (void *)(long)next_v4(*(int *)argument, packet, sizeof packet);
}

TEST(waits)
{
    pid_t pid;
    IN_CHILD(pid) if (has_tun()) {
        int fd = make_tun("t0", IFF_TUN | IFF_NO_PI, 0);
        pthread_t reader;
        void *count;
        set_address("t0", "10.77.0.1");
        CHECK_EQ(pthread_create(&reader, NULL, read_one, &fd), 0);
        close(sender("later", "10.77.0.2"));
        CHECK_EQ(pthread_join(reader, &count), 0);
        CHECK_EQ((long)count, 33);
        close(fd);
    }
    CHECK_EXIT(pid, 0);
}

TEST(removed_by_others)
{
    pid_t pid;
    IN_CHILD(pid) if (has_tun()) {
        char byte;
        int fd = make_tun("t0", IFF_TUN | IFF_NO_PI, O_NONBLOCK);
        drop("t0");
        CHECK_EQ(if_nametoindex("t0"), 0);
        CHECK_ERRNO(read(fd, &byte, 1), EBADFD);
        CHECK_ERRNO(write(fd, &byte, 1), EBADFD);
        CHECK_EQ(inet_poll(fd, POLLIN | POLLOUT, 0), POLLERR);
        close(fd);
    }
    CHECK_EXIT(pid, 0);
}

// The other end of the wire: whoever is called there is the caller himself, with both addresses exchanged.
static void *mirror(void *argument)
{
    static unsigned char packet[65536];
    int fd = *(int *)argument, n;
    while ((n = next_v4(fd, packet, sizeof packet)) > 0) {
        unsigned char swap[4];
        memcpy(swap, packet + 12, 4), memcpy(packet + 12, packet + 16, 4), memcpy(packet + 16, swap, 4);
        if (write(fd, packet, n) != n) break;
    }
    return NULL;
}

TEST(carries_a_connection)
{
    pid_t pid;
    IN_CHILD(pid) if (has_tun()) {
        enum { SIZE = 1 << 20 };
        int fd = make_tun("t0", IFF_TUN | IFF_NO_PI, 0), listener = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0)), caller = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
        struct sockaddr_in here = {AF_INET, 0, {inet_addr("10.77.0.1")}, {0}}, there = {AF_INET, 0, {inet_addr("10.77.0.2")}, {0}};
        pthread_t thread;
        pid_t writer;
        set_address("t0", "10.77.0.1");
        CHECK_OK(bind(listener, (void *)&here, sizeof here));
        CHECK_OK(listen(listener, 1));
        there.sin_port = htons(inet_port(listener));
        CHECK_EQ(pthread_create(&thread, NULL, mirror, &fd), 0);
        CHECK_OK(connect(caller, (void *)&there, sizeof there));
        int server = CHECK_OK(accept(listener, NULL, NULL));
        unsigned *data = malloc(SIZE), *got = calloc(1, SIZE);
        for (int i = 0; i < SIZE / 4; i++) data[i] = i * 2654435761u;
        IN_CHILD(writer) for (size_t done = 0; done < SIZE;) done += CHECK_OK(write(caller, (char *)data + done, SIZE - done));
        CHECK_EQ(recv(server, got, SIZE, MSG_WAITALL), SIZE);
        CHECK(memcmp(data, got, SIZE) == 0);
        CHECK_EXIT(writer, 0);
    }
    CHECK_EXIT(pid, 0);
}
