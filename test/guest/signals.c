// signal(7), sigaction(2), sigaltstack(2), sigsuspend(2), sigwaitinfo(2): delivery, masks, restarts, faults.
#include "guest.h"
#include <setjmp.h>
#include <ucontext.h>

static volatile int count, last, depth, deepest;
static siginfo_t info;
static void on_signal(int signal) { count++, last = signal; }
static void on_info(int signal, siginfo_t *i, void *context)
{
    (void)context;
    count++, last = signal, info = *i;
}
static void install(int signal, void *handler, int flags)
{
    struct sigaction action = {.sa_flags = flags};
    if (flags & SA_SIGINFO) action.sa_sigaction = handler;
    else action.sa_handler = handler;
    CHECK_OK(sigaction(signal, &action, NULL));
    count = 0;
}
static sigset_t only(int signal)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    return set;
}

TEST(block_and_pending)
{
    sigset_t set = only(SIGUSR1), pending;
    install(SIGUSR1, on_signal, 0);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGUSR1);
    raise(SIGUSR1);
    CHECK_EQ(count, 0);
    sigpending(&pending);
    CHECK(sigismember(&pending, SIGUSR1) == 1 && sigismember(&pending, SIGUSR2) == 0);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    CHECK_EQ(count, 1); // standard signals merge; delivered before the call returns
    sigfillset(&set);
    CHECK_OK(sigprocmask(SIG_BLOCK, &set, NULL));
    sigprocmask(SIG_SETMASK, NULL, &set);
    CHECK(!sigismember(&set, SIGKILL) && !sigismember(&set, SIGSTOP)); // never blocked
    sigemptyset(&set);
    sigprocmask(SIG_SETMASK, &set, NULL);
}

TEST(info_of_sender)
{
    pid_t pid;
    sigset_t set = only(SIGUSR1);
    install(SIGUSR1, on_info, SA_SIGINFO);
    raise(SIGUSR1);
    CHECK(info.si_signo == SIGUSR1 && info.si_code == SI_TKILL && info.si_pid == getpid());
    kill(getpid(), SIGUSR1);
    CHECK(info.si_code == SI_USER && info.si_uid == getuid());
    sigprocmask(SIG_BLOCK, &set, NULL);
    pid_t parent = getpid();
    IN_CHILD(pid) kill(parent, SIGUSR1);
    CHECK_EXIT(pid, 0);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    CHECK_EQ(info.si_pid, pid);
    install(SIGCHLD, on_info, SA_SIGINFO);
    set = only(SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    IN_CHILD(pid) _exit(3);
    CHECK_EXIT(pid, 3);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    CHECK(info.si_signo == SIGCHLD && info.si_code == CLD_EXITED && info.si_pid == pid && info.si_status == 3);
    signal(SIGCHLD, SIG_DFL);
}

static void nest(int signal)
{
    depth++;
    if (depth > deepest) deepest = depth;
    if (++count < 3) raise(signal);
    depth--;
}

TEST(nodefer_and_resethand)
{
    deepest = depth = 0;
    install(SIGUSR1, nest, 0);
    raise(SIGUSR1); // its own signal is blocked inside a handler
    CHECK_EQ(deepest, 1);
    CHECK_EQ(count, 3);
    deepest = 0;
    install(SIGUSR1, nest, SA_NODEFER);
    raise(SIGUSR1);
    CHECK_EQ(deepest, 3);
    CHECK_EQ(count, 3);
    struct sigaction now;
    install(SIGUSR1, on_signal, SA_RESETHAND);
    raise(SIGUSR1);
    sigaction(SIGUSR1, NULL, &now);
    CHECK(now.sa_handler == SIG_DFL);
}

static sigset_t mask_seen;
static void see_mask(int signal)
{
    (void)signal;
    sigprocmask(SIG_BLOCK, NULL, &mask_seen);
}

TEST(mask_during_handler)
{
    struct sigaction action = {.sa_handler = see_mask};
    sigset_t after;
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGUSR2);
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    CHECK(sigismember(&mask_seen, SIGUSR1) && sigismember(&mask_seen, SIGUSR2) && !sigismember(&mask_seen, SIGTERM));
    sigprocmask(SIG_BLOCK, NULL, &after);
    CHECK(!sigismember(&after, SIGUSR1) && !sigismember(&after, SIGUSR2));
}

TEST(restart_or_not)
{
    char byte;
    int ends[2];
    pid_t pid;
    for (int restart = 0; restart < 2; restart++) {
        CHECK_OK(pipe(ends));
        IN_CHILD(pid) {
            install(SIGUSR1, on_signal, restart ? SA_RESTART : 0);
            if (restart) CHECK_EQ(read(ends[0], &byte, 1), 1);
            else CHECK_ERRNO(read(ends[0], &byte, 1), EINTR);
            CHECK_EQ(count, 1);
        }
        wait_until_blocked(pid);
        CHECK_OK(kill(pid, SIGUSR1));
        if (restart) {
            // The handler has run and the call is blocked again when the signal is neither pending nor being handled.
            wait_until_blocked(pid);
            pipe_signal(ends[1]);
        }
        CHECK_EXIT(pid, 0);
        CHECK_OK(close(ends[0]));
        CHECK_OK(close(ends[1]));
    }
    // wait4(2) restarts too; an ignored signal interrupts nothing.
    int hold[2];
    CHECK_OK(pipe(hold));
    IN_CHILD(pid) {
        signal(SIGUSR1, SIG_IGN);
        CHECK_EQ(read(hold[0], &byte, 1), 1);
    }
    wait_until_blocked(pid);
    CHECK_OK(kill(pid, SIGUSR1));
    CHECK_EQ(process_state(pid), 'S');
    pipe_signal(hold[1]);
    pid_t done = waitpid(pid, NULL, 0);
    CHECK(done == pid);
    CHECK_OK(close(hold[0]));
    CHECK_OK(close(hold[1]));
}

TEST(suspend_and_pause)
{
    sigset_t set = only(SIGUSR1), none, now;
    sigemptyset(&none);
    install(SIGUSR1, on_signal, SA_RESTART);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGUSR1);
    CHECK_ERRNO(sigsuspend(&none), EINTR);
    CHECK_EQ(count, 1);
    sigprocmask(SIG_BLOCK, NULL, &now);
    CHECK(sigismember(&now, SIGUSR1)); // the mask is back
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    pid_t pid;
    IN_CHILD(pid) CHECK_ERRNO(pause(), EINTR);
    wait_until_blocked(pid);
    CHECK_OK(kill(pid, SIGUSR1));
    CHECK_EXIT(pid, 0);
}

TEST(wait_for_info)
{
    sigset_t set = only(SIGUSR1);
    struct timespec none = {0, 0}, bad = {0, -1};
    siginfo_t got;
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    CHECK_ERRNO(sigtimedwait(&set, &got, &none), EAGAIN);
    CHECK_ERRNO(sigtimedwait(&set, &got, &bad), EINVAL);
    raise(SIGUSR2);
    raise(SIGUSR1);
    CHECK_EQ(sigwaitinfo(&set, &got), SIGUSR1); // the lowest first
    CHECK_EQ(got.si_pid, getpid());
    CHECK_EQ(sigtimedwait(&set, &got, &none), SIGUSR2);
    CHECK_ERRNO(sigtimedwait(&set, NULL, &none), EAGAIN);
    CHECK_ERRNO(syscall(SYS_rt_sigtimedwait, &set, NULL, &none, 4), EINVAL);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static sigjmp_buf escape;
static void jump(int signal, siginfo_t *i, void *context)
{
    (void)context;
    info = *i;
    siglongjmp(escape, signal);
}
#define TRY(signal, statement) \
    ({ \
        install(signal, jump, SA_SIGINFO); \
        int got_ = sigsetjmp(escape, 1); \
        if (got_ == 0) statement; \
        sigset_t now_; \
        sigprocmask(SIG_BLOCK, NULL, &now_); \
        CHECK(!sigismember(&now_, signal)); \
        got_; \
    })

TEST(faults)
{
    volatile int zero = 0;
    char *page = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK_EQ(TRY(SIGSEGV, *(volatile int *)0x10 = 1), SIGSEGV);
    CHECK(info.si_code == SEGV_MAPERR && info.si_addr == (void *)0x10);
    CHECK_EQ(TRY(SIGSEGV, page[8] = 1), SIGSEGV);
    CHECK(info.si_code == SEGV_ACCERR && info.si_addr == page + 8);
    CHECK_EQ(TRY(SIGSEGV, *(volatile char *)0x8000000000000000 = 1), SIGSEGV); // not canonical: no address is told
    CHECK(info.si_code == SI_KERNEL && info.si_addr == NULL);
    CHECK_EQ(TRY(SIGSEGV, __asm__ volatile("hlt")), SIGSEGV); // privileged instruction
    CHECK_EQ(info.si_code, SI_KERNEL);
    CHECK_EQ(TRY(SIGFPE, __asm__ volatile("xor %%edx, %%edx\n div %0" : : "r"(zero) : "eax", "edx")), SIGFPE);
    CHECK(info.si_code == FPE_INTDIV && info.si_addr != NULL);
    CHECK_EQ(TRY(SIGILL, __asm__ volatile("ud2")), SIGILL);
    CHECK(info.si_code == ILL_ILLOPN && info.si_addr != NULL);
    CHECK_EQ(TRY(SIGTRAP, __asm__ volatile("int3")), SIGTRAP);
    CHECK_EQ(info.si_code, SI_KERNEL);
    CHECK_OK(munmap(page, PAGE));
    for (int i = 0; i < 100; i++) CHECK_EQ(TRY(SIGSEGV, *(volatile int *)0x10 = 1), SIGSEGV);
}

TEST(blocked_or_ignored_fault_kills)
{
    pid_t pid;
    struct rlimit none = {0, 0};
    IN_CHILD(pid) {
        sigset_t set = only(SIGSEGV);
        setrlimit(RLIMIT_CORE, &none);
        install(SIGSEGV, on_signal, 0);
        sigprocmask(SIG_BLOCK, &set, NULL);
        *(volatile int *)0x10 = 1;
    }
    CHECK_KILLED(pid, SIGSEGV);
    IN_CHILD(pid) {
        setrlimit(RLIMIT_CORE, &none);
        signal(SIGSEGV, SIG_IGN);
        *(volatile int *)0x10 = 1;
    }
    CHECK_KILLED(pid, SIGSEGV);
}

static void skip(int signal, siginfo_t *i, void *context)
{
    ucontext_t *u = context;
    (void)signal, (void)i;
    u->uc_mcontext.gregs[REG_RIP] += 2; // over ud2
    u->uc_mcontext.gregs[REG_RBX] = 0x1234567890abcdef;
    sigaddset(&u->uc_sigmask, SIGUSR2);
}

TEST(context_can_be_changed)
{
    long value = 0;
    sigset_t now, set = only(SIGUSR2);
    install(SIGILL, skip, SA_SIGINFO);
    __asm__ volatile("ud2" : "=b"(value) : : "memory");
    CHECK_EQ(value, 0x1234567890abcdef);
    sigprocmask(SIG_BLOCK, NULL, &now);
    CHECK(sigismember(&now, SIGUSR2));
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static char alternate[65536];
static volatile bool on_alternate;
static void on_overflow(int signal)
{
    char here;
    on_alternate = &here >= alternate && &here < alternate + sizeof alternate;
    siglongjmp(escape, signal);
}
__attribute__((noinline)) static int recurse(volatile char *up)
{
    volatile char room[4096];
    room[0] = *up + 1;
    if (on_alternate) return 0; // never: the stack ends first
    return recurse(room) + room[0];
}

TEST(alternate_stack)
{
    stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate}, old;
    pid_t pid;
    CHECK_OK(sigaltstack(&stack, &old));
    CHECK_EQ(old.ss_flags, SS_DISABLE);
    CHECK_OK(sigaltstack(NULL, &old));
    CHECK(old.ss_sp == alternate && old.ss_size == sizeof alternate && old.ss_flags == 0);
    IN_CHILD(pid) {
        struct rlimit limit = {1 << 20, 1 << 20};
        setrlimit(RLIMIT_STACK, &limit);
        for (int i = 0; i < 3; i++) { // recovery works more than once
            char start = 0;
            install(SIGSEGV, on_overflow, SA_ONSTACK);
            on_alternate = false;
            if (sigsetjmp(escape, 1) == 0) recurse(&start);
            CHECK(on_alternate);
        }
    }
    CHECK_EXIT(pid, 0);
    stack.ss_size = 100;
    CHECK_ERRNO(sigaltstack(&stack, NULL), ENOMEM);
    stack.ss_flags = 0x100;
    CHECK_ERRNO(sigaltstack(&stack, NULL), EINVAL);
    stack.ss_flags = SS_DISABLE;
    CHECK_OK(sigaltstack(&stack, NULL));
}

static stack_t seen_inside;
static int error_inside;
static void look_at_stack(int signal)
{
    stack_t other = {.ss_sp = alternate, .ss_size = sizeof alternate / 2};
    if (sigaltstack(NULL, &seen_inside) != 0) seen_inside.ss_flags = -1;
    error_inside = sigaltstack(&other, NULL) == 0 ? 0 : errno;
    if (signal == SIGUSR2) siglongjmp(escape, 1);
}

TEST(alternate_stack_in_use)
{
    // sigaltstack(2): SS_ONSTACK while the thread executes on it, when it cannot be changed (EPERM).
    stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate}, old;
    install(SIGUSR1, look_at_stack, SA_ONSTACK);
    install(SIGUSR2, look_at_stack, SA_ONSTACK);
    CHECK_OK(sigaltstack(&stack, NULL));
    for (int i = 0; i < 200; i++) { // however the call is made
        raise(SIGUSR1);
        CHECK_EQ(seen_inside.ss_flags, SS_ONSTACK);
        CHECK(seen_inside.ss_sp == alternate && seen_inside.ss_size == sizeof alternate);
        CHECK_EQ(error_inside, EPERM);
        CHECK_OK(sigaltstack(NULL, &old));
        CHECK_EQ(old.ss_flags, 0);
    }
    // Left by a jump: programs built with _FORTIFY_SOURCE ask in the jump whether they are on that stack.
    if (sigsetjmp(escape, 1) == 0) raise(SIGUSR2);
    CHECK_EQ(seen_inside.ss_flags, SS_ONSTACK);
    CHECK_OK(sigaltstack(NULL, &old));
    CHECK_EQ(old.ss_flags, 0);
    // SS_AUTODISARM: taken away on entry, given back on return.
    stack.ss_flags = (int)(1u << 31);
    CHECK_OK(sigaltstack(&stack, NULL));
    raise(SIGUSR1);
    CHECK_EQ(seen_inside.ss_flags, SS_DISABLE);
    CHECK_EQ(error_inside, 0);
    CHECK_OK(sigaltstack(NULL, &old));
    CHECK_EQ(old.ss_flags, (int)(1u << 31));
    stack.ss_flags = SS_DISABLE;
    CHECK_OK(sigaltstack(&stack, NULL));
    signal(SIGUSR1, SIG_DFL);
    signal(SIGUSR2, SIG_DFL);
}

TEST(action_and_kill_errors)
{
    struct sigaction action = {.sa_handler = on_signal};
    CHECK_ERRNO(sigaction(SIGKILL, &action, NULL), EINVAL);
    CHECK_ERRNO(sigaction(SIGSTOP, &action, NULL), EINVAL);
    CHECK_ERRNO(syscall(SYS_rt_sigaction, 65, &action, NULL, 8), EINVAL);
    CHECK_ERRNO(syscall(SYS_rt_sigaction, 0, &action, NULL, 8), EINVAL);
    CHECK_ERRNO(syscall(SYS_rt_sigaction, SIGUSR1, &action, NULL, 4), EINVAL);
    CHECK_ERRNO(syscall(SYS_rt_sigaction, SIGUSR1, BAD_POINTER, NULL, 8), EFAULT);
    CHECK_ERRNO(syscall(SYS_rt_sigprocmask, 77, &action, NULL, 8), EINVAL);
    CHECK_ERRNO(kill(getpid(), 65), EINVAL);
    CHECK_ERRNO(kill(0x3ffffff, 0), ESRCH);
    CHECK_ERRNO(kill(INT_MIN, 0), ESRCH);
    CHECK_OK(kill(0, 0));
    pid_t pid, parent = getpid();
    if (is_root()) {
        IN_CHILD(pid) {
            become_nobody();
            CHECK_ERRNO(kill(parent, 0), EPERM);
            CHECK_ERRNO(kill(1, SIGTERM), EPERM);
        }
        CHECK_EXIT(pid, 0);
    }
}

TEST(default_actions)
{
    static const struct { int signal, status; } cases[] = {{SIGHUP, SIGHUP}, {SIGALRM, SIGALRM}, {SIGUSR1, SIGUSR1}, {SIGPIPE, SIGPIPE},
        {SIGCHLD, 0}, {SIGURG, 0}, {SIGWINCH, 0}, {SIGCONT, 0}};
    pid_t pid;
    for (size_t i = 0; i < COUNT(cases); i++) {
        IN_CHILD(pid) {
            signal(cases[i].signal, SIG_DFL);
            kill(getpid(), cases[i].signal);
        }
        CHECK_STATUS(pid, cases[i].status);
    }
}
