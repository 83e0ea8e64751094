// x87, SSE and AVX registers and flags must come through system calls, signals, faults, forks and context switches unharmed.
#include "guest.h"
#include <cpuid.h>
#include <immintrin.h>
#include <sys/wait.h>

static bool has_avx(void) { return __builtin_cpu_supports("avx"); }
static volatile int signals_seen;

// A handler that ruins every register a handler may.
__attribute__((target("avx"))) static void ruin_avx(void)
{
    __asm__ volatile("vpcmpeqd %%xmm0, %%xmm0, %%xmm0\n vinsertf128 $1, %%xmm0, %%ymm0, %%ymm0\n"
                     "vmovaps %%ymm0, %%ymm1\n vmovaps %%ymm0, %%ymm5\n vmovaps %%ymm0, %%ymm9\n vmovaps %%ymm0, %%ymm15\n vmovaps %%ymm0, %%ymm7"
                     : : : "xmm0", "xmm1", "xmm5", "xmm7", "xmm9", "xmm15");
}
static void ruin(int signal)
{
    (void)signal;
    unsigned mxcsr = 0x1f80 | 0x6000; // another rounding mode
    unsigned short control = 0x0c7f;
    signals_seen++;
    __asm__ volatile("fninit\n fldz\n fldz\n fldcw %1\n ldmxcsr %0" : : "m"(mxcsr), "m"(control) : "memory");
    __asm__ volatile("pcmpeqd %%xmm0, %%xmm0\n movaps %%xmm0, %%xmm3\n movaps %%xmm0, %%xmm8\n movaps %%xmm0, %%xmm14"
                     : : : "xmm0", "xmm3", "xmm8", "xmm14");
    if (has_avx()) ruin_avx();
    __asm__ volatile("fninit");
}

// Loads all sixteen registers from `in`, makes a system call or spins, and stores them to `out`.
struct sse { uint64_t r[16][2]; };
#define LOAD(n) "movups " #n "*16(%[in]), %%xmm" #n "\n"
#define STORE(n) "movups %%xmm" #n ", " #n "*16(%[out])\n"
#define ALL(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)
#define CLOBBERS "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", \
    "rcx", "r11", "memory"

static long sse_across_call(long number, long a, const struct sse *in, struct sse *out)
{
    long result = number;
    __asm__ volatile(ALL(LOAD) "syscall\n" ALL(STORE) : "+a"(result) : "D"(a), "S"(0L), "d"(0L), [in] "r"(in), [out] "r"(out) : CLOBBERS);
    return result;
}
static void sse_across_spin(long turns, const struct sse *in, struct sse *out)
{
    __asm__ volatile(ALL(LOAD) "1: dec %[n]\n jnz 1b\n" ALL(STORE) : [n] "+r"(turns) : [in] "r"(in), [out] "r"(out) : CLOBBERS);
}

#define LOADY(n) "vmovups " #n "*32(%[in]), %%ymm" #n "\n"
#define STOREY(n) "vmovups %%ymm" #n ", " #n "*32(%[out])\n"
struct avx { uint64_t r[16][4]; };
__attribute__((target("avx"))) static void avx_across_spin(long turns, const struct avx *in, struct avx *out)
{
    __asm__ volatile(ALL(LOADY) "1: dec %[n]\n jnz 1b\n" ALL(STOREY) "vzeroupper\n" : [n] "+r"(turns) : [in] "r"(in), [out] "r"(out) : CLOBBERS);
}
__attribute__((target("avx"))) static long avx_across_call(long number, long a, const struct avx *in, struct avx *out)
{
    long result = number;
    __asm__ volatile(ALL(LOADY) "syscall\n" ALL(STOREY) "vzeroupper\n" : "+a"(result) : "D"(a), "S"(0L), "d"(0L), [in] "r"(in), [out] "r"(out) : CLOBBERS);
    return result;
}

static void fill(void *to, size_t size, uint64_t seed)
{
    for (uint64_t *p = to; size; size -= 8) *p++ = seed = seed * 6364136223846793005u + 1442695040888963407u;
}

static void tick_every(long microseconds)
{
    struct itimerval timer = {{0, microseconds}, {0, microseconds}};
    CHECK_OK(setitimer(ITIMER_REAL, &timer, NULL));
}

TEST(system_calls)
{
    static const long numbers[] = {SYS_getpid, SYS_getppid, SYS_sched_yield, SYS_getuid, 10000, SYS_close};
    struct sse in, out;
    struct avx in_avx, out_avx;
    for (int i = 0; i < 600; i++) {
        fill(&in, sizeof in, i + 1);
        sse_across_call(numbers[i % COUNT(numbers)], -1, &in, &out);
        CHECK(memcmp(&in, &out, sizeof in) == 0);
        if (!has_avx()) continue;
        fill(&in_avx, sizeof in_avx, i + 7);
        avx_across_call(numbers[i % COUNT(numbers)], -1, &in_avx, &out_avx);
        CHECK(memcmp(&in_avx, &out_avx, sizeof in_avx) == 0);
    }
}

TEST(interrupting_signals)
{
    struct sse in, out;
    struct avx in_avx, out_avx;
    struct sigaction action = {.sa_handler = ruin, .sa_flags = SA_RESTART};
    sigaction(SIGALRM, &action, NULL);
    signals_seen = 0;
    tick_every(500);
    for (int i = 0; signals_seen < 200; i++) {
        fill(&in, sizeof in, i + 1);
        sse_across_spin(100000, &in, &out);
        CHECK(memcmp(&in, &out, sizeof in) == 0);
        if (!has_avx()) continue;
        fill(&in_avx, sizeof in_avx, i + 1);
        avx_across_spin(100000, &in_avx, &out_avx);
        CHECK(memcmp(&in_avx, &out_avx, sizeof in_avx) == 0);
    }
    tick_every(0);
    signal(SIGALRM, SIG_DFL);
}

TEST(control_words)
{
    unsigned mxcsr = 0x1f80 | 0x2000, mxcsr_after; // round down
    unsigned short control = 0x077f, control_after;
    pid_t pid;
    signal(SIGUSR1, ruin);
    __asm__ volatile("ldmxcsr %0\n fldcw %1" : : "m"(mxcsr), "m"(control));
    raise(SIGUSR1);
    sched_yield();
    __asm__ volatile("stmxcsr %0\n fnstcw %1" : "=m"(mxcsr_after), "=m"(control_after));
    CHECK_EQ(mxcsr_after & ~0x3f, mxcsr);
    CHECK_EQ(control_after, control);
    IN_CHILD(pid) { // a child inherits them
        __asm__ volatile("stmxcsr %0\n fnstcw %1" : "=m"(mxcsr_after), "=m"(control_after));
        CHECK_EQ(mxcsr_after & ~0x3f, mxcsr);
        CHECK_EQ(control_after, control);
    }
    CHECK_EXIT(pid, 0);
    mxcsr = 0x1f80;
    __asm__ volatile("ldmxcsr %0\n fninit" : : "m"(mxcsr));
    signal(SIGUSR1, SIG_DFL);
}

TEST(handler_starts_clean_enough)
{
    // x87 stack contents survive a handler that uses the x87.
    long double out;
    signal(SIGUSR1, ruin);
    long pid = getpid(), tid = gettid(), result = SYS_tgkill;
    __asm__ volatile("fldpi\n syscall\n fstpt %0" : "=m"(out), "+a"(result) : "D"(pid), "S"(tid), "d"((long)SIGUSR1) : "rcx", "r11", "memory");
    CHECK_EQ(result, 0);
    CHECK(out == 3.14159265358979323851280895940618620443274267017841339L);
    signal(SIGUSR1, SIG_DFL);
}

TEST(fork_copies_registers)
{
    struct sse in, out;
    for (int i = 0; i < 20; i++) {
        fill(&in, sizeof in, i + 3);
        long pid = sse_across_call(SYS_fork, 0, &in, &out);
        if (pid == 0) _exit(memcmp(&in, &out, sizeof in) != 0);
        CHECK(memcmp(&in, &out, sizeof in) == 0);
        CHECK_EXIT(pid, 0);
    }
}

TEST(context_switches)
{
    // More busy processes than cores, each with values of its own and signals besides.
    pid_t pid[6];
    for (size_t p = 0; p < COUNT(pid); p++) {
        IN_CHILD(pid[p]) {
            struct sse in, out;
            struct avx in_avx, out_avx;
            struct sigaction action = {.sa_handler = ruin, .sa_flags = SA_RESTART};
            sigaction(SIGALRM, &action, NULL);
            signals_seen = 0;
            tick_every(1000);
            for (int i = 0; signals_seen < 50; i++) {
                fill(&in, sizeof in, p * 1000 + i);
                sse_across_spin(20000, &in, &out);
                if (memcmp(&in, &out, sizeof in) != 0) _exit(2);
                sse_across_call(SYS_sched_yield, 0, &in, &out);
                if (memcmp(&in, &out, sizeof in) != 0) _exit(3);
                if (!has_avx()) continue;
                fill(&in_avx, sizeof in_avx, p * 1000 + i);
                avx_across_spin(20000, &in_avx, &out_avx);
                if (memcmp(&in_avx, &out_avx, sizeof in_avx) != 0) _exit(4);
            }
        }
    }
    for (size_t p = 0; p < COUNT(pid); p++) CHECK_EXIT(pid[p], 0);
}

static void *compute(void *result)
{
    double sum = 0;
    for (int i = 1; i < 300000; i++) {
        sum += 1.0 / ((double)i * i);
        if (i % 5000 == 0) sched_yield();
    }
    *(double *)result = sum;
    return NULL;
}

TEST(threads_agree)
{
    pthread_t thread[8];
    double result[8];
    for (int i = 0; i < 8; i++) CHECK_EQ(pthread_create(&thread[i], NULL, compute, &result[i]), 0);
    for (int i = 0; i < 8; i++) CHECK_EQ(pthread_join(thread[i], NULL), 0);
    for (int i = 1; i < 8; i++) CHECK(memcmp(&result[i], &result[0], sizeof result[0]) == 0);
}

TEST(general_registers_and_flags)
{
    // A system call may change rax, rcx and r11, and nothing else; the direction flag stays as it was.
    uint64_t saved[12], flags;
    register uint64_t *r __asm__("r15") = saved;
    __asm__ volatile("push %%rbp\n push %%rbx\n mov $0x1111, %%rbx\n mov $0x2222, %%rbp\n mov $0x3333, %%r8\n mov $0x4444, %%r9\n mov $0x5555, %%r10\n"
                     "mov $0x6666, %%r12\n mov $0x7777, %%r13\n mov $0x8888, %%r14\n mov $0x9999, %%rdi\n mov $0xaaaa, %%rsi\n mov $0xbbbb, %%rdx\n"
                     "mov $39, %%eax\n stc\n syscall\n pushfq\n popq %[flags]\n"
                     "mov %%rbx, 0(%[r])\n mov %%rbp, 8(%[r])\n mov %%r8, 16(%[r])\n mov %%r9, 24(%[r])\n mov %%r10, 32(%[r])\n mov %%r12, 40(%[r])\n"
                     "mov %%r13, 48(%[r])\n mov %%r14, 56(%[r])\n mov %%rdi, 64(%[r])\n mov %%rsi, 72(%[r])\n mov %%rdx, 80(%[r])\n mov %%rax, 88(%[r])\n"
                     "pop %%rbx\n pop %%rbp"
                     : [flags] "=&a"(flags) : [r] "r"(r)
                     : "rcx", "r11", "r8", "r9", "r10", "r12", "r13", "r14", "rdi", "rsi", "rdx", "memory", "cc");
    static const uint64_t expected[] = {0x1111, 0x2222, 0x3333, 0x4444, 0x5555, 0x6666, 0x7777, 0x8888, 0x9999, 0xaaaa, 0xbbbb};
    for (size_t i = 0; i < COUNT(expected); i++) CHECK_EQ(saved[i], expected[i]);
    CHECK_EQ(flags & 1, 1);     // carry
    CHECK_EQ(flags & 0x400, 0); // direction
}
