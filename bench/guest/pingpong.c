// A byte there and back over TCP, with a pause of a millisecond before each: pingpong PORT serves one caller after the other;
// pingpong PORT ADDRESS SECONDS calls, and prints the median and the 99th percentile in microseconds.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 100000 };
static double times[MOST];

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static int order(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(atoi(argv[1])) };
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1, n = 0;
    char c = 0;
    if (argc < 4) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        if (bind(fd, (void *)&a, sizeof a) || listen(fd, 8)) return perror("listen"), 1;
        for (int caller; (caller = accept(fd, NULL, NULL)) >= 0; close(caller)) {
            setsockopt(caller, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
            while (read(caller, &c, 1) == 1 && write(caller, &c, 1) == 1) continue;
        }
        return 0;
    }
    inet_pton(AF_INET, argv[2], &a.sin_addr);
    if (connect(fd, (void *)&a, sizeof a)) return perror("connect"), 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    for (double end = now() + atof(argv[3]) * 1e6; now() < end && n < MOST; n++) {
        nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
        double begin = now();
        if (write(fd, &c, 1) != 1 || read(fd, &c, 1) != 1) return perror("pingpong"), 1;
        times[n] = now() - begin;
    }
    qsort(times, n, sizeof *times, order);
    printf("%.0f %.0f\n", times[n / 2], times[n * 99 / 100]);
    return 0;
}
