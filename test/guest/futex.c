// futex(2): waiting and waking on words, private and shared; robust and priority-inheriting mutexes on top.
#define GUEST_DYNAMIC // the calls of the C library itself, whose every site has room for the channel
#include "guest.h"
#include <linux/futex.h>

static long futex(volatile int *word, int op, int value, const struct timespec *limit, volatile int *word2, int value3)
{
    return syscall(SYS_futex, word, op, value, limit, word2, value3);
}
// For the operations whose fourth argument is a second count.
static long futex2(volatile int *word, int op, int value, int value2, volatile int *word2, int value3)
{
    return syscall(SYS_futex, word, op, value, (long)value2, word2, value3);
}

static volatile int word, other, woken;
static pid_t tids[16];
struct waiter { int op, index, bits; };

static void *wait_on_word(void *argument)
{
    struct waiter *w = argument;
    __atomic_store_n(&tids[w->index], gettid(), __ATOMIC_SEQ_CST);
    CHECK_EQ(futex(&word, w->op, 0, NULL, NULL, w->bits), 0);
    __atomic_add_fetch(&woken, 1, __ATOMIC_SEQ_CST);
    return NULL;
}

static pthread_t threads[16];
static struct waiter waiters[16];
static void start(int count, int op, int bits)
{
    word = other = woken = 0;
    for (int i = 0; i < count; i++) {
        tids[i] = 0;
        waiters[i] = (struct waiter){op, i, bits < 0 ? 1 << i : bits};
        CHECK_EQ(pthread_create(&threads[i], NULL, wait_on_word, &waiters[i]), 0);
    }
    for (int i = 0; i < count; i++) {
        while (!__atomic_load_n(&tids[i], __ATOMIC_SEQ_CST)) sched_yield();
        wait_until_thread_blocked(tids[i]);
    }
}
static void join(int count)
{
    for (int i = 0; i < count; i++) CHECK_EQ(pthread_join(threads[i], NULL), 0);
}

TEST(wait_checks_the_value)
{
    word = 1;
    CHECK_ERRNO(futex(&word, FUTEX_WAIT, 0, NULL, NULL, 0), EAGAIN);
    CHECK_ERRNO(futex(&word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0), EAGAIN);
    CHECK_EQ(futex(&word, FUTEX_WAKE, 10, NULL, NULL, 0), 0); // nobody there
}

TEST(timeouts)
{
    struct timespec limit = {0, 20000000};
    int64_t start_time = now_ns(CLOCK_MONOTONIC);
    word = 0;
    CHECK_ERRNO(futex(&word, FUTEX_WAIT_PRIVATE, 0, &limit, NULL, 0), ETIMEDOUT);
    CHECK(now_ns(CLOCK_MONOTONIC) - start_time >= 20000000);
    limit = (struct timespec){0, 1}; // FUTEX_WAIT_BITSET takes an absolute time: long past
    CHECK_ERRNO(futex(&word, FUTEX_WAIT_BITSET_PRIVATE, 0, &limit, NULL, FUTEX_BITSET_MATCH_ANY), ETIMEDOUT);
    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_nsec = (limit.tv_nsec + 10000000) % 1000000000;
    limit.tv_sec += limit.tv_nsec < 10000000;
    CHECK_ERRNO(futex(&word, FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME, 0, &limit, NULL, FUTEX_BITSET_MATCH_ANY), ETIMEDOUT);
    limit.tv_nsec = 1000000000;
    CHECK_ERRNO(futex(&word, FUTEX_WAIT_PRIVATE, 0, &limit, NULL, 0), EINVAL);
}

TEST(errors)
{
    word = 0;
    CHECK_ERRNO(futex((int *)((char *)&word + 1), FUTEX_WAKE, 1, NULL, NULL, 0), EINVAL);
    CHECK_ERRNO(futex(BAD_POINTER, FUTEX_WAIT, 0, NULL, NULL, 0), EFAULT);
    CHECK_ERRNO(futex(unmapped_page(), FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0), EFAULT);
    CHECK_ERRNO(futex(&word, 100, 0, NULL, NULL, 0), ENOSYS);
    CHECK_ERRNO(futex(&word, FUTEX_WAIT_BITSET, 0, NULL, NULL, 0), EINVAL);
    CHECK_ERRNO(futex(&word, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0), EINVAL);
    CHECK_ERRNO(futex(&word, FUTEX_WAIT, 0, BAD_POINTER, NULL, 0), EFAULT);
}

TEST(wake_counts)
{
    start(5, FUTEX_WAIT_PRIVATE, 0);
    CHECK_EQ(futex(&word, FUTEX_WAKE_PRIVATE, 2, NULL, NULL, 0), 2);
    CHECK_EQ(futex(&word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0), 3);
    join(5);
    CHECK_EQ(woken, 5);
}

TEST(bitsets)
{
    start(4, FUTEX_WAIT_BITSET_PRIVATE, -1); // each waits for a bit of its own
    CHECK_EQ(futex(&word, FUTEX_WAKE_BITSET_PRIVATE, 10, NULL, NULL, 1 << 9), 0);
    CHECK_EQ(futex(&word, FUTEX_WAKE_BITSET_PRIVATE, 10, NULL, NULL, 1 << 2), 1);
    CHECK_EQ(pthread_join(threads[2], NULL), 0);
    CHECK_EQ(futex(&word, FUTEX_WAKE_BITSET_PRIVATE, 10, NULL, NULL, (1 << 0) | (1 << 3)), 2);
    CHECK_EQ(futex(&word, FUTEX_WAKE_PRIVATE, 10, NULL, NULL, 0), 1);
    for (int i = 0; i < 4; i++)
        if (i != 2) CHECK_EQ(pthread_join(threads[i], NULL), 0);
}

TEST(requeue)
{
    start(6, FUTEX_WAIT_PRIVATE, 0);
    CHECK_ERRNO(futex2(&word, FUTEX_CMP_REQUEUE_PRIVATE, 1, 2, &other, 99), EAGAIN);
    CHECK_EQ(futex2(&word, FUTEX_CMP_REQUEUE_PRIVATE, 1, 3, &other, 0), 4); // woken plus moved
    CHECK_EQ(futex(&word, FUTEX_WAKE_PRIVATE, 10, NULL, NULL, 0), 2);
    CHECK_EQ(futex(&other, FUTEX_WAKE_PRIVATE, 10, NULL, NULL, 0), 3);
    join(6);
    start(2, FUTEX_WAIT_PRIVATE, 0);
    CHECK_EQ(futex2(&word, FUTEX_REQUEUE_PRIVATE, 0, 5, &other, 0), 2);
    CHECK_EQ(futex(&other, FUTEX_WAKE_PRIVATE, 10, NULL, NULL, 0), 2);
    join(2);
}

TEST(wake_op)
{
    start(2, FUTEX_WAIT_PRIVATE, 0);
    other = 5;
    // other += 3; wake one on word, and one on other if other was 5.
    int op = FUTEX_OP(FUTEX_OP_ADD, 3, FUTEX_OP_CMP_EQ, 5);
    CHECK_EQ(futex2(&word, FUTEX_WAKE_OP_PRIVATE, 1, 1, &other, op), 1);
    CHECK_EQ(other, 8);
    CHECK_EQ(futex2(&other, FUTEX_WAKE_OP_PRIVATE, 1, 1, &word, FUTEX_OP(FUTEX_OP_SET, 7, FUTEX_OP_CMP_EQ, 0)), 1);
    CHECK_EQ(word, 7);
    join(2);
    CHECK_EQ(futex2(&word, FUTEX_WAKE_OP_PRIVATE, 0, 0, &other, FUTEX_OP(FUTEX_OP_ANDN, 8, FUTEX_OP_CMP_NE, 8)), 0);
    CHECK_EQ(other, 0);
}

TEST(shared_between_processes)
{
    volatile int *shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t pid;
    IN_CHILD(pid) {
        CHECK_EQ(futex(shared, FUTEX_WAIT, 0, NULL, NULL, 0), 0);
        CHECK_EQ(*shared, 1);
    }
    wait_until_blocked(pid);
    CHECK_EQ(futex(shared, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0), 0); // private keys do not meet
    *shared = 1;
    CHECK_EQ(futex(shared, FUTEX_WAKE, 1, NULL, NULL, 0), 1);
    CHECK_EXIT(pid, 0);
    munmap((void *)shared, PAGE);
}

TEST(shared_by_file_at_different_addresses)
{
    int fd = CHECK_OK(memfd_create("f", 0));
    pid_t pid;
    CHECK_OK(ftruncate(fd, PAGE));
    volatile int *mine = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    IN_CHILD(pid) {
        volatile int *theirs = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        CHECK(theirs != mine);
        CHECK_EQ(futex(theirs + 3, FUTEX_WAIT, 0, NULL, NULL, 0), 0);
    }
    wait_until_blocked(pid);
    CHECK_EQ(futex(mine + 3, FUTEX_WAKE, 1, NULL, NULL, 0), 1);
    CHECK_EXIT(pid, 0);
    munmap((void *)mine, PAGE);
    CHECK_OK(close(fd));
}

static void nothing(int signal) { (void)signal; }

TEST(interrupted)
{
    pid_t pid;
    word = 0;
    IN_CHILD(pid) {
        struct sigaction action = {.sa_handler = nothing};
        sigaction(SIGUSR1, &action, NULL);
        CHECK_ERRNO(futex(&word, FUTEX_WAIT, 0, NULL, NULL, 0), EINTR);
    }
    wait_until_blocked(pid);
    CHECK_OK(kill(pid, SIGUSR1));
    CHECK_EXIT(pid, 0);
}

TEST(robust_owner_died)
{
    pthread_mutexattr_t attributes;
    pthread_mutex_t *mutex = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t pid;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    CHECK_EQ(pthread_mutex_init(mutex, &attributes), 0);
    for (int how = 0; how < 2; how++) {
        IN_CHILD(pid) {
            CHECK_EQ(pthread_mutex_lock(mutex), 0);
            if (how == 1) kill(getpid(), SIGKILL); // dies holding it
        }
        CHECK_STATUS(pid, how == 1 ? SIGKILL : 0);
        CHECK_EQ(pthread_mutex_lock(mutex), EOWNERDEAD); // the kernel walked its list: get_robust_list(2)
        CHECK_EQ(pthread_mutex_consistent(mutex), 0);
        CHECK_EQ(pthread_mutex_unlock(mutex), 0);
    }
    CHECK_EQ(pthread_mutex_lock(mutex), 0);
    CHECK_EQ(pthread_mutex_unlock(mutex), 0);
    void *head;
    size_t size;
    CHECK_OK(syscall(SYS_get_robust_list, 0, &head, &size));
    CHECK(head != NULL && size == 24);
    CHECK_ERRNO(syscall(SYS_set_robust_list, head, 1), EINVAL);
    munmap(mutex, PAGE);
}

static void *lock_and_end(void *mutex)
{
    CHECK_EQ(pthread_mutex_lock(mutex), 0);
    return mutex;
}

// The list is each thread's own, also of threads that live one after another in the same place.
TEST(robust_owner_was_a_short_thread)
{
    pthread_mutexattr_t attributes;
    pthread_mutex_t mutex;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    CHECK_EQ(pthread_mutex_init(&mutex, &attributes), 0);
    for (int i = 0; i < 100; i++) {
        pthread_t thread;
        CHECK_EQ(pthread_create(&thread, NULL, lock_and_end, &mutex), 0);
        CHECK_EQ(pthread_join(thread, NULL), 0);
        CHECK_EQ(pthread_mutex_lock(&mutex), EOWNERDEAD);
        CHECK_EQ(pthread_mutex_consistent(&mutex), 0);
        CHECK_EQ(pthread_mutex_unlock(&mutex), 0);
    }
    struct { void *next; long offset; void *pending; } list = {&list, 0, NULL};
    void *before, *head;
    size_t size;
    CHECK_OK(syscall(SYS_get_robust_list, 0, &before, &size));
    CHECK_OK(syscall(SYS_set_robust_list, &list, sizeof list));
    CHECK_OK(syscall(SYS_get_robust_list, 0, &head, &size));
    CHECK(head == &list);
    CHECK_OK(syscall(SYS_set_robust_list, before, 24));
    CHECK_OK(syscall(SYS_get_robust_list, 0, &head, &size));
    CHECK(head == before);
}

static pthread_mutex_t pi;
static int in_section, entered;
static void *use_pi(void *unused)
{
    for (int i = 0; i < 2000; i++) {
        CHECK_EQ(pthread_mutex_lock(&pi), 0);
        CHECK_EQ(in_section++, 0);
        entered++;
        if (i % 16 == 0) sched_yield();
        in_section--;
        CHECK_EQ(pthread_mutex_unlock(&pi), 0);
    }
    return unused;
}

TEST(priority_inheritance)
{
    pthread_mutexattr_t attributes;
    pthread_t thread[4];
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
    CHECK_EQ(pthread_mutex_init(&pi, &attributes), 0);
    for (int i = 0; i < 4; i++) CHECK_EQ(pthread_create(&thread[i], NULL, use_pi, NULL), 0);
    for (int i = 0; i < 4; i++) CHECK_EQ(pthread_join(thread[i], NULL), 0);
    CHECK_EQ(entered, 8000);
    word = 0;
    CHECK_EQ(futex(&word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0), 0);
    CHECK_EQ(word, gettid());
    CHECK_ERRNO(futex(&word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0), EDEADLK);
    CHECK_EQ(futex(&word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0), 0);
    CHECK_EQ(word, 0);
    CHECK_ERRNO(futex(&word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0), EPERM);
}
