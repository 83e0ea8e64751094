// fork(2), vfork(2), wait(2), exit and reparenting.
#include "guest.h"
#include <sys/prctl.h>

TEST(copy_on_write)
{
    static int global = 1;
    int local = 2, *heap = malloc(sizeof *heap);
    pid_t pid;
    *heap = 3;
    IN_CHILD(pid) {
        CHECK(global == 1 && local == 2 && *heap == 3);
        global = local = *heap = 99;
    }
    CHECK_EXIT(pid, 0);
    CHECK(global == 1 && local == 2 && *heap == 3);
    free(heap);
    enum { SIZE = 8 << 20 };
    char *big = malloc(SIZE);
    memset(big, 'p', SIZE);
    IN_CHILD(pid) {
        memset(big, 'c', SIZE);
        CHECK_EQ(big[SIZE - 1], 'c');
    }
    for (int i = 0; i < SIZE; i += PAGE) big[i] = 'P'; // both sides write at once
    CHECK_EXIT(pid, 0);
    CHECK(big[0] == 'P' && big[1] == 'p');
    free(big);
}

TEST(identity)
{
    pid_t pid, parent = getpid(), group = getpgrp(), session = getsid(0);
    IN_CHILD(pid) {
        CHECK(getpid() != parent);
        CHECK_EQ(getppid(), parent);
        CHECK_EQ(getpgrp(), group);
        CHECK_EQ(getsid(0), session);
        CHECK_EQ(gettid(), getpid());
        struct timespec cpu;
        CHECK_OK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu));
        CHECK_EQ(cpu.tv_sec, 0); // starts anew
    }
    CHECK_EXIT(pid, 0);
}

TEST(unique_ids)
{
    enum { N = 200 };
    pid_t pid[N];
    for (int i = 0; i < N; i++) {
        IN_CHILD(pid[i]) {}
        for (int j = 0; j < i; j++) CHECK(pid[i] != pid[j]);
    }
    for (int i = 0; i < N; i++) CHECK_EXIT(pid[i], 0); // zombies keep their numbers until waited for
}

TEST(exit_codes)
{
    static const int codes[] = {0, 1, 42, 127, 255};
    pid_t pid;
    for (size_t i = 0; i < COUNT(codes); i++) {
        IN_CHILD(pid) _exit(codes[i]);
        CHECK_EXIT(pid, codes[i]);
    }
    IN_CHILD(pid) _exit(0x1234); // only the low byte
    CHECK_EXIT(pid, 0x34);
    IN_CHILD(pid) kill(getpid(), SIGTERM);
    CHECK_KILLED(pid, SIGTERM);
    IN_CHILD(pid) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        abort();
    }
    CHECK_KILLED(pid, SIGABRT);
}

TEST(who_only_asks_looks_awake)
{
    pid_t pid;
    IN_CHILD(pid) {
        for (;;) syscall(SYS_getppid);
    }
    int asleep = 0;
    for (int i = 0; i < 2000; i++) asleep += process_state(pid) == 'S';
    CHECK_EQ(asleep, 0);
    CHECK_OK(kill(pid, SIGKILL));
    CHECK_KILLED(pid, SIGKILL);
}

TEST(wait_variants)
{
    int status;
    pid_t pid;
    siginfo_t info;
    struct rusage usage;
    CHECK_ERRNO(wait(&status), ECHILD);
    int hold[2];
    CHECK_OK(pipe(hold));
    IN_CHILD(pid) {
        pipe_wait(hold[0]);
        _exit(7);
    }
    CHECK_EQ(waitpid(pid, &status, WNOHANG), 0);
    memset(&info, 0xff, sizeof info);
    CHECK_OK(waitid(P_PID, pid, &info, WEXITED | WNOHANG));
    CHECK_EQ(info.si_pid, 0);
    CHECK_EQ(info.si_signo, 0);
    pipe_signal(hold[1]);
    CHECK_OK(waitid(P_PID, pid, &info, WEXITED | WNOWAIT));
    CHECK(info.si_pid == pid && info.si_code == CLD_EXITED && info.si_status == 7 && info.si_signo == SIGCHLD);
    CHECK_EQ(info.si_uid, getuid());
    CHECK_EQ(process_state(pid), 'Z');
    CHECK_OK(kill(pid, 0)); // a zombie can still be signalled
    CHECK_EQ(wait4(pid, &status, __WALL, &usage), pid);
    CHECK_EQ(WEXITSTATUS(status), 7);
    CHECK(usage.ru_utime.tv_sec == 0);
    CHECK_ERRNO(waitpid(pid, &status, 0), ECHILD);
    CHECK_ERRNO(kill(pid, 0), ESRCH);
    CHECK_ERRNO(waitpid(-1, &status, 0x1000), EINVAL);
    CHECK_ERRNO(waitid(P_PID, pid, &info, 0), EINVAL);
    CHECK_ERRNO(waitpid(INT_MIN, &status, 0), ESRCH);
    IN_CHILD(pid) {}
    CHECK_ERRNO(syscall(SYS_wait4, pid, BAD_POINTER, 0, NULL), EFAULT); // and the child is reaped all the same
    CHECK_ERRNO(waitpid(pid, NULL, 0), ECHILD);
    CHECK_OK(close(hold[0]));
    CHECK_OK(close(hold[1]));
}

TEST(ignored_sigchld_reaps)
{
    pid_t pid;
    signal(SIGCHLD, SIG_IGN);
    IN_CHILD(pid) _exit(1);
    CHECK_ERRNO(waitpid(pid, NULL, 0), ECHILD); // waits for it to go, then says there is none
    signal(SIGCHLD, SIG_DFL);
    struct sigaction action = {.sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT}, old;
    sigaction(SIGCHLD, &action, &old);
    IN_CHILD(pid) _exit(1);
    CHECK_ERRNO(waitpid(pid, NULL, 0), ECHILD);
    sigaction(SIGCHLD, &old, NULL);
}

TEST(subreaper)
{
    int out[2], status;
    pid_t middle, grandchild;
    CHECK_OK(pipe(out));
    CHECK_OK(prctl(PR_SET_CHILD_SUBREAPER, 1));
    IN_CHILD(middle) {
        pid_t pid, old = getpid();
        IN_CHILD(pid) {
            while (getppid() == old) sched_yield();
            pid_t me[2] = {getpid(), getppid()};
            CHECK_EQ(write(out[1], me, sizeof me), sizeof me);
            _exit(5);
        }
    }
    CHECK_EXIT(middle, 0);
    pid_t told[2];
    CHECK_EQ(read(out[0], told, sizeof told), sizeof told);
    CHECK_EQ(told[1], getpid());
    grandchild = wait(&status);
    CHECK_EQ(grandchild, told[0]);
    CHECK_EQ(WEXITSTATUS(status), 5);
    CHECK_OK(prctl(PR_SET_CHILD_SUBREAPER, 0));
    CHECK_OK(close(out[0]));
    CHECK_OK(close(out[1]));
}

TEST(vfork_suspends_parent)
{
    static volatile int shared;
    shared = 0;
    pid_t pid = vfork();
    if (pid == 0) {
        shared = 42; // the same memory
        _exit(3);
    }
    CHECK(pid > 0);
    CHECK_EQ(shared, 42); // and the parent ran only after
    CHECK_EXIT(pid, 3);
}

TEST(clone_parent)
{
    // CLONE_PARENT: a sibling instead of a child.
    int out[2], status;
    pid_t middle, told = 0;
    CHECK_OK(pipe(out));
    IN_CHILD(middle) {
        pid_t pid = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, NULL, NULL, NULL, NULL);
        if (pid == 0) _exit(6);
        CHECK_EQ(write(out[1], &pid, sizeof pid), sizeof pid);
        CHECK_ERRNO(waitpid(pid, NULL, 0), ECHILD);
    }
    CHECK_EXIT(middle, 0);
    CHECK_EQ(read(out[0], &told, sizeof told), sizeof told);
    CHECK_EQ(waitpid(told, &status, 0), told);
    CHECK_EQ(WEXITSTATUS(status), 6);
    CHECK_OK(close(out[0]));
    CHECK_OK(close(out[1]));
}

TEST(clone_files_and_fs)
{
    int ends[2];
    char byte;
    CHECK_OK(pipe(ends));
    CHECK_OK(mkdir("d", 0755));
    pid_t pid = syscall(SYS_clone, CLONE_FILES | CLONE_FS | SIGCHLD, NULL, NULL, NULL, NULL);
    if (pid == 0) {
        close(ends[1]); // for the parent too
        _exit(chdir("d"));
    }
    CHECK_EXIT(pid, 0);
    CHECK_ERRNO(fcntl(ends[1], F_GETFD), EBADF);
    CHECK_EQ(read(ends[0], &byte, 1), 0);
    CHECK_OK(close(ends[0]));
    CHECK_OK(chdir(".."));
    CHECK_OK(rmdir("d"));
}

TEST(exit_signal)
{
    // A child whose exit signal is not SIGCHLD is waited for only with __WCLONE or __WALL.
    sigset_t set;
    struct timespec limit = {10, 0};
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    pid_t pid = syscall(SYS_clone, SIGUSR1, NULL, NULL, NULL, NULL);
    if (pid == 0) _exit(0);
    siginfo_t info;
    CHECK_EQ(sigtimedwait(&set, &info, &limit), SIGUSR1);
    CHECK_EQ(info.si_pid, pid);
    CHECK_ERRNO(waitpid(pid, NULL, 0), ECHILD);
    CHECK_EQ(waitpid(pid, NULL, __WCLONE), pid);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

TEST(exit_signal_that_is_none)
{
    // clone(2) checks nothing of it: the parent is not told, and can wait with __WALL.
    int status;
    pid_t pid = syscall(SYS_clone, 0xc8, NULL, NULL, NULL, NULL);
    if (pid == 0) _exit(3);
    CHECK_OK(pid);
    CHECK_EQ(waitpid(pid, &status, __WALL), pid);
    CHECK_EQ(status, 3 << 8);
}

TEST(killed_while_forking)
{
    // Whenever a process is killed, or stopped, while it forks: others go on. The moment wanders through the whole of fork(2).
    for (int round = 0; round < 200; round++) {
        int ready[2], status;
        pid_t pid;
        CHECK_OK(pipe(ready));
        if (!(pid = fork())) {
            pipe_signal(ready[1]);
            for (;;)
                if (!fork()) _exit(0);
        }
        pipe_wait(ready[0]);
        for (volatile int spin = 0; spin < round * 500; spin++);
        if (round % 2) CHECK_OK(kill(pid, SIGSTOP));
        CHECK_OK(kill(pid, SIGKILL));
        CHECK_EQ(waitpid(pid, &status, 0), pid);
        CHECK_EQ(status, SIGKILL);
        close(ready[0]), close(ready[1]);
    }
}

TEST(resource_usage_of_children)
{
    pid_t pid;
    struct rusage before, after;
    CHECK_OK(getrusage(RUSAGE_CHILDREN, &before));
    IN_CHILD(pid) {
        struct timespec cpu;
        do clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
        while (cpu.tv_nsec < 30000000 && cpu.tv_sec == 0);
    }
    CHECK_EXIT(pid, 0);
    CHECK_OK(getrusage(RUSAGE_CHILDREN, &after));
    long used = (after.ru_utime.tv_sec + after.ru_stime.tv_sec - before.ru_utime.tv_sec - before.ru_stime.tv_sec) * 1000000
        + after.ru_utime.tv_usec + after.ru_stime.tv_usec - before.ru_utime.tv_usec - before.ru_stime.tv_usec;
    CHECK(used >= 20000);
    CHECK(after.ru_maxrss > 0);
    CHECK_ERRNO(getrusage(77, &after), EINVAL);
}

static void use(size_t size)
{
    volatile char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (size_t i = 0; i < size; i += 4096) memory[i] = 1;
}

// getrusage(2), ru_maxrss: of the largest child for RUSAGE_CHILDREN, and of its children. It outlives exec.
TEST(the_largest_child_is_remembered)
{
    const long large = 48 << 10; // kB
    pid_t pid;
    struct rusage usage;
    IN_CHILD(pid) {
        use(large << 10);
    }
    int status;
    CHECK_EQ(wait4(pid, &status, 0, &usage), pid);
    CHECK_EQ(status, 0);
    CHECK(usage.ru_maxrss >= large);
    CHECK_OK(getrusage(RUSAGE_CHILDREN, &usage));
    CHECK(usage.ru_maxrss >= large);

    IN_CHILD(pid) {
        pid_t inner = fork();
        if (inner == 0) {
            use(2 * large << 10);
            execl("/bin/true", "true", NULL);
            _exit(1);
        }
        CHECK_EQ(waitpid(inner, &status, 0), inner);
        CHECK_EQ(status, 0);
    }
    CHECK_EXIT(pid, 0);
    CHECK_OK(getrusage(RUSAGE_CHILDREN, &usage));
    CHECK(usage.ru_maxrss >= 2 * large);
}

TEST(pending_signals_and_alarms_are_not_inherited)
{
    pid_t pid;
    sigset_t set, pending;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGUSR1);
    alarm(1000);
    IN_CHILD(pid) {
        sigpending(&pending);
        CHECK_EQ(sigismember(&pending, SIGUSR1), 0);
        CHECK_EQ(alarm(0), 0);
        sigprocmask(SIG_BLOCK, NULL, &pending);
        CHECK_EQ(sigismember(&pending, SIGUSR1), 1); // the mask is
    }
    CHECK_EXIT(pid, 0);
    CHECK(alarm(0) > 900);
    int number;
    sigwait(&set, &number);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static volatile sig_atomic_t caught;

static void catch(int signal) { caught = signal; }

// What one child of a server does: it asks the kernel a lot, and all answers are its own.
static void ask_much(pid_t parent, int out)
{
    struct sigaction old;
    sigset_t mask;
    pid_t self = (pid_t)syscall(SYS_getpid);
    char text[64], same[64];
    for (int i = 0; i < 100; i++) {
        CHECK_OK(sigaction(i % 64 + 1 == SIGUSR1 ? SIGUSR2 : SIGUSR1, NULL, &old));
        CHECK(i % 64 + 1 == SIGUSR1 || old.sa_handler == catch);
        CHECK_EQ(getpid(), self);
        CHECK_EQ(getppid(), parent);
        CHECK_EQ(gettid(), self);
    }
    sigprocmask(SIG_BLOCK, NULL, &mask);
    CHECK_EQ(sigismember(&mask, SIGUSR2), 1); // its parent's
    CHECK_EQ(sigismember(&mask, SIGUSR1), 0);
    caught = 0;
    CHECK_OK(kill(self, SIGUSR1));
    CHECK_EQ(caught, SIGUSR1);
    int length = snprintf(text, sizeof text, "%d\n", self), file = open("/proc/self/stat", O_RDONLY);
    CHECK(file >= 0 && read(file, same, sizeof same) > 0 && atoi(same) == self);
    close(file);
    CHECK_EQ(write(out, text, length), length);
}

TEST(children_that_ask_much_and_such_that_do_not)
{
    int ends[2];
    sigset_t mask;
    CHECK_OK(pipe(ends));
    CHECK(signal(SIGUSR1, catch) != SIG_ERR);
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR2);
    sigprocmask(SIG_BLOCK, &mask, NULL);
    for (int i = 0; i < 24; i++) {
        pid_t pid, self = getpid();
        char text[64] = "";
        IN_CHILD(pid) {
            if (i % 8 == 6) execl("/bin/true", "true", NULL);
            if (i % 8 != 5) ask_much(self, ends[1]);
            if (i % 8 == 3) {
                pid_t inner, middle = getpid();
                for (int k = 0; k < 3; k++) {
                    IN_CHILD(inner) ask_much(middle, ends[1]);
                    CHECK_EXIT(inner, 0);
                }
            }
        }
        CHECK_EXIT(pid, 0);
        if (i % 8 != 5 && i % 8 != 6) {
            CHECK(read(ends[0], text, sizeof text) > 0);
            CHECK_EQ(atoi(text), pid);
        }
    }
    sigprocmask(SIG_UNBLOCK, &mask, NULL);
    signal(SIGUSR1, SIG_DFL);
    close(ends[0]);
    close(ends[1]);
}
