// clone3(2): the extensible form of clone(2).
#include "guest.h"
#include <linux/sched.h>

static long clone3(struct clone_args *args, size_t size) { return syscall(SYS_clone3, args, size); }

TEST(as_fork)
{
    struct clone_args args = {.exit_signal = SIGCHLD};
    pid_t pid = clone3(&args, sizeof args);
    if (pid == 0) _exit(4);
    CHECK_EXIT(pid, 4);
}

TEST(parent_and_child_words)
{
    pid_t parent_word = 0, child_word = 0;
    struct clone_args args = {.flags = CLONE_PARENT_SETTID | CLONE_CHILD_SETTID, .exit_signal = SIGCHLD,
        .parent_tid = (uintptr_t)&parent_word, .child_tid = (uintptr_t)&child_word};
    pid_t pid = clone3(&args, sizeof args);
    if (pid == 0) _exit(child_word == getpid() ? 0 : 1);
    CHECK_EQ(parent_word, pid);
    CHECK_EQ(child_word, 0); // written in the child's memory only
    CHECK_EXIT(pid, 0);
}

TEST(pidfd)
{
    int fd = -1;
    struct clone_args args = {.flags = CLONE_PIDFD, .exit_signal = SIGCHLD, .pidfd = (uintptr_t)&fd};
    pid_t pid = clone3(&args, sizeof args);
    if (pid == 0) _exit(0);
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    struct pollfd p = {fd, POLLIN};
    CHECK_EQ(poll(&p, 1, 10000), 1); // readable when it has ended
    CHECK_EXIT(pid, 0);
    CHECK_OK(close(fd));
}

TEST(own_stack)
{
    // The child starts at the end of the given stack: fn is taken from there by hand.
    static char stack[65536] __attribute__((aligned(16)));
    struct clone_args args = {.flags = CLONE_VM | CLONE_VFORK, .exit_signal = SIGCHLD,
        .stack = (uintptr_t)stack, .stack_size = sizeof stack};
    register long result __asm__("rax") = SYS_clone3;
    register struct clone_args *a1 __asm__("rdi") = &args;
    register long a2 __asm__("rsi") = sizeof args;
    __asm__ volatile("syscall\n\t"
                     "test %%rax, %%rax\n\t"
                     "jnz 1f\n\t"
                     "mov $60, %%eax\n\t" // in the child: exit(rsp is inside the stack)
                     "xor %%edi, %%edi\n\t"
                     "mov %%rsp, %%rdx\n\t"
                     "lea %2, %%rcx\n\t"
                     "add $65536, %%rcx\n\t"
                     "cmp %%rcx, %%rdx\n\t"
                     "setne %%dil\n\t"
                     "syscall\n\t"
                     "1:"
                     : "+r"(result), "+r"(a1)
                     : "m"(stack), "r"(a2)
                     : "rcx", "r11", "rdx", "memory");
    pid_t pid = result;
    CHECK(pid > 0);
    CHECK_EXIT(pid, 0);
}

TEST(clear_sighand)
{
    signal(SIGUSR1, SIG_IGN);
    signal(SIGUSR2, (void (*)(int))getpid);
    struct clone_args args = {.flags = CLONE_CLEAR_SIGHAND, .exit_signal = SIGCHLD};
    pid_t pid = clone3(&args, sizeof args);
    if (pid == 0) {
        struct sigaction action;
        int bad = 0;
        sigaction(SIGUSR1, NULL, &action);
        bad |= action.sa_handler != SIG_IGN; // ignored stays
        sigaction(SIGUSR2, NULL, &action);
        bad |= (action.sa_handler != SIG_DFL) << 1;
        _exit(bad);
    }
    CHECK_EXIT(pid, 0);
    signal(SIGUSR1, SIG_DFL);
    signal(SIGUSR2, SIG_DFL);
}

TEST(errors)
{
    struct { struct clone_args args; uint64_t extra; } big = {{.exit_signal = SIGCHLD}, 1};
    struct clone_args args = {.exit_signal = SIGCHLD};
    CHECK_ERRNO(clone3(&args, 8), EINVAL);              // smaller than the first version
    CHECK_ERRNO(clone3(&big.args, sizeof big), E2BIG);  // unknown bytes that are not zero
    CHECK_ERRNO(clone3(&args, 1 << 20), E2BIG);
    CHECK_ERRNO(clone3(BAD_POINTER, sizeof args), EFAULT);
    args.exit_signal = 100;
    CHECK_ERRNO(clone3(&args, sizeof args), EINVAL);
    args.exit_signal = SIGCHLD;
    args.flags = 1ULL << 40;
    CHECK_ERRNO(clone3(&args, sizeof args), EINVAL);
    args.flags = CLONE_THREAD;
    CHECK_ERRNO(clone3(&args, sizeof args), EINVAL);
    args.flags = CLONE_SIGHAND;
    CHECK_ERRNO(clone3(&args, sizeof args), EINVAL);
    args.flags = 0;
    args.stack = 0x1000; // a stack without a size
    CHECK_ERRNO(clone3(&args, sizeof args), EINVAL);
    args.stack = 0;
    args.stack_size = 0x1000;
    CHECK_ERRNO(clone3(&args, sizeof args), EINVAL);
    args.stack_size = 0;
    args.flags = CLONE_PIDFD | CLONE_DETACHED;
    CHECK_ERRNO(clone3(&args, sizeof args), EINVAL);
}

TEST(larger_struct_of_zeros)
{
    struct { struct clone_args args; uint64_t extra[4]; } big = {{.exit_signal = SIGCHLD}, {0}};
    pid_t pid = clone3(&big.args, sizeof big);
    if (pid == 0) _exit(0);
    CHECK(pid > 0);
    CHECK_EXIT(pid, 0);
}

TEST(set_tid)
{
    pid_t wanted = 1;
    struct clone_args args = {.exit_signal = SIGCHLD, .set_tid = (uintptr_t)&wanted, .set_tid_size = 1};
    if (is_root()) CHECK_ERRNO(clone3(&args, sizeof args), EEXIST); // taken
    else CHECK_ERRNO(clone3(&args, sizeof args), EPERM);
    args.set_tid_size = 0;
    CHECK_ERRNO(clone3(&args, sizeof args), EINVAL);
    args.set_tid_size = 33;
    CHECK_ERRNO(clone3(&args, sizeof args), EINVAL);
    args.set_tid_size = 1;
    args.set_tid = (uintptr_t)BAD_POINTER;
    CHECK_ERRNO(clone3(&args, sizeof args), EFAULT);
    args.set_tid = (uintptr_t)&wanted;
    wanted = -5;
    CHECK_ERRNO(clone3(&args, sizeof args), EINVAL);
    if (!is_root()) return;
    pid_t used = fork(); // a number that was just given back
    if (used == 0) _exit(0);
    CHECK_EXIT(used, 0);
    wanted = used;
    pid_t pid = clone3(&args, sizeof args);
    if (pid == 0) _exit(getpid() == wanted ? 0 : 1);
    CHECK_EQ(pid, wanted);
    CHECK_EXIT(pid, 0);
}
