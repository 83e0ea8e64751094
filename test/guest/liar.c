// Says that the host did not make the thread that it has made, to have one that nobody counts: found out, and ended. Only for a guest; what it
// knows is how the kernel's pages lie behind the gs base. Prints "no" where it cannot be tried.
#define _GNU_SOURCE
#define GUEST_DYNAMIC
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { NEXT_SLOT = 0x10c8, HOST_TID = 0x1048, TRAP = 0x5d1, STILLBORN = -3, WARM = 300 };

static volatile int *number;

static void *give_back(void *argument)
{
    return argument;
}

// Makes no call, by which it would be found out at once.
static void *compute(void *unused)
{
    for (volatile int on = 1; on;);
    return unused;
}

int main(void)
{
    uint64_t slot;
    pthread_t thread;
    for (int i = 0; i < WARM; i++) {
        if (pthread_create(&thread, NULL, give_back, NULL) != 0) return 2;
        pthread_join(thread, NULL);
    }
    __asm__("rdgsbase %0" : "=r"(slot));
    uint64_t next = slot ? *(volatile uint64_t *)(slot + NEXT_SLOT) : 0;
    if (!next) {
        puts("no");
        return 0;
    }
    if (pthread_create(&thread, NULL, compute, NULL) != 0) return 2;
    number = (volatile int *)(next + HOST_TID);
    if (*number == 0) return 3;
    *number = 0;
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(TRAP), "D"((long)STILLBORN) : "rcx", "r11", "memory");
    printf("alive: %ld\n", result);
    return 4;
}
