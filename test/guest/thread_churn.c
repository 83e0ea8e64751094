// Threads that begin and end all the time (pthread_create(3), clone(2)), and what may come between: signals, stops, forks.
#include "guest.h"
#include <linux/futex.h>
#include <linux/sched.h>
#include <semaphore.h>
#include <sys/prctl.h>

enum { MANY = 500, SOME = 200 };

static void *give_back(void *argument)
{
    return argument;
}

static int make_and_join(intptr_t value)
{
    pthread_t thread;
    void *result = NULL;
    return pthread_create(&thread, NULL, give_back, (void *)value) == 0 && pthread_join(thread, &result) == 0 && (intptr_t)result == value;
}

struct seen {
    pid_t tid, announced;
    sigset_t mask;
    char name[16];
    int written;
};

static void *look(void *argument)
{
    struct seen *seen = argument;
    seen->tid = syscall(SYS_gettid);
    sigprocmask(SIG_SETMASK, NULL, &seen->mask);
    pthread_getname_np(pthread_self(), seen->name, sizeof seen->name);
    seen->written = write(open("/dev/null", O_WRONLY | O_CLOEXEC), "x", 1);
    return NULL;
}

TEST(each_runs_once_and_is_what_it_should_be)
{
    sigset_t mask;
    char name[16];
    pid_t last = 0;
    CHECK_OK(prctl(PR_GET_NAME, name));
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR2);
    CHECK_OK(sigprocmask(SIG_SETMASK, &mask, NULL));
    for (int i = 0; i < MANY; i++) {
        struct seen seen = {0};
        pthread_t thread;
        CHECK_EQ(pthread_create(&thread, NULL, look, &seen), 0);
        CHECK_EQ(pthread_join(thread, NULL), 0);
        CHECK(seen.tid > 0 && seen.tid != getpid() && seen.tid != last);
        CHECK(sigismember(&seen.mask, SIGUSR2) && !sigismember(&seen.mask, SIGUSR1));
        CHECK_STR(seen.name, name);
        CHECK_EQ(seen.written, 1);
        last = seen.tid;
        close(3);
    }
    CHECK_ERRNO(syscall(SYS_tgkill, getpid(), last, 0), ESRCH);
    sigemptyset(&mask);
    CHECK_OK(sigprocmask(SIG_SETMASK, &mask, NULL));
}

static sem_t caught;
static volatile int finished;
static void count(int signal)
{
    (void)signal;
    sem_post(&caught);
}

static void *disturb(void *argument)
{
    pthread_t target = *(pthread_t *)argument;
    while (!finished) {
        if (pthread_kill(target, SIGUSR1) != 0) return (void *)1;
        while (sem_wait(&caught) != 0);
    }
    return NULL;
}

TEST(signals_hit_who_makes_them)
{
    pthread_t self = pthread_self(), other;
    void *result;
    struct sigaction action = {.sa_handler = count};
    CHECK_OK(sigaction(SIGUSR1, &action, NULL));
    CHECK_OK(sem_init(&caught, 0, 0));
    finished = 0;
    CHECK_EQ(pthread_create(&other, NULL, disturb, &self), 0);
    for (int i = 0; i < SOME; i++) CHECK(make_and_join(i));
    finished = 1;
    sem_post(&caught);
    CHECK_EQ(pthread_join(other, &result), 0);
    CHECK(result == NULL);
}

static __thread volatile int mine;
static void note(int signal)
{
    (void)signal;
    mine = 1;
}

static void *wait_for_signal(void *unused)
{
    while (!mine); // no call: it is to be reached wherever it is
    return unused;
}

static void *make_some_disturbed(void *unused)
{
    pthread_t self = pthread_self(), other;
    void *result;
    finished = 0;
    if (pthread_create(&other, NULL, disturb, &self) != 0) exit(1);
    for (int i = 0; i < SOME; i++) {
        if (!make_and_join(i)) exit(2);
    }
    finished = 1;
    sem_post(&caught);
    if (pthread_join(other, &result) != 0 || result != NULL) exit(3);
    exit(0);
    return unused;
}

TEST(signals_hit_who_makes_them_when_the_first_one_has_ended)
{
    pid_t pid;
    struct sigaction action = {.sa_handler = count};
    CHECK_OK(sigaction(SIGUSR1, &action, NULL));
    CHECK_OK(sem_init(&caught, 0, 0));
    IN_CHILD(pid)
    {
        pthread_t maker;
        CHECK_EQ(pthread_create(&maker, NULL, make_some_disturbed, NULL), 0);
        pthread_exit(NULL);
    }
    CHECK_EXIT(pid, 0);
}

TEST(signals_hit_who_is_new)
{
    struct sigaction action = {.sa_handler = note};
    CHECK_OK(sigaction(SIGUSR1, &action, NULL));
    for (int i = 0; i < SOME; i++) {
        pthread_t thread;
        CHECK_EQ(pthread_create(&thread, NULL, wait_for_signal, NULL), 0);
        CHECK_EQ(pthread_kill(thread, SIGUSR1), 0);
        CHECK_EQ(pthread_join(thread, NULL), 0);
    }
}

static void *make_some(void *unused)
{
    for (int i = 0; i < SOME; i++) {
        if (!make_and_join(i)) return (void *)1;
    }
    return unused;
}

TEST(several_make_them)
{
    pthread_t makers[4];
    void *result;
    for (int i = 0; i < 4; i++) CHECK_EQ(pthread_create(&makers[i], NULL, make_some, NULL), 0);
    for (int i = 0; i < 4; i++) {
        CHECK_EQ(pthread_join(makers[i], &result), 0);
        CHECK(result == NULL);
    }
}

TEST(stopped_and_continued)
{
    pid_t pid;
    int status;
    IN_CHILD(pid)
    {
        for (int i = 0; i < MANY; i++) CHECK(make_and_join(i));
    }
    for (int i = 0; i < 100; i++) {
        CHECK_OK(kill(pid, SIGSTOP));
        CHECK_OK(waitpid(pid, &status, WUNTRACED));
        if (!WIFSTOPPED(status)) break;
        CHECK_OK(kill(pid, SIGCONT));
    }
    if (WIFSTOPPED(status)) CHECK_OK(waitpid(pid, &status, 0));
    CHECK_EQ(status, 0);
}

TEST(a_child_makes_them_too)
{
    for (int i = 0; i < SOME; i++) CHECK(make_and_join(i));
    for (int i = 0; i < 20; i++) {
        pid_t pid;
        IN_CHILD(pid)
        {
            for (int k = 0; k < 20; k++) CHECK(make_and_join(k));
        }
        CHECK(make_and_join(i));
        CHECK_EXIT(pid, 0);
    }
}

// A thread that the C library knows nothing of: it touches its own stack alone.
static volatile pid_t cleared;
static volatile int ran;
static long raw_clone3(struct clone_args *arguments, size_t size)
{
    long result;
    __asm__ volatile("syscall\n\t"
                     "test %%rax, %%rax\n\t"
                     "jnz 1f\n\t"
                     "lock incl %[ran]\n\t"
                     "mov $60, %%eax\n\t"
                     "xor %%edi, %%edi\n\t"
                     "syscall\n"
                     "1:"
                     : "=a"(result), [ran] "+m"(ran)
                     : "a"(SYS_clone3), "D"(arguments), "S"(size)
                     : "rcx", "r11", "memory");
    return result;
}

TEST(arguments_are_looked_at)
{
    static char stack[65536] __attribute__((aligned(16)));
    const unsigned long flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
    pid_t told = 0;
    struct clone_args good = {.flags = flags, .stack = (uintptr_t)stack, .stack_size = sizeof stack, .parent_tid = (uintptr_t)&told, .tls = (uintptr_t)pthread_self(), .child_tid = (uintptr_t)&cleared};
    for (int i = 0; i < SOME; i++) CHECK(make_and_join(i));
    CHECK_EQ(raw_clone3((void *)8, sizeof good), -EFAULT);
    CHECK_EQ(raw_clone3(&good, 8), -EINVAL);
    struct clone_args bad = good;
    bad.exit_signal = SIGCHLD;
    CHECK_EQ(raw_clone3(&bad, sizeof bad), -EINVAL);
    bad = good;
    bad.stack_size = 0;
    CHECK_EQ(raw_clone3(&bad, sizeof bad), -EINVAL);
    bad = good;
    bad.flags = flags & ~(unsigned long)CLONE_SIGHAND;
    CHECK_EQ(raw_clone3(&bad, sizeof bad), -EINVAL);
    bad = good;
    bad.set_tid_size = 1;
    CHECK_EQ(raw_clone3(&bad, sizeof bad), -EINVAL);
    CHECK_EQ(ran, 0);
    for (int i = 0; i < SOME; i++) {
        cleared = 1;
        long tid = raw_clone3(&good, sizeof good);
        CHECK(tid > 0);
        CHECK_EQ(told, tid);
        for (pid_t now; (now = cleared) != 0;) syscall(SYS_futex, &cleared, FUTEX_WAIT, now, NULL, NULL, 0);
        CHECK_EQ(ran, i + 1);
    }
}
