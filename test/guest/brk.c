// brk(2), through the raw call: it returns the break, changed or not, and never an error.
#include "guest.h"
#include <setjmp.h>

static char *raw_brk(void *to) { return (char *)syscall(SYS_brk, to); }

static sigjmp_buf escape;
static void on_fault(int signal) { siglongjmp(escape, signal); }
static int touch(volatile char *p)
{
    signal(SIGSEGV, on_fault);
    int result = sigsetjmp(escape, 1);
    if (result == 0) *p = 1;
    signal(SIGSEGV, SIG_DFL);
    return result;
}

// The C library's heap lives on the break too: every test runs in a child that mallocs nothing meanwhile.
TEST(grow_and_shrink)
{
    pid_t pid;
    IN_CHILD(pid) {
        char *start = raw_brk(NULL), *base = (char *)(((uintptr_t)start + PAGE - 1) & -PAGE);
        CHECK(raw_brk(base + 10 * PAGE) == base + 10 * PAGE);
        CHECK(raw_brk(NULL) == base + 10 * PAGE);
        for (int i = 0; i < 10; i++) CHECK_EQ(base[i * PAGE], 0);
        memset(base, 7, 10 * PAGE);
        CHECK_EQ(touch(base + 10 * PAGE), SIGSEGV);
        CHECK(raw_brk(base + 2 * PAGE) == base + 2 * PAGE);
        CHECK_EQ(touch(base + 2 * PAGE), SIGSEGV);
        CHECK_EQ(base[PAGE], 7);
        CHECK(raw_brk(base + 4 * PAGE) == base + 4 * PAGE);
        CHECK_EQ(base[2 * PAGE], 0); // memory given back comes back as zeros
        CHECK_EQ(base[3 * PAGE + 5], 0);
    }
    CHECK_EXIT(pid, 0);
}

TEST(unaligned)
{
    pid_t pid;
    IN_CHILD(pid) {
        char *start = raw_brk(NULL);
        CHECK(raw_brk(start + 12345) == start + 12345); // the value is kept to the byte
        CHECK(raw_brk(NULL) == start + 12345);
        start[12344] = 1;
    }
    CHECK_EXIT(pid, 0);
}

TEST(refused)
{
    pid_t pid;
    IN_CHILD(pid) {
        char *start = raw_brk(NULL);
        CHECK(raw_brk((void *)1) == start);
        CHECK(raw_brk((void *)-1L) == start);
        CHECK(raw_brk((void *)(1UL << 47)) == start);
        struct rlimit limit = {1 << 20, RLIM_INFINITY};
        CHECK_OK(setrlimit(RLIMIT_DATA, &limit));
        CHECK(raw_brk(start + (64 << 20)) == start);
    }
    CHECK_EXIT(pid, 0);
}

TEST(stops_at_a_mapping)
{
    pid_t pid;
    IN_CHILD(pid) {
        char *start = raw_brk(NULL), *base = (char *)(((uintptr_t)start + PAGE - 1) & -PAGE);
        char *wall = mmap(base + 4 * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
        CHECK(wall == base + 4 * PAGE);
        CHECK(raw_brk(base + 8 * PAGE) == start);
        CHECK(raw_brk(base + PAGE) == base + PAGE);
    }
    CHECK_EXIT(pid, 0);
}

TEST(inherited_by_fork)
{
    pid_t pid, inner;
    IN_CHILD(pid) {
        char *start = raw_brk(NULL);
        CHECK(raw_brk(start + PAGE) == start + PAGE);
        start[0] = 'p';
        IN_CHILD(inner) {
            CHECK(raw_brk(NULL) == start + PAGE);
            CHECK_EQ(start[0], 'p');
            CHECK(raw_brk(start + 5 * PAGE) == start + 5 * PAGE);
            start[0] = 'c';
        }
        CHECK_EXIT(inner, 0);
        CHECK(raw_brk(NULL) == start + PAGE);
        CHECK_EQ(start[0], 'p');
    }
    CHECK_EXIT(pid, 0);
}

TEST(sbrk_and_malloc)
{
    pid_t pid;
    IN_CHILD(pid) {
        char *before = sbrk(0);
        CHECK(sbrk(PAGE) == before);
        CHECK((char *)sbrk(0) == before + PAGE);
        void *block[1000];
        for (int i = 0; i < 1000; i++) memset(block[i] = malloc(1000), i, 1000);
        for (int i = 0; i < 1000; i++) CHECK_EQ(((char *)block[i])[999], (char)i);
        for (int i = 0; i < 1000; i++) free(block[i]);
    }
    CHECK_EXIT(pid, 0);
}

TEST(shown_as_heap)
{
    pid_t pid;
    IN_CHILD(pid) {
        static char maps[65536];
        unsigned long from, to;
        bool found = false;
        char *start = raw_brk(NULL);
        CHECK(raw_brk(start + PAGE) == start + PAGE);
        read_file("/proc/self/maps", maps, sizeof maps);
        // The heap may be more than one area, each shown with the name.
        for (char *line = strtok(maps, "\n"); line; line = strtok(NULL, "\n"))
            if (strstr(line, "[heap]") && sscanf(line, "%lx-%lx rw-p", &from, &to) == 2)
                found |= from <= (uintptr_t)start && (uintptr_t)start < to;
        CHECK(found);
    }
    CHECK_EXIT(pid, 0);
}
