// clone(2) as pthreads use it: creation, local storage, signals to one thread, and the ways to end.
#include "guest.h"
#include <sys/prctl.h>

static __thread int local = 5;
static int counter;
static void *add_one(void *argument)
{
    CHECK_EQ(local, 5);
    local += (int)(intptr_t)argument;
    __atomic_add_fetch(&counter, 1, __ATOMIC_SEQ_CST);
    return (void *)(intptr_t)local;
}

TEST(create_and_join)
{
    enum { N = 200 };
    pthread_t thread[N];
    void *result;
    counter = 0;
    for (int i = 0; i < N; i++) CHECK_EQ(pthread_create(&thread[i], NULL, add_one, (void *)(intptr_t)i), 0);
    for (int i = 0; i < N; i++) {
        CHECK_EQ(pthread_join(thread[i], &result), 0);
        CHECK_EQ((intptr_t)result, 5 + i);
    }
    CHECK_EQ(counter, N);
    CHECK_EQ(local, 5);
}

static pid_t thread_tid, thread_pid;
static void *tell_ids(void *unused)
{
    thread_tid = gettid();
    thread_pid = getpid();
    return unused;
}

TEST(ids)
{
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, tell_ids, NULL), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_EQ(thread_pid, getpid());
    CHECK(thread_tid != getpid() && thread_tid > 0);
    CHECK_EQ(gettid(), getpid());
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static int turn, plain;
static void *take_turns(void *argument)
{
    int me = (int)(intptr_t)argument;
    for (int i = 0; i < 1000; i++) {
        pthread_mutex_lock(&mutex);
        while (turn != me) pthread_cond_wait(&condition, &mutex);
        plain++;
        turn = (me + 1) % 3;
        pthread_cond_broadcast(&condition);
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

TEST(mutex_and_condition)
{
    pthread_t thread[3];
    turn = plain = 0;
    for (int i = 0; i < 3; i++) CHECK_EQ(pthread_create(&thread[i], NULL, take_turns, (void *)(intptr_t)i), 0);
    for (int i = 0; i < 3; i++) CHECK_EQ(pthread_join(thread[i], NULL), 0);
    CHECK_EQ(plain, 3000);
}

static volatile pid_t handled_by;
static int started[2];
static void on_signal(int signal)
{
    (void)signal;
    handled_by = gettid();
}
static void *wait_for_signal(void *unused)
{
    pid_t me = gettid();
    sigset_t set;
    sigfillset(&set);
    sigdelset(&set, SIGUSR1);
    CHECK_EQ(write(started[1], &me, sizeof me), sizeof me);
    CHECK_ERRNO(sigsuspend(&set), EINTR);
    return unused;
}

TEST(tgkill_reaches_one_thread)
{
    pthread_t thread[2];
    pid_t tid[2];
    sigset_t block, old;
    CHECK_OK(pipe(started));
    signal(SIGUSR1, on_signal);
    sigemptyset(&block);
    sigaddset(&block, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &block, &old);
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(pthread_create(&thread[i], NULL, wait_for_signal, NULL), 0);
        CHECK_EQ(read(started[0], &tid[i], sizeof tid[i]), sizeof tid[i]);
    }
    for (int i = 1; i >= 0; i--) {
        CHECK_OK(syscall(SYS_tgkill, getpid(), tid[i], SIGUSR1));
        CHECK_EQ(pthread_join(thread[i], NULL), 0);
        CHECK_EQ(handled_by, tid[i]);
    }
    // pthread_join(3) returns when the thread has let go of its stack; its number is free a moment later.
    while (syscall(SYS_tgkill, getpid(), tid[0], 0) == 0) sched_yield();
    CHECK_ERRNO(syscall(SYS_tgkill, getpid(), tid[0], 0), ESRCH);
    CHECK_ERRNO(syscall(SYS_tgkill, getppid(), gettid(), 0), ESRCH); // the thread is not in that process
    CHECK_ERRNO(syscall(SYS_tgkill, -1, gettid(), 0), EINVAL);
    CHECK_OK(syscall(SYS_tkill, gettid(), 0));
    // A signal to the process goes to a thread that does not block it.
    CHECK_EQ(pthread_create(&thread[0], NULL, wait_for_signal, NULL), 0);
    CHECK_EQ(read(started[0], &tid[0], sizeof tid[0]), sizeof tid[0]);
    CHECK_OK(kill(getpid(), SIGUSR1));
    CHECK_EQ(pthread_join(thread[0], NULL), 0);
    CHECK_EQ(handled_by, tid[0]);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    signal(SIGUSR1, SIG_DFL);
    CHECK_OK(close(started[0]));
    CHECK_OK(close(started[1]));
}

static int pipe_ends[2];
static void *block_forever(void *unused)
{
    char byte;
    (void)!read(pipe_ends[0], &byte, 1);
    return unused;
}
static void *write_after_main(void *main_tid)
{
    // The main thread is gone when its state is Z.
    while (process_state(getpid()) != 'Z') sched_yield();
    _exit(21);
    return main_tid;
}
static void *exit_now(void *unused)
{
    wait_until_thread_blocked(getpid());
    exit(22);
    return unused;
}

TEST(exit_of_main_thread)
{
    pid_t pid;
    IN_CHILD(pid) {
        pthread_t thread;
        pthread_create(&thread, NULL, write_after_main, NULL);
        pthread_exit(NULL); // the process lives until its last thread
    }
    CHECK_EXIT(pid, 21);
}

TEST(exit_group_ends_blocked_threads)
{
    pid_t pid;
    CHECK_OK(pipe(pipe_ends));
    IN_CHILD(pid) {
        pthread_t thread;
        for (int i = 0; i < 8; i++) pthread_create(&thread, NULL, block_forever, NULL);
        pthread_create(&thread, NULL, exit_now, NULL);
        block_forever(NULL);
    }
    CHECK_EXIT(pid, 22);
    // The same by a signal.
    IN_CHILD(pid) {
        pthread_t thread;
        for (int i = 0; i < 8; i++) pthread_create(&thread, NULL, block_forever, NULL);
        kill(getpid(), SIGKILL);
        block_forever(NULL);
    }
    CHECK_KILLED(pid, SIGKILL);
    CHECK_OK(close(pipe_ends[0]));
    CHECK_OK(close(pipe_ends[1]));
}

static void *fork_here(void *unused)
{
    pid_t pid;
    char text[4096];
    IN_CHILD(pid) {
        CHECK_EQ(gettid(), getpid()); // only the caller is in the child, as its main thread
        CHECK(read_file("/proc/self/status", text, sizeof text) > 0);
        CHECK(strstr(text, "Threads:\t1\n") != NULL);
    }
    CHECK_EXIT(pid, 0);
    return unused;
}

TEST(fork_from_a_thread)
{
    pthread_t thread;
    for (int i = 0; i < 10; i++) {
        CHECK_EQ(pthread_create(&thread, NULL, fork_here, NULL), 0);
        CHECK_EQ(pthread_join(thread, NULL), 0);
    }
}

static void *change_shared_state(void *unused)
{
    char name[16];
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(chdir("d"));
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGUSR2, SIG_IGN);
    prctl(PR_SET_NAME, "worker");
    prctl(PR_GET_NAME, name);
    CHECK_STR(name, "worker");
    return unused;
}

TEST(shared_state)
{
    // Threads share descriptors, directory and signal actions; each has its own mask and name.
    pthread_t thread;
    sigset_t now;
    char name[16];
    CHECK_EQ(pthread_create(&thread, NULL, change_shared_state, NULL), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_OK(chdir(".."));
    CHECK_OK(rmdir("d"));
    pthread_sigmask(SIG_BLOCK, NULL, &now);
    CHECK_EQ(sigismember(&now, SIGUSR2), 0);
    CHECK(signal(SIGUSR2, SIG_DFL) == SIG_IGN);
    prctl(PR_GET_NAME, name);
    CHECK(strcmp(name, "worker") != 0);
}

TEST(set_tid_address)
{
    int word = 0;
    pid_t pid;
    IN_CHILD(pid) CHECK_EQ(syscall(SYS_set_tid_address, &word), gettid());
    CHECK_EXIT(pid, 0);
}

static int raw_flag;
static int raw_child(void *argument)
{
    *(int *)argument = 1;
    return 0;
}

TEST(clear_tid_and_futex)
{
    // CLONE_CHILD_CLEARTID: the kernel zeroes the word and wakes whoever waits on it; pthread_join is built on that.
    static char stack[65536] __attribute__((aligned(16)));
    static volatile pid_t word;
    pid_t parent_word = 0;
    word = -1;
    raw_flag = 0;
    int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_CHILD_CLEARTID | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID;
    int tid = CHECK_OK(clone(raw_child, stack + sizeof stack, flags, &raw_flag, &parent_word, NULL, &word));
    CHECK_EQ(parent_word, tid);
    // Always against the number: a word read twice may be 0 the second time, and nobody wakes who waits for that.
    while (word != 0) syscall(SYS_futex, &word, 0 /* FUTEX_WAIT */, tid, NULL, NULL, 0);
    CHECK_EQ(raw_flag, 1);
    CHECK_ERRNO(syscall(SYS_clone, CLONE_THREAD, NULL, NULL, NULL, NULL), EINVAL);  // needs CLONE_SIGHAND
    CHECK_ERRNO(syscall(SYS_clone, CLONE_SIGHAND, NULL, NULL, NULL, NULL), EINVAL); // needs CLONE_VM
}

TEST(cancel)
{
    pthread_t thread;
    void *result;
    CHECK_OK(pipe(pipe_ends));
    CHECK_EQ(pthread_create(&thread, NULL, block_forever, NULL), 0);
    CHECK_EQ(pthread_cancel(thread), 0); // by a signal of the C library's own
    CHECK_EQ(pthread_join(thread, &result), 0);
    CHECK(result == PTHREAD_CANCELED);
    CHECK_OK(close(pipe_ends[0]));
    CHECK_OK(close(pipe_ends[1]));
}

static void *tell_number(void *result)
{
    char link[64] = "";
    for (int i = 0; i < 8; i++) *(long *)result = syscall(SYS_gettid);
    ssize_t n = readlink("/proc/thread-self", link, sizeof link - 1);
    char *last = n > 0 ? strrchr(link, '/') : NULL;
    if (!last || atol(last + 1) != *(long *)result) *(long *)result = -1;
    return NULL;
}

// gettid(2): a thread that comes after another one, with its stack and all, is not that one.
TEST(each_has_a_number_of_its_own)
{
    long before = 0;
    for (int i = 0; i < 100; i++) {
        pthread_t thread;
        long number = 0;
        CHECK_EQ(pthread_create(&thread, NULL, tell_number, &number), 0);
        pthread_join(thread, NULL);
        CHECK(number > 0 && number != before);
        before = number;
    }
}
