// The wall test's attacker: runs inside the guest and uses the stub's own system-call instructions against the host.
//
//   attacker PATH PID NAME [START-END ...]
//
// PATH is a file that exists on the host only, PID a host process that may be killed, NAME an abstract UNIX socket a host process
// listens on, START-END (hexadecimal) are address ranges to search beside /proc/self/maps, which may not show the stub. Every
// "syscall" (0f 05) and "int $0x80" (cd 80) in executable memory that is not this program's is jumped to, in a child of its own for
// each attempt. Lines printed: "gate ADDRESS", "success ATTACK at ADDRESS = RESULT" (the host or the virtual kernel said yes), and
// "sweep ADDRESS SET: NUMBERS" (what returned no error). A success is not yet a breach, since the virtual kernel may have answered;
// the caller of this program looks at the outside: PATH unchanged, PID alive, nothing accepted on NAME, nothing new elsewhere.
//
// The trap flag gives control back after a gate: the processor raises SIGTRAP behind it, whatever code follows there.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

enum { MAX_GATES = 256, SWEEP_GATES = 4, LAST_NUMBER = 470 };
struct gate { uintptr_t address; int legacy; }; // legacy: int $0x80
static struct gate gates[MAX_GATES];
static int gate_count;

// Static, so that the addresses are below 4 GiB and 32-bit calls can be given them.
static char path[4096], path2[4200], scratch[65536];
static struct sockaddr_un listener = {AF_UNIX};
static socklen_t listener_size;
static pid_t victim;
static struct gate *gate;

// --- Going through a gate and coming back ---
static sigjmp_buf back;
static volatile long result;
static volatile sig_atomic_t armed;

static void on_signal(int signal, siginfo_t *info, void *context)
{
    ucontext_t *u = context;
    (void)info;
    if (!armed) _exit(100 + signal);
    if (signal == SIGTRAP) {
        if ((uintptr_t)u->uc_mcontext.gregs[REG_RIP] == gate->address) return; // the jump, not yet the call
        result = u->uc_mcontext.gregs[REG_RAX];
    } else {
        result = -10000 - signal; // the stub crashed: no answer
    }
    armed = 0;
    siglongjmp(back, 1);
}

static long through(long number, long a, long b, long c, long d, long e, long f)
{
    const long registers[] = {number, a, b, c, d, e, f, (long)gate->address};
    armed = 1;
    if (sigsetjmp(back, 1) == 0)
        __asm__ volatile("mov %0, %%r11\n"
                         "mov 56(%%r11), %%rcx\n" // "syscall" destroys rcx and r11 anyway
                         "cmpl $0, %1\n"
                         "je 1f\n"
                         "mov 8(%%r11), %%rbx\n mov 16(%%r11), %%rcx\n mov 24(%%r11), %%rdx\n mov 32(%%r11), %%rsi\n mov 40(%%r11), %%rdi\n"
                         "mov 0(%%r11), %%rax\n mov 56(%%r11), %%r11\n"
                         "sub $256, %%rsp\n pushfq\n orl $0x100, (%%rsp)\n popfq\n jmp *%%r11\n"
                         "1: mov 0(%%r11), %%rax\n mov 8(%%r11), %%rdi\n mov 16(%%r11), %%rsi\n mov 24(%%r11), %%rdx\n mov 32(%%r11), %%r10\n"
                         "mov 40(%%r11), %%r8\n mov 48(%%r11), %%r9\n"
                         "sub $256, %%rsp\n pushfq\n orl $0x100, (%%rsp)\n popfq\n jmp *%%rcx\n"
                         : : "r"(registers), "m"(gate->legacy)
                         : "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory");
    return result;
}
#define ARGS(a, b, c, d, e, f, ...) (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f)
#define S(number, ...) through(number, ARGS(__VA_ARGS__, 0, 0, 0, 0, 0, 0))

static long told(const char *attack, long answer)
{
    if (answer >= 0 || answer < -20000) dprintf(1, "success %s at %lx = %ld\n", attack, gate->address, answer);
    return answer;
}
#define TRY(attack, number, ...) told(attack, S(number, __VA_ARGS__))

// --- The attacks; each runs in a child ---
static void files(void)
{
    struct open_how how = {O_RDWR, 0, 0};
    TRY("open", SYS_open, path, O_RDWR);
    TRY("open read-only", SYS_open, path, O_RDONLY);
    TRY("openat", SYS_openat, AT_FDCWD, path, O_RDWR | O_TRUNC);
    TRY("openat2", SYS_openat2, AT_FDCWD, path, &how, sizeof how);
    TRY("creat", SYS_creat, path2, 0666);
    TRY("stat", SYS_stat, path, scratch);
    TRY("access", SYS_access, path, 0);
    TRY("chmod", SYS_chmod, path, 0777);
    TRY("truncate", SYS_truncate, path, 0);
    TRY("utimes", SYS_utimensat, AT_FDCWD, path, 0, 0);
    TRY("setxattr", SYS_setxattr, path, "user.attacker", "x", 1, 0);
    TRY("mkdir", SYS_mkdir, path2, 0777);
    TRY("symlink", SYS_symlink, "x", path2);
    TRY("link", SYS_link, path, path2);
    TRY("mknod", SYS_mknod, path2, 0010666, 0);
    TRY("rename", SYS_rename, path, path2);
    TRY("unlink", SYS_unlink, path);
    TRY("name_to_handle_at", SYS_name_to_handle_at, AT_FDCWD, path, scratch, scratch + 1000, 0);
    TRY("chroot", SYS_chroot, "/");
    TRY("chdir", SYS_chdir, "/");
    long fd = TRY("inotify_init", SYS_inotify_init1, 0);
    TRY("inotify_add_watch", SYS_inotify_add_watch, fd, path, 0xfff);
}

// Whatever descriptors the host process has: read, write, map, pass on.
static void descriptors(void)
{
    char name[64];
    bool open[64];
    // Looked at before anything is duplicated. The first three may be this program's own output, where its report goes.
    for (int fd = 3; fd < 64; fd++) open[fd] = S(SYS_fcntl, fd, F_GETFD) >= 0;
    for (int fd = 3; fd < 64; fd++) {
        if (!open[fd]) continue;
        snprintf(name, sizeof name, "write to descriptor %d", fd);
        TRY(name, SYS_write, fd, "attacker", 8);
        snprintf(name, sizeof name, "map of descriptor %d", fd);
        TRY(name, SYS_mmap, 0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        snprintf(name, sizeof name, "ftruncate of descriptor %d", fd);
        TRY(name, SYS_ftruncate, fd, 1 << 20);
        snprintf(name, sizeof name, "dup of descriptor %d", fd);
        TRY(name, SYS_dup, fd);
    }
    TRY("memfd_create", SYS_memfd_create, "attacker", 0);
    TRY("pipe", SYS_pipe2, scratch, 0);
    TRY("eventfd", SYS_eventfd2, 0, 0);
    TRY("epoll_create", SYS_epoll_create1, 0);
    TRY("/proc of the host", SYS_open, "/proc/self/mem", O_RDWR);
}

static void sockets(void)
{
    long fd = TRY("unix socket", SYS_socket, AF_UNIX, SOCK_STREAM, 0);
    TRY("connect", SYS_connect, fd, &listener, listener_size);
    TRY("send", SYS_sendto, fd, "attacker", 8, MSG_NOSIGNAL, 0, 0);
    fd = TRY("unix datagram socket", SYS_socket, AF_UNIX, SOCK_DGRAM, 0);
    TRY("sendto", SYS_sendto, fd, "attacker", 8, MSG_NOSIGNAL, &listener, listener_size);
    TRY("inet socket", SYS_socket, AF_INET, SOCK_STREAM, 0);
    TRY("inet datagram socket", SYS_socket, AF_INET, SOCK_DGRAM, 0);
    TRY("raw socket", SYS_socket, AF_INET, SOCK_RAW, 1);
    TRY("netlink socket", SYS_socket, AF_NETLINK, SOCK_RAW, 0);
    TRY("packet socket", SYS_socket, AF_PACKET, SOCK_RAW, 0);
    TRY("vsock", SYS_socket, AF_VSOCK, SOCK_STREAM, 0);
    TRY("socketpair", SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, scratch);
}

static void processes(void)
{
    struct iovec local = {scratch, 8}, remote = {(void *)0x400000, 8};
    struct { uint64_t soft, hard; } limit = {0, 0};
    TRY("kill 0", SYS_kill, victim, 0);
    TRY("kill everyone with 0", SYS_kill, -1, 0); // never with more: a hole must not cost the machine
    TRY("tgkill 0", SYS_tgkill, victim, victim, 0);
    TRY("process_vm_readv", SYS_process_vm_readv, victim, &local, 1, &remote, 1, 0);
    TRY("process_vm_writev", SYS_process_vm_writev, victim, &local, 1, &remote, 1, 0);
    TRY("ptrace attach", SYS_ptrace, PTRACE_ATTACH, victim, 0, 0);
    TRY("ptrace seize", SYS_ptrace, PTRACE_SEIZE, victim, 0, 0);
    TRY("prlimit", SYS_prlimit64, victim, 7, &limit, 0);
    TRY("setpriority", SYS_setpriority, 0, victim, 19);
    TRY("sched_setaffinity", SYS_sched_setaffinity, victim, 8, "\1\0\0\0\0\0\0\0");
    TRY("setpgid", SYS_setpgid, victim, 0);
    TRY("kcmp", SYS_kcmp, getpid(), victim, 0, 0, 0);
    TRY("get_robust_list", SYS_get_robust_list, victim, scratch, scratch + 8);
    TRY("migrate_pages", SYS_migrate_pages, victim, 0, 0, 0);
    long fd = TRY("pidfd_open", SYS_pidfd_open, victim, 0);
    TRY("pidfd_getfd", SYS_pidfd_getfd, fd, 0, 0);
    TRY("pidfd_getfd 3", SYS_pidfd_getfd, fd, 3, 0);
    TRY("pidfd_send_signal", SYS_pidfd_send_signal, fd, SIGKILL, 0, 0);
    TRY("process_madvise", SYS_process_madvise, fd, &remote, 1, 4, 0);
    memset(scratch, 0, 128);
    ((siginfo_t *)scratch)->si_code = SI_QUEUE;
    TRY("rt_sigqueueinfo", SYS_rt_sigqueueinfo, victim, SIGKILL, scratch);
    TRY("tkill", SYS_tkill, victim, SIGKILL);
    TRY("kill", SYS_kill, victim, SIGKILL);
    for (pid_t pid = 1; pid < 3; pid++) TRY("kill 0 of a low number", SYS_kill, pid, 0);
    long parent = S(SYS_getppid, 0); // as the host sees it
    TRY("kill 0 of the parent", SYS_kill, parent, 0);
    TRY("ptrace of the parent", SYS_ptrace, PTRACE_SEIZE, parent, 0, 0);
    TRY("process_vm_readv of the parent", SYS_process_vm_readv, parent, &local, 1, &remote, 1, 0);
}

static void privileges(void)
{
    TRY("unshare user", SYS_unshare, CLONE_NEWUSER);
    TRY("unshare mount", SYS_unshare, CLONE_NEWNS);
    TRY("unshare net", SYS_unshare, CLONE_NEWNET);
    TRY("unshare files", SYS_unshare, CLONE_FILES | CLONE_FS);
    TRY("setns", SYS_setns, 0, 0);
    TRY("mount", SYS_mount, "none", "/tmp", "tmpfs", 0, 0);
    TRY("bind mount", SYS_mount, "/", "/tmp", 0, 4096, 0);
    TRY("umount", SYS_umount2, "/tmp", 2);
    TRY("pivot_root", SYS_pivot_root, "/", "/");
    TRY("open_tree", SYS_open_tree, AT_FDCWD, "/", 1);
    TRY("fsopen", SYS_fsopen, "tmpfs", 0);
    TRY("bpf", SYS_bpf, 0, scratch, 48);
    TRY("perf_event_open", SYS_perf_event_open, scratch, 0, -1, -1, 0);
    TRY("io_uring_setup", SYS_io_uring_setup, 8, memset(scratch, 0, 120));
    TRY("userfaultfd", SYS_userfaultfd, 1);
    TRY("keyctl", SYS_keyctl, 0, -3, 1);
    TRY("add_key", SYS_add_key, "user", "attacker", "x", 1, -3);
    TRY("seccomp", SYS_seccomp, 0, 0, 0);
    TRY("seccomp listener", SYS_seccomp, 1, 8, scratch);
    TRY("modify_ldt", SYS_modify_ldt, 1, scratch, 16);
    TRY("iopl", SYS_iopl, 3);
    TRY("ioperm", SYS_ioperm, 0, 10, 1);
    TRY("setuid", SYS_setuid, 0);
    TRY("setresuid", SYS_setresuid, 0, 0, 0);
    TRY("setgroups", SYS_setgroups, 0, 0);
    TRY("capset", SYS_capset, scratch, scratch);
    TRY("sethostname", SYS_sethostname, "attacker", 8);
    TRY("clock_settime", SYS_clock_settime, 0, scratch);
    TRY("reboot without magic", SYS_reboot, 0, 0, 0, 0);
    TRY("swapon", SYS_swapon, path, 0);
    TRY("acct", SYS_acct, path);
    TRY("init_module", SYS_init_module, scratch, 10, "");
    TRY("kexec_load", SYS_kexec_load, 0, 0, 0, 0);
    TRY("fanotify_init", SYS_fanotify_init, 0, 0);
    TRY("syslog", SYS_syslog, 3, scratch, 100);
    TRY("personality", SYS_personality, 0x0040000);
    TRY("no parent death signal", SYS_prctl, 1, 0, 0, 0, 0);
    TRY("dumpable", SYS_prctl, 4, 1, 0, 0, 0);
    TRY("subreaper", SYS_prctl, 36, 1, 0, 0, 0);
    TRY("setsid", SYS_setsid, 0);
    TRY("shmget", SYS_shmget, 0x41545441, 4096, 01666);
    TRY("msgget", SYS_msgget, 0x41545441, 01666);
    TRY("semget", SYS_semget, 0x41545441, 1, 01666);
    TRY("mq_open", SYS_mq_open, "attacker", O_CREAT | O_RDWR, 0666, 0);
}

static void new_processes(void)
{
    static const struct { const char *name; unsigned long flags; } kinds[] = {{"clone new user", CLONE_NEWUSER | SIGCHLD}, {"clone", SIGCHLD},
        {"clone new pid", CLONE_NEWPID | SIGCHLD}, {"clone parent", CLONE_PARENT | SIGCHLD}, {"clone untraced", CLONE_UNTRACED | SIGCHLD},
        {"clone files", CLONE_FILES | CLONE_VM | SIGCHLD}};
    pid_t me = getpid();
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        long pid = S(SYS_clone, kinds[i].flags, 0, 0, 0, 0);
        if (pid == 0 && getpid() != me) _exit(0);
        told(kinds[i].name, pid);
    }
    uint64_t args[11] = {CLONE_NEWUSER, 0, 0, 0, SIGCHLD};
    long pid = S(SYS_clone3, args, sizeof args);
    if (pid == 0 && getpid() != me) _exit(0);
    told("clone3", pid);
}

static void exec_path(void)
{
    static char *argv[] = {"/bin/sh", "-c", scratch, NULL};
    snprintf(scratch, sizeof scratch, "echo attacker > '%s'", path2);
    TRY("execve", SYS_execve, "/bin/sh", argv, argv + 3);
}

static void exec_memory(void)
{
    // A program of its own in host memory: would run outside any stub.
    static const unsigned char elf[] = "\x7f" "ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\x3e\0\1\0\0\0\x78\0\x40\0\0\0\0\0\x40\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x40\0\x38\0\1\0\0\0\0\0\0\0"
        "\1\0\0\0\5\0\0\0\0\0\0\0\0\0\0\0\0\0\x40\0\0\0\0\0\0\0\x40\0\0\0\0\0\x90\0\0\0\0\0\0\0\x90\0\0\0\0\0\0\0\0\x10\0\0\0\0\0\0"
        "\xb8\x3c\0\0\0\xbf\x2a\0\0\0\x0f\x05"; // exit(42)
    static char *argv[] = {"x", NULL};
    long fd = TRY("memfd_create for exec", SYS_memfd_create, "x", 0);
    TRY("write of a program", SYS_write, fd, elf, sizeof elf);
    TRY("execveat", SYS_execveat, fd, "", argv, argv + 1, AT_EMPTY_PATH);
}

static void stub_itself(void)
{
    // Destroying the stub destroys the attacker only; writing to it may not change anybody else's.
    uintptr_t page = gate->address & -4096L;
    if (TRY("mprotect of the stub", SYS_mprotect, page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC) == 0) *(volatile char *)page = *(char *)page;
    TRY("remap of the stub", SYS_mremap, page, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, 0x10000000);
    TRY("mmap over the stub", SYS_mmap, page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    TRY("munmap of the stub", SYS_munmap, page, 4096);
}

static void other_numbers(void)
{
    TRY("x32 open", 0x40000000 + SYS_open, path, O_RDWR);
    TRY("x32 getpid", 0x40000000 + SYS_getpid, 0);
    TRY("x32 ptrace", 0x40000000 + 521, PTRACE_SEIZE, victim, 0, 0);
    TRY("x32 execve", 0x40000000 + 520, "/bin/sh", 0, 0);
    TRY("number with a high half", 0x100000000 + SYS_open, path, O_RDWR);
    TRY("negative number", -1, path, O_RDWR);
}

static void legacy_calls(void) // the numbers of i386; also through an instruction of this program's own
{
    static const struct { const char *name; long number, a, b, c; } calls[] = {{"i386 open", 5, (long)path, O_RDWR, 0}, {"i386 creat", 8, (long)path2, 0666, 0},
        {"i386 unlink", 10, (long)path, 0, 0}, {"i386 kill", 37, 0, SIGKILL, 0}, {"i386 getpid", 20, 0, 0, 0}, {"i386 socketcall", 102, 1, 0, 0},
        {"i386 fork", 2, 0, 0, 0}, {"i386 ptrace", 26, 16, 0, 0}};
    pid_t me = getpid();
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        long a = calls[i].number == 37 ? victim : calls[i].a, b = calls[i].number == 26 ? victim : calls[i].b, answer;
        if (gate->legacy) answer = S(calls[i].number, a, b, calls[i].c);
        else __asm__ volatile("int $0x80" : "=a"(answer) : "a"(calls[i].number), "b"(a), "c"(b), "d"(calls[i].c) : "memory", "r8", "r9", "r10", "r11");
        if (getpid() != me) _exit(0);
        if (answer >= 0) told(calls[i].name, (int)answer);
    }
}

// --- Running them ---
static void on_alarm(int signal) { (void)signal; }

// Forks, runs, and kills what is still there after 0.4 s. Gives the wait status, -1 when it had to be killed.
static int in_child(void (*run)(void))
{
    int status = 0;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        static char stack[65536];
        stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
        struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
        sigaltstack(&alternate, NULL);
        static const int signals[] = {SIGTRAP, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGSYS};
        for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) sigaction(signals[i], &action, NULL);
        setpgid(0, 0);
        run();
        _exit(0);
    }
    if (pid == -1) return -1;
    struct itimerval limit = {{0, 200000}, {0, 400000}}; // again and again, in case the first comes before waitpid
    setitimer(ITIMER_REAL, &limit, NULL);
    pid_t done = waitpid(pid, &status, 0);
    setitimer(ITIMER_REAL, &(struct itimerval){{0}}, NULL);
    kill(-pid, SIGKILL);
    if (done == pid) return status;
    kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) == -1 && errno == EINTR) {}
    return -1;
}

static long sweep_number;
static int sweep_set;
static void sweep_one(void)
{
    static const long minus[] = {-1, -1, -1, -1, -1, -1};
    const long paths[] = {(long)path, O_RDWR, 0666, 0, 0, 0}, at[] = {AT_FDCWD, (long)path, O_RDWR, 0666, 0, 0},
        pids[] = {victim, 0, 0, 0, 0, 0}, zero[6] = {0};
    const long *sets[] = {zero, minus, paths, at, pids}, *s = sets[sweep_set];
    pid_t me = getpid();
    long answer = through(sweep_number, s[0], s[1], s[2], s[3], s[4], s[5]);
    if (getpid() != me) _exit(0); // a new process
    _exit(answer >= 0 || answer < -20000 ? 77 : 0);
}

// The sets side by side: most of the time goes by waiting for calls that block.
static void sweep(void)
{
    static const char *names[] = {"zero", "minus-one", "path", "at-path", "pid"};
    static char answered[8 * (LAST_NUMBER + 1)];
    fflush(stdout);
    for (sweep_set = 0; sweep_set < 5; sweep_set++) {
        if (fork() != 0) continue;
        size_t length = 0;
        for (sweep_number = 0; sweep_number <= LAST_NUMBER; sweep_number++) {
            int status = in_child(sweep_one);
            if (status != -1 && WIFEXITED(status) && WEXITSTATUS(status) == 77) length += sprintf(answered + length, " %ld", sweep_number);
        }
        printf("sweep %lx %s:%s\n", gate->address, names[sweep_set], answered);
        fflush(stdout);
        _exit(0);
    }
    while (wait(NULL) != -1 || errno == EINTR) {}
}

// --- Finding gates ---
static sigjmp_buf unreadable;
static void on_fault(int signal) { siglongjmp(unreadable, signal); }

static void search(uintptr_t from, uintptr_t to)
{
    struct sigaction action = {.sa_handler = on_fault, .sa_flags = SA_NODEFER}, segv, bus;
    volatile uintptr_t at = from;
    sigaction(SIGSEGV, &action, &segv);
    sigaction(SIGBUS, &action, &bus);
    if (sigsetjmp(unreadable, 1) != 0) at = (at & -4096L) + 4096; // an unreadable page: on to the next
    for (; at + 1 < to && gate_count < MAX_GATES; at++) {
        const volatile unsigned char *p = (void *)at;
        int is_syscall = p[0] == 0x0f && p[1] == 0x05, is_int = p[0] == 0xcd && p[1] == 0x80;
        if (!is_syscall && !is_int) continue;
        int known = 0;
        for (int i = 0; i < gate_count; i++) known |= gates[i].address == at;
        if (!known) gates[gate_count++] = (struct gate){at, is_int};
    }
    sigaction(SIGSEGV, &segv, NULL);
    sigaction(SIGBUS, &bus, NULL);
}

static void search_maps(void)
{
    static char text[1 << 18], own[4096];
    ssize_t n, size = 0;
    if ((n = readlink("/proc/self/exe", own, sizeof own - 1)) < 0) own[0] = 0;
    int fd = open("/proc/self/maps", O_RDONLY);
    while (fd >= 0 && (n = read(fd, text + size, sizeof text - 1 - size)) > 0) size += n;
    close(fd);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        uintptr_t from, to;
        char protection[5];
        if (sscanf(line, "%lx-%lx %4s", &from, &to, protection) != 3 || protection[2] != 'x') continue;
        if (own[0] && strstr(line, own)) continue;
        printf("mapping %s\n", line);
        search(from, to);
    }
}

int main(int argc, char **argv)
{
    static void (*const attacks[])(void) = {files, descriptors, sockets, processes, privileges, new_processes, exec_path, exec_memory, stub_itself,
        other_numbers, legacy_calls};
    if (argc < 4) return fprintf(stderr, "usage: attacker PATH PID NAME [START-END ...]\n"), 2;
    snprintf(path, sizeof path, "%s", argv[1]);
    snprintf(path2, sizeof path2, "%s.attacker", path);
    victim = atoi(argv[2]);
    snprintf(listener.sun_path + 1, sizeof listener.sun_path - 1, "%s", argv[3]);
    listener_size = offsetof(struct sockaddr_un, sun_path) + 1 + strlen(argv[3]);
    setvbuf(stdout, NULL, _IOLBF, 0);
    struct sigaction action = {.sa_handler = on_alarm};
    sigaction(SIGALRM, &action, NULL);

    search_maps();
    for (int i = 4; i < argc; i++) {
        uintptr_t from, to;
        if (sscanf(argv[i], "%lx-%lx", &from, &to) == 2) search(from, to);
    }
    for (int i = 0; i < gate_count; i++) printf("gate %lx%s\n", gates[i].address, gates[i].legacy ? " int80" : "");
    for (int i = 0; i < gate_count; i++) {
        gate = &gates[i];
        for (size_t a = 0; a < sizeof attacks / sizeof attacks[0]; a++) {
            if (gate->legacy && attacks[a] != legacy_calls) continue;
            in_child(attacks[a]);
        }
        if (i < SWEEP_GATES && !gate->legacy) sweep();
    }
    static struct gate none; // int $0x80 of our own is a door even where no gate was found
    gate = &none;
    in_child(legacy_calls);
    printf("done: %d gates\n", gate_count);
    return 0;
}
