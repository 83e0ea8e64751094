// futex_wait(2), futex_wake(2), futex_requeue(2) (Linux 6.7) and futex_waitv(2) (5.16) have the same waiters as futex(2).
#define GUEST_DYNAMIC // the calls of the C library itself, whose every site has room for the channel
#include "guest.h"
#include <linux/futex.h>
#include <sys/time.h>

#define SIZE_U32 2
#define PRIVATE 128
#define ANY 0xffffffffu

struct vector { uint64_t value, address; uint32_t flags, reserved; };

static long new_wait(volatile int *word, unsigned value, const struct timespec *limit) { return syscall(455, word, value, ANY, SIZE_U32 | PRIVATE, limit, CLOCK_MONOTONIC); }
static long new_wake(volatile int *word, unsigned long mask, int count, unsigned flags) { return syscall(454, word, mask, count, flags); }
static long wait_vector(struct vector *v, int count, const struct timespec *limit) { return syscall(449, v, count, 0, limit, CLOCK_MONOTONIC); }
static long old_wake(volatile int *word, int count) { return syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0); }
static int has_them(void) { return !(new_wake(NULL, ANY, 1, SIZE_U32) < 0 && errno == ENOSYS); }

static volatile int word, second, tid;
static struct vector both(int index) { return (struct vector){0, (uintptr_t)(index ? &second : &word), SIZE_U32 | PRIVATE, 0}; }

static void *wait_old(void *unused)
{
    tid = gettid();
    CHECK_EQ(syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0), 0);
    return unused;
}
static void *wait_new(void *unused)
{
    tid = gettid();
    CHECK_EQ(new_wait(&word, 0, NULL), 0);
    return unused;
}
static void *wait_both(void *index)
{
    struct vector v[2] = {both(0), both(1)};
    tid = gettid();
    CHECK_EQ(wait_vector(v, 2, NULL), (long)(intptr_t)index);
    return NULL;
}

static pthread_t waiter(void *(*how)(void *), void *argument)
{
    pthread_t thread;
    tid = 0;
    CHECK_EQ(pthread_create(&thread, NULL, how, argument), 0);
    while (!__atomic_load_n(&tid, __ATOMIC_SEQ_CST)) sched_yield();
    wait_until_thread_blocked(tid);
    return thread;
}

TEST(old_and_new_calls_meet)
{
    if (!has_them()) return;
    pthread_t thread = waiter(wait_old, NULL);
    CHECK_EQ(new_wake(&word, ANY, 5, SIZE_U32 | PRIVATE), 1);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    thread = waiter(wait_new, NULL);
    CHECK_EQ(old_wake(&word, 5), 1);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    thread = waiter(wait_new, NULL);
    struct vector pair[2] = {both(0), both(1)};
    CHECK_EQ(syscall(456, pair, 0, 0, 5), 1);
    CHECK_EQ(old_wake(&word, 5), 0);
    CHECK_EQ(old_wake(&second, 5), 1);
    CHECK_EQ(pthread_join(thread, NULL), 0);
}

TEST(vectors_are_woken)
{
    pthread_t thread = waiter(wait_both, (void *)1);
    CHECK_EQ(old_wake(&second, 5), 1);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    thread = waiter(wait_both, (void *)0);
    CHECK_EQ(syscall(SYS_futex, &word, FUTEX_WAKE_BITSET_PRIVATE, 1, NULL, NULL, 1), 1);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    struct vector v[2] = {both(0), both(1)};
    v[1].value = 7;
    CHECK_ERRNO(wait_vector(v, 2, NULL), EAGAIN);
    v[1].flags = 0;
    CHECK_ERRNO(wait_vector(v, 2, NULL), EINVAL);
    CHECK_ERRNO(wait_vector(v, 0, NULL), EINVAL);
}

TEST(limits_and_errors)
{
    if (!has_them()) return;
    struct timespec limit;
    clock_gettime(CLOCK_MONOTONIC, &limit);
    limit.tv_nsec += 20000000;
    if (limit.tv_nsec >= 1000000000) limit = (struct timespec){limit.tv_sec + 1, limit.tv_nsec - 1000000000};
    CHECK_ERRNO(new_wait(&word, 0, &limit), ETIMEDOUT);
    struct vector v[2] = {both(0), both(1)};
    CHECK_ERRNO(wait_vector(v, 2, &limit), ETIMEDOUT);
    CHECK_ERRNO(new_wait(&word, 1, NULL), EAGAIN);
    CHECK_ERRNO(new_wake(&word, ANY, 1, 0), EINVAL);
    CHECK_ERRNO(new_wake(&word, 0, 1, SIZE_U32), EINVAL);
    CHECK_ERRNO(new_wake((volatile int *)((char *)&word + 1), ANY, 1, SIZE_U32), EINVAL);
    CHECK_EQ(new_wake(&word, ANY, 0, SIZE_U32 | PRIVATE), 0);
    CHECK_ERRNO(old_wake((volatile int *)((char *)&word + 1), 1), EINVAL);
    CHECK_ERRNO(old_wake((volatile int *)-4096, 1), EFAULT);
}

TEST(a_wake_of_none_wakes_one) // the older call does
{
    pthread_t thread = waiter(wait_old, NULL);
    CHECK_EQ(old_wake(&word, 0), 1);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    thread = waiter(wait_old, NULL);
    CHECK_EQ(old_wake(&word, -1), 1);
    CHECK_EQ(pthread_join(thread, NULL), 0);
}

static volatile sig_atomic_t signals;
static void count(int signal) { (void)signal; signals++; }

TEST(interrupted)
{
    struct sigaction action = {.sa_handler = count};
    CHECK_OK(sigaction(SIGALRM, &action, NULL));
    // Again and again: on a busy machine the first may come before the wait.
    struct itimerval often = {{0, 20000}, {0, 20000}}, never = {{0, 0}, {0, 0}};
    struct vector v[2] = {both(0), both(1)};
    CHECK_OK(setitimer(ITIMER_REAL, &often, NULL));
    CHECK_ERRNO(wait_vector(v, 2, NULL), EINTR);
    if (has_them()) CHECK_ERRNO(new_wait(&word, 0, NULL), EINTR);
    CHECK_OK(setitimer(ITIMER_REAL, &never, NULL));
}

// Somebody is woken, and registers but rax, rcx and r11 are as before, whenever a signal comes and whatever its handler asks for: only a wait ends early.
static void wake_under_signals(int flags)
{
    struct sigaction action = {.sa_handler = count, .sa_flags = flags};
    CHECK_OK(sigaction(SIGALRM, &action, NULL));
    struct itimerval often = {{0, 100}, {0, 100}}, never = {{0, 0}, {0, 0}};
    signals = 0;
    CHECK_OK(setitimer(ITIMER_REAL, &often, NULL));
    long wrong = 0, failed = 0;
    // On a machine that gives this program little time half a minute of it must do.
    const time_t end = time(NULL) + 30;
    for (long i = 0; signals < 6000 && ((i & 255) || time(NULL) < end); i++) {
        register long number asm("rax") = SYS_futex, address asm("rdi") = (long)&word, operation asm("rsi") = (i << 32) | FUTEX_WAKE_PRIVATE,
            amount asm("rdx") = (i << 32) | 1, fourth asm("r10") = ~i, fifth asm("r8") = i + 3, sixth asm("r9") = -i;
        asm volatile("mov $202, %%eax\n\tsyscall" : "+r"(number), "+r"(address), "+r"(operation), "+r"(amount), "+r"(fourth), "+r"(fifth), "+r"(sixth) :: "rcx", "r11", "memory");
        failed += number != 0;
        wrong += address != (long)&word || operation != ((i << 32) | FUTEX_WAKE_PRIVATE) || amount != ((i << 32) | 1)
            || fourth != ~i || fifth != i + 3 || sixth != -i;
    }
    CHECK_OK(setitimer(ITIMER_REAL, &never, NULL));
    CHECK_EQ(failed, 0);
    CHECK_EQ(wrong, 0);
}

TEST(wake_under_signals)
{
    wake_under_signals(SA_RESTART);
    wake_under_signals(0);
}
