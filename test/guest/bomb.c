// The memory tests' bombs: each takes memory in its own way until the kernel says no, then prints what it said.
//
//   bomb hold|one|many|shared|tmpfs|memfd|mapped|pipes|sockets|datagrams [MEGABYTES]
//
// "hold" takes MEGABYTES and keeps them. "many" forks 16 children that each take MEGABYTES and keep them until three quarters of them were killed. The others print the errno that ended them.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MB = 1 << 20, CHILDREN = 16 };
static char block[MB];

static int told(const char *call)
{
    printf("%s: %d %s\n", call, errno, strerrorname_np(errno));
    return 0;
}

// The compiler may not see that nobody reads it.
static void fill_memory(char *p, long size)
{
    memset(p, 1, size);
    __asm__ volatile("" : : "r"(p) : "memory");
}

static int one(void)
{
    for (;;) {
        char *p = mmap(NULL, MB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED) return told("mmap");
        memset(p, 1, MB);
    }
}

// Anonymous shared memory has no limit but the sum.
static int shared(void)
{
    for (;;) {
        char *p = mmap(NULL, MB, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED) return told("mmap");
        memset(p, 1, MB);
    }
}

static int many(long megabytes)
{
    int go[2], killed = 0, ended = 0, status;
    char byte;
    if (pipe(go)) return told("pipe");
    for (int i = 0; i < CHILDREN; i++) {
        if (fork() == 0) {
            close(go[1]);
            char *p = malloc(megabytes * MB);
            if (p) fill_memory(p, megabytes * MB);
            (void)!read(go[0], &byte, 1); // until the parent closes it
            _exit(0);
        }
    }
    close(go[0]);
    for (; wait(&status) > 0; ended++) {
        killed += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
        if (killed == CHILDREN * 3 / 4) close(go[1]); // the rest may go
    }
    printf("killed: %s\n", killed >= CHILDREN * 3 / 4 && ended == CHILDREN ? "most" : "too few");
    return 0;
}

static int fill(int fd)
{
    if (fd == -1) return told("open");
    while (write(fd, block, MB) > 0) {}
    return told("write");
}

// Pages that are made by touching a file's mapping are in no write's account.
static int mapped(void)
{
    int fd = memfd_create("bomb", 0);
    if (fd == -1 || ftruncate(fd, 1L << 40)) return told("memfd_create");
    char *p = mmap(NULL, 1L << 40, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED) return told("mmap");
    for (long i = 0;; i += 4096) p[i] = 1;
}

static int descriptors(int sockets) // the type, 0 for pipes
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    for (;;) {
        int pair[2];
        if (sockets ? socketpair(AF_UNIX, sockets, 0, pair) : pipe(pair)) return told(sockets ? "socketpair" : "pipe");
        fcntl(pair[1], F_SETFL, O_NONBLOCK);
        while (write(pair[1], block, 32768) > 0) {}
        if (errno != EAGAIN) return told("write");
    }
}

int main(int argc, char **argv)
{
    const char *kind = argc > 1 ? argv[1] : "";
    memset(block, 1, sizeof block);
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (!strcmp(kind, "hold")) {
        fill_memory(malloc(atol(argv[2]) * MB), atol(argv[2]) * MB);
        for (;;) pause();
    }
    if (!strcmp(kind, "one")) return one();
    if (!strcmp(kind, "shared")) return shared();
    if (!strcmp(kind, "many")) return many(argc > 2 ? atol(argv[2]) : 32);
    if (!strcmp(kind, "tmpfs")) return fill(open("/tmp/bomb", O_WRONLY | O_CREAT, 0600));
    if (!strcmp(kind, "memfd")) return fill(memfd_create("bomb", 0));
    if (!strcmp(kind, "mapped")) return mapped();
    if (!strcmp(kind, "pipes")) return descriptors(0);
    if (!strcmp(kind, "sockets")) return descriptors(SOCK_STREAM);
    if (!strcmp(kind, "datagrams")) return descriptors(SOCK_DGRAM);
    return fprintf(stderr, "usage: bomb KIND [MEGABYTES]\n"), 2;
}
