// How exactly a jail gets the processor time that its limit says: caps THREADS SECONDS. Threads spin and note, about ten times a millisecond
// that they run, the time and what processor time the process has had. Of every half second (a new one begins each 20 ms) the per cent of one
// processor is told: least, mean, most.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MOST = 1000000 };
static double when[MOST], had[MOST];
static int count;
static volatile int over;

static double read_clock(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void *spin(void *unused)
{
    while (!over) {}
    return unused;
}

// Processor time had until a moment: between two notes as if it came evenly.
static double until(double moment)
{
    int low = 0, high = count - 1;
    while (high - low > 1) {
        int middle = (low + high) / 2;
        if (when[middle] <= moment) low = middle; else high = middle;
    }
    // A gap is a pause: the time before it was run at its ends only.
    return moment >= when[high] ? had[high] : when[high] - when[low] < 0.0005 ? had[low] + (had[high] - had[low]) * (moment - when[low]) / (when[high] - when[low]) : had[low];
}

int main(int argc, char **argv)
{
    int threads = argc > 1 ? atoi(argv[1]) : 1;
    double seconds = argc > 2 ? atof(argv[2]) : 30, begin = read_clock(CLOCK_MONOTONIC), last = 0, now = begin;
    for (int i = 1; i < threads; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, spin, NULL)) return 1;
    }
    while (now - begin < seconds && count < MOST) {
        now = read_clock(CLOCK_MONOTONIC);
        if (now - last > 0.0001) {
            when[count] = now;
            had[count++] = read_clock(CLOCK_PROCESS_CPUTIME_ID);
            last = now;
        }
    }
    over = 1;
    double least = 1e9, most = 0, sum = 0;
    int windows = 0;
    for (double t = begin + 1; t + 0.5 < now; t += 0.02, windows++) {
        double share = (until(t + 0.5) - until(t)) / 0.5 * 100;
        least = share < least ? share : least;
        most = share > most ? share : most;
        sum += share;
    }
    printf("least %.2f  mean %.2f  most %.2f\n", least, sum / windows, most);
    return 0;
}
