// A tree of programs that holds one of everything: for tests that take a jail away from under it. Prints "up", and waits.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <mqueue.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#define NEED(call) ({ long r_ = (long)(call); if (r_ == -1) { perror(#call); exit(1); } r_; })

static void *wait_for_ever(void *unused)
{
    pause();
    return unused;
}

// A server, a client with bytes that nobody reads, and one that was never accepted.
static void sockets(int family, struct sockaddr *address, socklen_t length)
{
    int server = NEED(socket(family, SOCK_STREAM, 0)), client = NEED(socket(family, SOCK_STREAM, 0)), late = NEED(socket(family, SOCK_STREAM, 0));
    char bytes[3000] = {0};
    NEED(bind(server, address, length));
    NEED(listen(server, 5));
    NEED(getsockname(server, address, &length));
    NEED(connect(client, address, length));
    int there = NEED(accept(server, 0, 0));
    NEED(write(client, bytes, sizeof bytes));
    NEED(write(there, bytes, sizeof bytes));
    NEED(connect(late, address, length));
    struct linger hard = {1, 30};
    NEED(setsockopt(client, SOL_SOCKET, SO_LINGER, &hard, sizeof hard));
    // One that was closed with bytes under way, and one on its way to TIME_WAIT.
    int gone = NEED(socket(family, SOCK_STREAM, 0));
    NEED(connect(gone, address, length));
    NEED(write(gone, bytes, sizeof bytes));
    close(gone);
}

static void unix_sockets(void)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    strcpy(name.sun_path + 1, "abstract");
    sockets(AF_UNIX, (void *)&name, offsetof(struct sockaddr_un, sun_path) + 9);
    strcpy(name.sun_path, "/tmp/socket");
    sockets(AF_UNIX, (void *)&name, sizeof name);
    // A descriptor of a socket on its way through that socket: nobody but a collector can end it.
    int pair[2];
    NEED(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
    char control[CMSG_SPACE(sizeof pair)] = {0}, byte = 0;
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof pair);
    memcpy(CMSG_DATA(head), pair, sizeof pair);
    NEED(sendmsg(pair[0], &message, 0));
}

static void inet_sockets(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    sockets(AF_INET, (void *)&address, sizeof address);
    int datagrams = NEED(socket(AF_INET, SOCK_DGRAM, 0));
    NEED(bind(datagrams, (void *)&address, sizeof(struct sockaddr_in)));
}

static void ipc(void)
{
    int shared = NEED(shmget(0x1234, 1 << 16, IPC_CREAT | 0600)), semaphore = NEED(semget(0x1234, 3, IPC_CREAT | 0600)), queue = NEED(msgget(0x1234, IPC_CREAT | 0600));
    *(char *)NEED(shmat(shared, 0, 0)) = 1;
    struct sembuf up = {1, 3, SEM_UNDO};
    NEED(semop(semaphore, &up, 1));
    struct { long type; char text[100]; } message = {1, ""};
    NEED(msgsnd(queue, &message, sizeof message.text, 0));
    NEED(mq_open("/queue", O_CREAT | O_RDWR, 0600, 0));
    int object = NEED(shm_open("/object", O_CREAT | O_RDWR, 0600));
    NEED(ftruncate(object, 1 << 16));
    *(char *)NEED(mmap(0, 1 << 16, PROT_READ | PROT_WRITE, MAP_SHARED, object, 0)) = 1;
}

static void files(void)
{
    int file = NEED(open("/tmp/file", O_CREAT | O_RDWR, 0600));
    char page[4096] = {1};
    NEED(write(file, page, sizeof page));
    NEED(flock(file, LOCK_EX));
    struct flock region = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 10};
    NEED(fcntl(file, F_SETLK, &region));
    NEED(mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0));
    NEED(unlink("/tmp/file"));
    NEED(mkfifo("/tmp/fifo", 0600));
    NEED(open("/tmp/fifo", O_RDWR));
    NEED(inotify_add_watch(NEED(inotify_init1(0)), "/tmp", IN_ALL_EVENTS));
    int poll = NEED(epoll_create1(0)), counter = NEED(eventfd(0, 0)), timer = NEED(timerfd_create(CLOCK_MONOTONIC, 0));
    struct epoll_event event = {.events = EPOLLIN};
    NEED(epoll_ctl(poll, EPOLL_CTL_ADD, counter, &event));
    NEED(epoll_ctl(poll, EPOLL_CTL_ADD, timer, &event));
    NEED(timerfd_settime(timer, 0, &(struct itimerspec){{1000, 0}, {1000, 0}}, 0));
    sigset_t none;
    sigemptyset(&none);
    NEED(signalfd(-1, &none, 0));
    NEED(memfd_create("memory", 0));
    NEED(posix_openpt(O_RDWR | O_NOCTTY));
}

static void mounts(void)
{
    NEED(mkdir("/tmp/m", 0700));
    NEED(mkdir("/tmp/n", 0700));
    NEED(mount("tmpfs", "/tmp/m", "tmpfs", 0, "size=1m"));
    NEED(mount("/tmp/m", "/tmp/n", 0, MS_BIND, 0));
    NEED(open("/tmp/n/inside", O_CREAT | O_RDWR, 0600));
    NEED(chdir("/tmp/n"));
}

int main(int count, char **arguments)
{
    files();
    unix_sockets();
    inet_sockets();
    ipc();
    if (count > 1 && !strcmp(arguments[1], "mounts"))
    {
        mounts();
    }

    pthread_t thread;
    pthread_create(&thread, 0, wait_for_ever, 0);
    int ready[2], started = 0;
    NEED(pipe(ready));
    for (int depth = 0; depth < 3; depth++)
    {
        if (fork() == 0)
        {
            started = depth + 1;
            if (depth == 1)
            {
                setsid();
            }

            alarm(1000);
            NEED(write(ready[1], "x", 1));
            if (depth == 2)
            {
                pause();
            }
        }
    }

    if (started == 0)
    {
        char buffer[8];
        for (int seen = 0; seen < 7; seen += NEED(read(ready[0], buffer, sizeof buffer)))
        {
        }

        puts("up");
        fflush(stdout);
    }

    for (;;)
    {
        pause();
    }
}
