// What a service feels: a request to another process and its answer ("echo"), and a process made and waited for ("spawn"), with a pause of
// three milliseconds before each. latency SECONDS prints the mean, the median and the 99th percentile of both in
// microseconds.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 20000 };
static double echo[MOST], spawn[MOST];

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static void rest(void)
{
    struct timespec pause = { 0, 3000000 };
    nanosleep(&pause, NULL);
}

static int order(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double mean(const double *values, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++) sum += values[i];
    return sum / n;
}

int main(int argc, char **argv)
{
    double end = now() + (argc > 1 ? atof(argv[1]) : 3) * 1e6;
    int pair[2], n = 0;
    char c = 0;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair)) return perror("socketpair"), 1;
    if (fork() == 0) {
        close(pair[0]);
        while (read(pair[1], &c, 1) == 1 && write(pair[1], &c, 1) == 1) continue;
        _exit(0);
    }

    close(pair[1]);
    for (; now() < end && n < MOST; n++) {
        rest();
        double begin = now();
        if (write(pair[0], &c, 1) != 1 || read(pair[0], &c, 1) != 1) return perror("echo"), 1;
        echo[n] = now() - begin;
        rest();
        begin = now();
        pid_t child = fork();
        if (child < 0) return perror("fork"), 1;
        if (child == 0) _exit(0);
        waitpid(child, NULL, 0);
        spawn[n] = now() - begin;
    }

    qsort(echo, n, sizeof *echo, order);
    qsort(spawn, n, sizeof *spawn, order);
    printf("echo %.0f %.0f %.0f spawn %.0f %.0f %.0f\n", mean(echo, n), echo[n / 2], echo[n * 99 / 100], mean(spawn, n), spawn[n / 2],
        spawn[n * 99 / 100]);
    return 0;
}
