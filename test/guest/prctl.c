// prctl(2), arch_prctl(2): the process's own knobs.
#include "guest.h"
#include <asm/prctl.h>
#include <sys/prctl.h>

TEST(name)
{
    char name[16], comm[64];
    pid_t pid;
    IN_CHILD(pid) {
        CHECK_OK(prctl(PR_SET_NAME, "a name that is too long"));
        CHECK_OK(prctl(PR_GET_NAME, name));
        CHECK_STR(name, "a name that is "); // fifteen and the NUL
        CHECK_EQ(read_file("/proc/self/comm", comm, sizeof comm), 16);
        CHECK_STR(comm, "a name that is \n");
        int fd = CHECK_OK(open("/proc/self/comm", O_WRONLY));
        CHECK_EQ(write(fd, "other", 5), 5);
        CHECK_OK(prctl(PR_GET_NAME, name));
        CHECK_STR(name, "other");
        pid_t inner;
        IN_CHILD(inner) {
            CHECK_OK(prctl(PR_GET_NAME, name));
            CHECK_STR(name, "other"); // inherited
        }
        CHECK_EXIT(inner, 0);
        CHECK_ERRNO(prctl(PR_SET_NAME, BAD_POINTER), EFAULT);
    }
    CHECK_EXIT(pid, 0);
}

TEST(dumpable)
{
    pid_t pid;
    IN_CHILD(pid) {
        CHECK_EQ(prctl(PR_GET_DUMPABLE), 1);
        CHECK_OK(prctl(PR_SET_DUMPABLE, 0));
        CHECK_EQ(prctl(PR_GET_DUMPABLE), 0);
        struct stat st;
        CHECK_OK(stat("/proc/self/status", &st));
        CHECK_EQ(st.st_uid, 0); // proc(5): files of a process that may not be dumped belong to root
        CHECK_ERRNO(prctl(PR_SET_DUMPABLE, 2), EINVAL);
        CHECK_OK(prctl(PR_SET_DUMPABLE, 1));
    }
    CHECK_EXIT(pid, 0);
}

TEST(parent_death_signal)
{
    int out[2], signal_number = -1;
    char told = 0;
    pid_t middle;
    CHECK_OK(prctl(PR_GET_PDEATHSIG, &signal_number));
    CHECK_EQ(signal_number, 0);
    CHECK_OK(pipe(out));
    IN_CHILD(middle) {
        pid_t inner;
        int ready[2];
        CHECK_OK(pipe(ready));
        IN_CHILD(inner) {
            sigset_t set;
            int got = 0;
            sigemptyset(&set);
            sigaddset(&set, SIGUSR1);
            sigprocmask(SIG_BLOCK, &set, NULL);
            CHECK_OK(prctl(PR_SET_PDEATHSIG, SIGUSR1));
            pipe_signal(ready[1]);
            sigwait(&set, &got);
            told = got == SIGUSR1 ? 'y' : 'n';
            CHECK_EQ(write(out[1], &told, 1), 1);
        }
        pipe_wait(ready[0]);
    }
    CHECK_EXIT(middle, 0);
    CHECK_EQ(read(out[0], &told, 1), 1);
    CHECK_EQ(told, 'y');
    CHECK_ERRNO(prctl(PR_SET_PDEATHSIG, 65), EINVAL);
    CHECK_OK(close(out[0]));
    CHECK_OK(close(out[1]));
}

TEST(parent_death_signal_is_not_inherited)
{
    pid_t pid, inner;
    IN_CHILD(pid) {
        int signal_number = -1;
        CHECK_OK(prctl(PR_SET_PDEATHSIG, SIGKILL));
        IN_CHILD(inner) {
            CHECK_OK(prctl(PR_GET_PDEATHSIG, &signal_number));
            CHECK_EQ(signal_number, 0);
        }
        CHECK_EXIT(inner, 0);
    }
    CHECK_EXIT(pid, 0);
}

TEST(subreaper_flag)
{
    int value = -1;
    pid_t pid;
    CHECK_OK(prctl(PR_GET_CHILD_SUBREAPER, &value));
    CHECK_EQ(value, 0);
    CHECK_OK(prctl(PR_SET_CHILD_SUBREAPER, 1));
    CHECK_OK(prctl(PR_GET_CHILD_SUBREAPER, &value));
    CHECK_EQ(value, 1);
    IN_CHILD(pid) {
        CHECK_OK(prctl(PR_GET_CHILD_SUBREAPER, &value));
        CHECK_EQ(value, 0); // not inherited by fork
    }
    CHECK_EXIT(pid, 0);
    CHECK_OK(prctl(PR_SET_CHILD_SUBREAPER, 0));
}

TEST(timer_slack)
{
    pid_t pid;
    IN_CHILD(pid) {
        CHECK_EQ(prctl(PR_GET_TIMERSLACK), 50000);
        CHECK_OK(prctl(PR_SET_TIMERSLACK, 1234));
        CHECK_EQ(prctl(PR_GET_TIMERSLACK), 1234);
        CHECK_OK(prctl(PR_SET_TIMERSLACK, 0)); // back to the default
        CHECK_EQ(prctl(PR_GET_TIMERSLACK), 50000);
    }
    CHECK_EXIT(pid, 0);
}

TEST(named_memory)
{
    char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    // Only where the kernel was built with it; allocators call it and ignore the answer.
    CHECK(prctl(53 /* PR_SET_VMA */, 0, p, PAGE, "name") == 0 || errno == EINVAL);
    CHECK_OK(munmap(p, PAGE));
}

TEST(unknown)
{
    CHECK_ERRNO(prctl(987654321, 0, 0, 0, 0), EINVAL);
    CHECK_EQ(prctl(PR_GET_SECCOMP) >= 0, 1);
}

static __thread int local = 11;

TEST(segment_bases)
{
    unsigned long fs = 0, gs = 1;
    CHECK_OK(syscall(SYS_arch_prctl, ARCH_GET_FS, &fs));
    CHECK(fs != 0 && *(unsigned long *)fs == fs); // the thread control block points to itself
    CHECK_OK(syscall(SYS_arch_prctl, ARCH_GET_GS, &gs));
    unsigned long words[2] = {0x1122334455667788, 0x99};
    CHECK_OK(syscall(SYS_arch_prctl, ARCH_SET_GS, words));
    unsigned long value = 0;
    for (int i = 0; i < 100; i++) {
        sched_yield();
        __asm__ volatile("mov %%gs:0, %0" : "=r"(value));
        CHECK_EQ(value, 0x1122334455667788);
    }
    pid_t pid;
    IN_CHILD(pid) {
        __asm__ volatile("mov %%gs:8, %0" : "=r"(value));
        CHECK_EQ(value, 0x99);
        CHECK_EQ(local, 11);
    }
    CHECK_EXIT(pid, 0);
    CHECK_OK(syscall(SYS_arch_prctl, ARCH_SET_GS, gs));
    CHECK_ERRNO(syscall(SYS_arch_prctl, ARCH_SET_GS, 1UL << 63), EPERM); // not a user address
    CHECK_ERRNO(syscall(SYS_arch_prctl, 0x7777, 0), EINVAL);
    CHECK_ERRNO(syscall(SYS_arch_prctl, ARCH_GET_FS, BAD_POINTER), EFAULT);
    CHECK_EQ(local, 11);
}
