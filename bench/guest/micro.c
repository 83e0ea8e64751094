// What single operations cost: `micro NAME ...` or `micro` for all. Prints "name ns_per_op" per row; the median of several batches.
// `micro first` only says that it runs, for the time of a boot; `micro idle` says so and then sleeps until somebody kills it.
// Build: gcc -O2 -static -pthread -o micro micro.c. Runs in a writable directory; leaves nothing behind.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { BATCHES = 7 };
static const double BATCH_NS = 30e6; // long enough to bury the clock, short enough for a whole run in some ten seconds

static char buffer[65536];
static int fd, pair_a[2], pair_b[2];
static pid_t peer;
static void die(const char *what) { perror(what); exit(1); }
static void must(long result, const char *what) { if (result < 0) die(what); }
static double now_ns(void)
{
    struct timespec t;
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &t); // not the vDSO: a platform may have none
    return t.tv_sec * 1e9 + t.tv_nsec;
}
static long futex(int *word, int op, int value) { return syscall(SYS_futex, word, op, value, NULL, NULL, 0); }

// --- One system call each ---
static void getppid_(void) { syscall(SYS_getppid); }
static void getpid_(void) { syscall(SYS_getpid); }
static void clock_gettime_(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); }
static void open_null(void) { must(fd = open("/dev/null", O_WRONLY), "/dev/null"); }
static void open_zero(void) { must(fd = open("/dev/zero", O_RDONLY), "/dev/zero"); }
static void close_fd(void) { close(fd); }
static void write1(void) { if (write(fd, buffer, 1) != 1) die("write"); }
static void read4k(void) { if (read(fd, buffer, 4096) != 4096) die("read"); }
static void stat_tmp(void) { struct stat st; must(stat("/tmp", &st), "stat"); }
static void open_close(void) { must(fd = open("bench.tmp", O_RDONLY), "open"); close(fd); }
static void open_file(void)
{
    must(fd = open("bench.tmp", O_RDWR | O_CREAT | O_TRUNC, 0600), "open");
    for (int i = 0; i < 16; i++)
        if (write(fd, buffer, sizeof buffer) != sizeof buffer) die("write");
}
static void close_file(void) { close(fd); unlink("bench.tmp"); }
static void make_file(void) { open_file(); close(fd); }
static void remove_file(void) { unlink("bench.tmp"); }
static void pread4k(void) { static int i; if (pread(fd, buffer, 4096, (++i & 255) * 4096) != 4096) die("pread"); }
static void pwrite4k(void) { static int i; if (pwrite(fd, buffer, 4096, (++i & 255) * 4096) != 4096) die("pwrite"); }
static void create_unlink(void)
{
    must(fd = open("bench.new", O_RDWR | O_CREAT | O_EXCL, 0600), "create");
    close(fd);
    must(unlink("bench.new"), "unlink");
}

// --- Memory ---
static void mmap_touch_munmap_64k(void)
{
    char *p = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) die("mmap");
    for (int i = 0; i < 65536; i += 4096) p[i] = 1;
    munmap(p, 65536);
}
enum { FAULT_PAGES = 4096 };
static char *faults;
static int fault_at;
static void map_faults(void)
{
    faults = mmap(NULL, FAULT_PAGES * 4096L, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (faults == MAP_FAILED) die("mmap");
    madvise(faults, FAULT_PAGES * 4096L, MADV_NOHUGEPAGE);
    fault_at = 0;
}
static void unmap_faults(void) { munmap(faults, FAULT_PAGES * 4096L); }
static void anon_fault(void)
{
    if (fault_at == FAULT_PAGES) { // 1 madvise in 4,096 faults: under a thousandth of the cost
        madvise(faults, FAULT_PAGES * 4096L, MADV_DONTNEED);
        fault_at = 0;
    }
    faults[fault_at++ * 4096L] = 1;
}

// --- Futexes ---
static int word;
static void futex_wake_private(void) { futex(&word, FUTEX_WAKE_PRIVATE, 1); }
static int turn, stop;
static pthread_t partner;
static void wait_turn(int mine)
{
    int seen;
    while ((seen = __atomic_load_n(&turn, __ATOMIC_ACQUIRE)) != mine) futex(&turn, FUTEX_WAIT_PRIVATE, seen);
}
static void give_turn(int to)
{
    __atomic_store_n(&turn, to, __ATOMIC_RELEASE);
    futex(&turn, FUTEX_WAKE_PRIVATE, 1);
}
static void *partner_run(void *unused)
{
    for (;;) {
        wait_turn(1);
        if (__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) return unused;
        give_turn(0);
    }
}
static void start_partner(void)
{
    turn = stop = 0;
    if (pthread_create(&partner, NULL, partner_run, NULL)) die("pthread_create");
}
static void futex_handoff(void) { give_turn(1); wait_turn(0); } // there and back
static void stop_partner(void)
{
    __atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
    give_turn(1);
    pthread_join(partner, NULL);
}

// --- Pipes and sockets ---
static void make_pipe(void) { must(pipe(pair_a), "pipe"); }
static void close_pipe(void) { close(pair_a[0]); close(pair_a[1]); }
static void pipe_self(void)
{
    if (write(pair_a[1], buffer, 1) != 1 || read(pair_a[0], buffer, 1) != 1) die("pipe");
}
static void echo(int in, int out)
{
    while (read(in, buffer, 1) == 1)
        if (write(out, buffer, 1) != 1) break;
    _exit(0);
}
static void start_pipe_peer(void)
{
    must(pipe(pair_a), "pipe");
    must(pipe(pair_b), "pipe");
    must(peer = fork(), "fork");
    if (peer == 0) { close(pair_a[1]); close(pair_b[0]); echo(pair_a[0], pair_b[1]); }
    close(pair_a[0]);
    close(pair_b[1]);
}
static void pipe_pingpong(void)
{
    if (write(pair_a[1], buffer, 1) != 1 || read(pair_b[0], buffer, 1) != 1) die("ping-pong");
}
static void stop_pipe_peer(void) { close(pair_a[1]); close(pair_b[0]); waitpid(peer, NULL, 0); }
static void start_tcp_peer(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    must(listener, "socket");
    must(bind(listener, (struct sockaddr *)&address, size), "bind");
    must(listen(listener, 1), "listen");
    must(getsockname(listener, (struct sockaddr *)&address, &size), "getsockname");
    must(pair_a[0] = socket(AF_INET, SOCK_STREAM, 0), "socket");
    must(connect(pair_a[0], (struct sockaddr *)&address, size), "connect");
    must(pair_a[1] = accept(listener, NULL, NULL), "accept");
    close(listener);
    for (int i = 0; i < 2; i++) must(setsockopt(pair_a[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "TCP_NODELAY");
    must(peer = fork(), "fork");
    if (peer == 0) { close(pair_a[0]); echo(pair_a[1], pair_a[1]); }
    close(pair_a[1]);
}
static void start_socket_peer(void)
{
    must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair_a), "socketpair");
    must(peer = fork(), "fork");
    if (peer == 0) { close(pair_a[0]); echo(pair_a[1], pair_a[1]); }
    close(pair_a[1]);
}
static void socket_pingpong(void)
{
    if (write(pair_a[0], buffer, 1) != 1 || read(pair_a[0], buffer, 1) != 1) die("ping-pong");
}
static void stop_socket_peer(void) { close(pair_a[0]); waitpid(peer, NULL, 0); }

// --- Processes and threads ---
static void fork_exit_wait(void)
{
    pid_t pid = fork();
    if (pid == 0) _exit(0);
    must(pid, "fork");
    waitpid(pid, NULL, 0);
}
static void fork_exec_true(void)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        execl("/bin/true", "true", NULL);
        _exit(127);
    }
    must(pid, "fork");
    waitpid(pid, &status, 0);
    if (status != 0) die("/bin/true");
}
static void *nothing(void *unused) { return unused; }
static void pthread_create_join(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, nothing, NULL)) die("pthread_create");
    pthread_join(thread, NULL);
}
static volatile uint64_t sink;
static void cpu_loop(void) // one million dependent multiplications
{
    uint64_t x = 1;
    for (int i = 0; i < 1000000; i++) x = x * 6364136223846793005u + 1442695040888963407u;
    sink = x;
}

static const struct row { const char *name; void (*op)(void), (*before)(void), (*after)(void); } rows[] = {
    {"getppid", getppid_}, {"getpid", getpid_}, {"clock_gettime", clock_gettime_},
    {"write1", write1, open_null, close_fd}, {"read4k", read4k, open_zero, close_fd},
    {"stat", stat_tmp}, {"open_close", open_close, make_file, remove_file},
    {"pread4k", pread4k, open_file, close_file}, {"pwrite4k", pwrite4k, open_file, close_file},
    {"create_unlink", create_unlink}, {"mmap_touch_munmap_64k", mmap_touch_munmap_64k},
    {"anon_fault", anon_fault, map_faults, unmap_faults}, {"futex_wake_private", futex_wake_private},
    {"futex_handoff", futex_handoff, start_partner, stop_partner}, {"pipe_self", pipe_self, make_pipe, close_pipe},
    {"pipe_pingpong", pipe_pingpong, start_pipe_peer, stop_pipe_peer},
    {"unix_pingpong", socket_pingpong, start_socket_peer, stop_socket_peer},
    {"tcp_pingpong", socket_pingpong, start_tcp_peer, stop_socket_peer},
    {"fork_exit_wait", fork_exit_wait}, {"fork_exec_true", fork_exec_true}, {"pthread_create_join", pthread_create_join},
    {"cpu_loop", cpu_loop}};

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double least(double a, double b) { return a < b ? a : b; }

static double batch_of(const struct row *row, long count)
{
    double start = now_ns();
    for (long i = 0; i < count; i++) row->op();
    return now_ns() - start;
}

static void measure(const struct row *row)
{
    double batch[BATCHES];
    long count = 1;
    if (row->before) row->before();
    // Doubling finds a batch size and warms up at once. The best of three: others that had the processor say nothing about the size.
    for (;;) {
        double took = BATCH_NS;
        for (int i = 0; i < 3; i++) took = least(took, batch_of(row, count));
        if (took >= BATCH_NS / 2) break;
        count = took < BATCH_NS / 100 ? count * 10 : (long)(count * BATCH_NS / took) + 1;
    }
    for (int b = 0; b < BATCHES; b++) {
        batch[b] = batch_of(row, count) / count;
    }
    if (row->after) row->after();
    qsort(batch, BATCHES, sizeof batch[0], compare);
    printf("%s %.1f\n", row->name, batch[BATCHES / 2]);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    int measured = 0;
    if (argc == 2 && (strcmp(argv[1], "first") == 0 || strcmp(argv[1], "idle") == 0)) {
        puts(argv[1]);
        fflush(stdout);
        while (argv[1][0] == 'i') pause();
        return 0;
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int wanted = argc == 1;
        for (int a = 1; a < argc; a++) wanted |= strcmp(argv[a], rows[i].name) == 0;
        if (!wanted) continue;
        measure(&rows[i]);
        measured++;
    }
    if (measured < argc - 1 || measured == 0) fprintf(stderr, "micro: unknown name\n");
    return measured < argc - 1 || measured == 0;
}
