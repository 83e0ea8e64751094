// membarrier(2), rseq(2) and other newer calls: each works or says ENOSYS cleanly, because programs probe for them.
#include "guest.h"
#include <linux/membarrier.h>
#include <sys/rseq.h>

static int membarrier(int command) { return syscall(SYS_membarrier, command, 0, 0); }

TEST(membarrier_commands)
{
    int mask = membarrier(MEMBARRIER_CMD_QUERY);
    if (mask == -1) {
        CHECK_EQ(errno, ENOSYS);
        return;
    }
    CHECK(mask & MEMBARRIER_CMD_GLOBAL);
    CHECK_OK(membarrier(MEMBARRIER_CMD_GLOBAL));
    if (mask & MEMBARRIER_CMD_PRIVATE_EXPEDITED) {
        pid_t pid;
        IN_CHILD(pid) {
            CHECK_ERRNO(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED), EPERM); // must register first
            CHECK_OK(membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED));
            CHECK_OK(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED));
        }
        CHECK_EXIT(pid, 0);
    }
    CHECK_ERRNO(membarrier(1 << 30), EINVAL);
    CHECK_ERRNO(syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0x10, 0), EINVAL);
}

static struct rseq *area(void) { return (struct rseq *)((char *)__builtin_thread_pointer() + __rseq_offset); }

TEST(rseq_cpu_number)
{
    if (__rseq_size == 0) { // the C library could not register: then the call must say ENOSYS
        CHECK_ERRNO(syscall(SYS_rseq, NULL, 32, 0, RSEQ_SIG), ENOSYS);
        return;
    }
    cpu_set_t set, old;
    CHECK_OK(sched_getaffinity(0, sizeof old, &old));
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &old)) continue;
        CPU_ZERO(&set);
        CPU_SET(cpu, &set);
        CHECK_OK(sched_setaffinity(0, sizeof set, &set));
        CHECK_EQ(*(volatile uint32_t *)&area()->cpu_id, cpu);
        CHECK_EQ(*(volatile uint32_t *)&area()->cpu_id_start, cpu);
    }
    CHECK_OK(sched_setaffinity(0, sizeof old, &old));
    CHECK_ERRNO(syscall(SYS_rseq, area(), 32, 0, RSEQ_SIG), EBUSY); // registered already
}

TEST(rseq_aborts_on_signal)
{
    if (__rseq_size == 0) return;
    // A critical section that spins until something interrupts it: the kernel must send it to the abort handler.
    static struct rseq_cs cs __attribute__((aligned(32)));
    struct itimerval timer = {{0, 5000}, {0, 5000}}; // again and again: the first may come too early
    long aborted = 0;
    signal(SIGALRM, (void (*)(int))getpid);
    CHECK_OK(setitimer(ITIMER_REAL, &timer, NULL));
    __asm__ volatile("lea 1f(%%rip), %%rax\n mov %%rax, 8(%[cs])\n"        // start
                     "lea 2f(%%rip), %%rcx\n sub %%rax, %%rcx\n mov %%rcx, 16(%[cs])\n" // length
                     "lea 4f(%%rip), %%rax\n mov %%rax, 24(%[cs])\n"       // abort
                     "mov %[cs], %[pointer]\n"
                     "1: pause\n jmp 1b\n"
                     "2: jmp 5f\n"
                     ".byte 0x0f, 0xb9, 0x3d\n .long 0x53053053\n"         // RSEQ_SIG in front of the handler
                     "4: mov $1, %[aborted]\n"
                     "5:"
                     : [pointer] "=m"(area()->rseq_cs), [aborted] "+r"(aborted)
                     : [cs] "r"(&cs)
                     : "rax", "rcx", "memory");
    CHECK_EQ(aborted, 1);
    timer = (struct itimerval){{0, 0}, {0, 0}};
    CHECK_OK(setitimer(ITIMER_REAL, &timer, NULL));
    signal(SIGALRM, SIG_DFL);
}

TEST(kcmp_and_process_memory)
{
    // process_vm_readv(2) of oneself needs no privilege.
    char from[] = "data", to[8] = {0};
    struct iovec local = {to, 5}, remote = {from, 5}, bad = {BAD_POINTER, 5};
    ssize_t n = syscall(SYS_process_vm_readv, getpid(), &local, 1, &remote, 1, 0);
    if (n == -1 && errno == ENOSYS) return;
    CHECK_EQ(n, 5);
    CHECK_STR(to, "data");
    CHECK_ERRNO(syscall(SYS_process_vm_readv, getpid(), &local, 1, &bad, 1, 0), EFAULT);
    CHECK_ERRNO(syscall(SYS_process_vm_readv, 0x3ffffff, &local, 1, &remote, 1, 0), ESRCH);
    CHECK_ERRNO(syscall(SYS_process_vm_readv, getpid(), &local, 1, &remote, 1, 1), EINVAL);
    CHECK_ERRNO(syscall(SYS_process_vm_readv, getpid(), &local, 2000, &remote, 1, 0), EINVAL);
}

TEST(memory_of_a_child)
{
    // A parent may look at and change its own child; what can be copied before a fault counts.
    char *page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), copy[2 * PAGE];
    int to_parent[2], to_child[2];
    pid_t pid;
    CHECK_OK(munmap(page + PAGE, PAGE));
    CHECK_OK(pipe(to_parent));
    CHECK_OK(pipe(to_child));
    IN_CHILD(pid) {
        strcpy(page, "the child's");
        pipe_signal(to_parent[1]);
        pipe_wait(to_child[0]);
        CHECK_STR(page, "changed");
    }
    pipe_wait(to_parent[0]);
    struct iovec local[2] = {{copy, 4}, {copy + 4, sizeof copy - 4}}, remote = {page, 2 * PAGE};
    ssize_t n = syscall(SYS_process_vm_readv, pid, local, 2, &remote, 1, 0);
    if (n == -1 && (errno == ENOSYS || errno == EPERM)) { // Yama may forbid it for others than root
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        return;
    }
    CHECK_EQ(n, PAGE);
    CHECK_STR(copy, "the child's");
    CHECK_EQ(page[0], 0);
    strcpy(copy, "changed");
    local[0].iov_len = 8;
    CHECK_EQ(syscall(SYS_process_vm_writev, pid, local, 1, &remote, 1, 0), 8);
    pipe_signal(to_child[1]);
    CHECK_EXIT(pid, 0);
    CHECK_ERRNO(syscall(SYS_process_vm_readv, pid, local, 1, &remote, 1, 0), ESRCH);
    if (is_root()) {
        IN_CHILD(pid) {
            become_nobody();
            CHECK_ERRNO(syscall(SYS_process_vm_readv, getppid(), local, 1, &remote, 1, 0), EPERM);
        }
        CHECK_EXIT(pid, 0);
    }
    for (int i = 0; i < 2; i++) close(to_parent[i]), close(to_child[i]);
    munmap(page, PAGE);
}

static long compare(pid_t a, pid_t b, int type, long x, long y) { return syscall(SYS_kcmp, a, b, type, x, y); }

TEST(kcmp_types)
{
    enum { FILES_OF_TWO, VM, FILES, FS, SIGHAND, IO, SYSVSEM };
    pid_t me = getpid(), pid;
    int same = dup(1), other = CHECK_OK(open("/dev/null", O_RDONLY));
    if (compare(me, me, VM, 0, 0) == -1 && errno == ENOSYS) return;
    CHECK_EQ(compare(me, me, VM, 0, 0), 0);
    CHECK_EQ(compare(me, me, FILES_OF_TWO, 1, same), 0);
    CHECK(compare(me, me, FILES_OF_TWO, 1, other) + compare(me, me, FILES_OF_TWO, other, 1) == 3); // 1 one way, 2 the other
    CHECK_ERRNO(compare(me, me, FILES_OF_TWO, 1, 999), EBADF);
    CHECK_ERRNO(compare(me, me, 77, 0, 0), EINVAL);
    CHECK_ERRNO(compare(me, 0x3ffffff, VM, 0, 0), ESRCH);
    IN_CHILD(pid) {
        if (!is_root()) continue; // Yama
        for (int type = VM; type <= SIGHAND; type++) CHECK(compare(getpid(), getppid(), type, 0, 0) > 0);
        CHECK_EQ(compare(getpid(), getppid(), FILES_OF_TWO, other, other), 0); // one open file
        CHECK_EQ(compare(getpid(), getppid(), SYSVSEM, 0, 0), 0);              // neither has anything to take back
    }
    CHECK_EXIT(pid, 0);
    close(same);
    close(other);
}

TEST(probed_by_programs)
{
    // Present or absent, but never a crash and never another errno.
    CHECK(syscall(SYS_io_uring_setup, 0, NULL) == -1 && (errno == ENOSYS || errno == EINVAL || errno == EFAULT || errno == EPERM));
    CHECK(syscall(SYS_userfaultfd, ~0) == -1 && (errno == ENOSYS || errno == EINVAL || errno == EPERM));
    CHECK(syscall(SYS_bpf, 9999, NULL, 0) == -1 && (errno == ENOSYS || errno == EINVAL || errno == EPERM));
    CHECK(syscall(SYS_perf_event_open, NULL, 0, 0, 0, 0) == -1 && (errno == ENOSYS || errno == EFAULT || errno == EACCES || errno == EPERM || errno == ENOENT));
    CHECK(syscall(SYS_landlock_create_ruleset, NULL, 0, 1) >= 1 || errno == ENOSYS || errno == EOPNOTSUPP);
    CHECK(syscall(SYS_keyctl, 9999) == -1 && (errno == ENOSYS || errno == EOPNOTSUPP || errno == EPERM));
}
