// sigprocmask(2), pthread_sigmask(3): a mask that is changed often, while others send. What is blocked does not arrive, and what is let in
// has arrived when the call is back.
#define GUEST_DYNAMIC // the calls of the C library itself, whose every site has room for the channel
#include "guest.h"

enum { WARM = 400 }; // so often that a kernel may have found a shorter way by then

static volatile sig_atomic_t got, forbidden, blocked_now;
static void count(int signal)
{
    (void)signal;
    got++;
    forbidden += blocked_now;
}
static sigset_t set_of(int signal)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    return set;
}
static long raw(int how, const uint64_t *set, uint64_t *old, size_t size) { return syscall(SYS_rt_sigprocmask, how, set, old, size); }
static uint64_t mask_of_self(void)
{
    char text[4096], path[64];
    snprintf(path, sizeof path, "/proc/self/task/%ld/status", (long)syscall(SYS_gettid));
    int fd = open(path, O_RDONLY);
    ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    text[n > 0 ? n : 0] = 0;
    close(fd);
    char *at = strstr(text, "SigBlk:");
    return at ? strtoull(at + 7, NULL, 16) : ~0ULL;
}
static void handle(int signal, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler};
    sigaction(signal, &action, NULL);
}

TEST(what_is_set_is_what_is_there)
{
    uint64_t want = 0, old, seed = 12345;
    CHECK_OK(raw(SIG_SETMASK, &want, NULL, 8));
    for (int i = 0; i < 3 * WARM; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        uint64_t set = seed >> 7;
        int how = (seed >> 60) % 3;
        CHECK_OK(raw(how, &set, &old, 8));
        CHECK(old == want);
        want = (how == SIG_BLOCK ? want | set : how == SIG_UNBLOCK ? want & ~set : set) & ~(1ull << (SIGKILL - 1) | 1ull << (SIGSTOP - 1));
        if (i % 64 == 63) {
            CHECK_OK(raw(SIG_BLOCK, NULL, &old, 8));
            CHECK(old == want);
            CHECK(mask_of_self() == want);
        }
        uint64_t both = set; // the same memory for both
        CHECK_OK(raw(SIG_SETMASK, &both, &both, 8));
        CHECK(both == want);
        want = set & ~(1ull << (SIGKILL - 1) | 1ull << (SIGSTOP - 1));
    }
    uint64_t none = 0;
    CHECK_OK(raw(SIG_SETMASK, &none, NULL, 8));
}

TEST(bad_arguments)
{
    uint64_t set = 1ull << (SIGUSR1 - 1), old = 77, none = 0;
    for (int i = 0; i < WARM; i++) CHECK_OK(raw(SIG_SETMASK, &none, NULL, 8));
    CHECK_ERRNO(raw(3, &set, NULL, 8), EINVAL);
    CHECK_ERRNO(raw(-1, &set, NULL, 8), EINVAL);
    CHECK_OK(raw(3, NULL, &old, 8)); // nobody looks at how
    CHECK_EQ(old, 0);
    CHECK_ERRNO(raw(SIG_BLOCK, &set, NULL, 4), EINVAL);
    CHECK_ERRNO(raw(SIG_BLOCK, &set, NULL, 16), EINVAL);
    CHECK_ERRNO(raw(SIG_BLOCK, BAD_POINTER, NULL, 8), EFAULT);
    CHECK_ERRNO(raw(SIG_BLOCK, BAD_POINTER, &old, 8), EFAULT);
    CHECK_OK(raw(SIG_BLOCK, NULL, &old, 8));
    CHECK_EQ(old, 0);
    CHECK_ERRNO(raw(SIG_BLOCK, &set, BAD_POINTER, 8), EFAULT); // the mask is changed all the same
    CHECK_OK(raw(SIG_BLOCK, NULL, &old, 8));
    CHECK(old == set);
    char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(page, 0, PAGE);
    CHECK_OK(mprotect(page, PAGE, PROT_READ));
    CHECK_OK(raw(SIG_SETMASK, (uint64_t *)page, NULL, 8));
    CHECK_ERRNO(raw(SIG_BLOCK, &set, (uint64_t *)page, 8), EFAULT);
    CHECK_ERRNO(raw(SIG_SETMASK, &none, (uint64_t *)(page + PAGE - 4), 8), EFAULT);
    CHECK_OK(raw(SIG_SETMASK, &none, NULL, 8));
    munmap(page, PAGE);
}

TEST(let_in_is_arrived)
{
    sigset_t set = set_of(SIGUSR1);
    handle(SIGUSR1, count);
    got = forbidden = 0;
    for (int i = 0; i < WARM; i++) {
        sigprocmask(SIG_BLOCK, &set, NULL);
        blocked_now = 1;
        CHECK_OK(kill(getpid(), SIGUSR1));
        sigset_t pending;
        sigpending(&pending);
        CHECK(sigismember(&pending, SIGUSR1));
        CHECK_EQ(got, i);
        blocked_now = 0;
        sigprocmask(SIG_UNBLOCK, &set, NULL);
        CHECK_EQ(got, i + 1);
        for (int quiet = 0; quiet < 5; quiet++) { // nothing pending: the short way again
            sigprocmask(SIG_BLOCK, &set, NULL);
            sigprocmask(SIG_UNBLOCK, &set, NULL);
        }
    }
    CHECK_EQ(forbidden, 0);
}

TEST(others_send_meanwhile)
{
    enum { SENT = 1500 };
    int go[2], signal = SIGRTMIN + 2;
    sigset_t set = set_of(signal);
    handle(signal, count);
    got = forbidden = blocked_now = 0;
    CHECK_OK(pipe(go));
    pid_t parent = getpid(), child = fork();
    if (child == 0) {
        char c;
        if (read(go[0], &c, 1) != 1) _exit(1);
        for (int i = 0; i < SENT; i++)
            while (sigqueue(parent, signal, (union sigval){.sival_int = i}) != 0 && errno == EAGAIN) sched_yield();
        _exit(0);
    }
    for (int i = 0; i < WARM; i++) {
        sigprocmask(SIG_BLOCK, &set, NULL);
        sigprocmask(SIG_UNBLOCK, &set, NULL);
    }
    CHECK_EQ(write(go[1], "x", 1), 1);
    while (got < SENT) {
        sigprocmask(SIG_BLOCK, &set, NULL);
        blocked_now = 1;
        for (volatile int i = 0; i < 50; i++) continue;
        blocked_now = 0;
        sigprocmask(SIG_UNBLOCK, &set, NULL);
    }
    int status;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
    CHECK_EQ(got, SENT);
    CHECK_EQ(forbidden, 0);
    close(go[0]);
    close(go[1]);
}

static int total, in_blocked;
static __thread volatile int mine_blocked;
static void count_atomic(int signal)
{
    (void)signal;
    if (mine_blocked) __atomic_add_fetch(&in_blocked, 1, __ATOMIC_SEQ_CST);
    __atomic_add_fetch(&total, 1, __ATOMIC_SEQ_CST);
}
enum { SHARED = 1200, TOGGLERS = 3 };
static void *toggle(void *unused)
{
    sigset_t set = set_of(SIGRTMIN + 3);
    while (__atomic_load_n(&total, __ATOMIC_SEQ_CST) < SHARED) {
        pthread_sigmask(SIG_BLOCK, &set, NULL);
        mine_blocked = 1;
        for (volatile int i = 0; i < 20; i++) continue;
        mine_blocked = 0;
        pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    }
    return unused;
}

TEST(one_of_several_threads_takes_it)
{
    pthread_t threads[TOGGLERS];
    handle(SIGRTMIN + 3, count_atomic);
    total = in_blocked = 0;
    pid_t parent = getpid(), child = fork();
    if (child == 0) {
        for (int i = 0; i < SHARED; i++)
            while (sigqueue(parent, SIGRTMIN + 3, (union sigval){.sival_int = i}) != 0 && errno == EAGAIN) sched_yield();
        _exit(0);
    }
    for (int i = 0; i < TOGGLERS; i++) pthread_create(&threads[i], NULL, toggle, NULL);
    for (int i = 0; i < TOGGLERS; i++) pthread_join(threads[i], NULL);
    waitpid(child, NULL, 0);
    CHECK_EQ(total, SHARED);
    CHECK_EQ(in_blocked, 0);
}

static void change_mask(int signal)
{
    uint64_t more = 1ull << (SIGUSR2 - 1);
    (void)signal;
    for (int i = 0; i < 10; i++) raw(SIG_BLOCK, &more, NULL, 8);
    got++;
}

TEST(a_handler_gives_the_mask_back)
{
    uint64_t none = 0, old;
    handle(SIGUSR1, change_mask);
    got = 0;
    for (int i = 0; i < WARM; i++) {
        CHECK_OK(raw(SIG_SETMASK, &none, NULL, 8));
        if (i % 8 == 0) {
            CHECK_OK(raise(SIGUSR1));
            CHECK_OK(raw(SIG_BLOCK, &none, &old, 8));
            CHECK(old == 0);
        }
    }
    CHECK_EQ(got, WARM / 8);
}

static void *tell_mask(void *result)
{
    *(uint64_t *)result = mask_of_self();
    uint64_t old, all = ~0ull;
    raw(SIG_SETMASK, &all, &old, 8);
    if (old != *(uint64_t *)result) *(uint64_t *)result = ~1ull;
    return NULL;
}

TEST(children_and_threads_begin_with_it)
{
    for (int i = 0; i < WARM / 4; i++) {
        uint64_t set = (uint64_t)(i + 1) << (SIGRTMIN - 1), seen = 0, none = 0, old;
        set &= ~(1ull << 63);
        CHECK_OK(raw(SIG_SETMASK, &set, NULL, 8));
        pthread_t thread;
        CHECK_EQ(pthread_create(&thread, NULL, tell_mask, &seen), 0);
        pthread_join(thread, NULL);
        CHECK(seen == set);
        if (i % 10 == 0) {
            pid_t child = fork();
            if (child == 0) {
                uint64_t here;
                _exit(raw(SIG_BLOCK, &none, &here, 8) != 0 || here != set || mask_of_self() != set);
            }
            int status = -1;
            CHECK_EQ(waitpid(child, &status, 0), child);
            CHECK_EQ(status, 0);
        }
        CHECK_OK(raw(SIG_SETMASK, &none, &old, 8));
        CHECK(old == set); // what the thread did to its own mask is its own
    }
}

static int is_open;
static void *let_in_and_wait(void *unused)
{
    sigset_t set = set_of(SIGUSR1);
    int before = __atomic_load_n(&is_open, __ATOMIC_SEQ_CST);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    __atomic_store_n(&is_open, before + 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&total, __ATOMIC_SEQ_CST) == before) sched_yield();
    return unused;
}

// What is sent to the process while a thread is being made, or at its very first steps, is taken by that thread when nobody else lets it in.
TEST(a_thread_that_just_began_takes_it)
{
    sigset_t set = set_of(SIGUSR1);
    pthread_t thread;
    handle(SIGUSR1, count_atomic);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    total = is_open = 0;
    for (int i = 0; i < WARM; i++) {
        CHECK_EQ(pthread_create(&thread, NULL, let_in_and_wait, NULL), 0);
        if (i % 2) while (__atomic_load_n(&is_open, __ATOMIC_SEQ_CST) == i) sched_yield();
        kill(getpid(), SIGUSR1);
        CHECK_EQ(pthread_join(thread, NULL), 0);
        CHECK_EQ(total, i + 1);
    }
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

// The parent hears of a child's end twice, by a signal that it blocks and by the wait that ends: it must not go to sleep between the two.
TEST(children_end_while_their_signal_is_blocked)
{
    sigset_t set = set_of(SIGCHLD);
    handle(SIGCHLD, count);
    for (int i = 0; i < WARM; i++) {
        sigprocmask(SIG_BLOCK, &set, NULL);
        sigprocmask(SIG_UNBLOCK, &set, NULL);
    }
    for (int i = 0; i < WARM; i++) {
        sigprocmask(SIG_BLOCK, &set, NULL);
        got = 0;
        pid_t child = fork();
        if (child == 0) _exit(7);
        for (volatile int work = 0; work < i % 100 * 5000; work++) continue;
        int status;
        CHECK_EQ(waitpid(child, &status, 0), child);
        CHECK_EQ(status, 7 << 8);
        CHECK_EQ(got, 0);
        sigprocmask(SIG_UNBLOCK, &set, NULL);
        CHECK_EQ(got, 1);
        sigprocmask(SIG_BLOCK, &set, NULL);
        sigprocmask(SIG_UNBLOCK, &set, NULL);
    }
}
