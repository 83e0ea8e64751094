// mmap(2), munmap(2), mprotect(2), mremap(2), mincore(2) on anonymous memory.
#include "guest.h"
#include <setjmp.h>

#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static sigjmp_buf escape;
static siginfo_t fault;
static void on_fault(int signal, siginfo_t *info, void *context)
{
    (void)context;
    fault = *info;
    siglongjmp(escape, signal);
}

// 0, or the signal that touching the byte raised.
static int touch(volatile char *p, bool write)
{
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO}, old_segv, old_bus;
    sigaction(SIGSEGV, &action, &old_segv);
    sigaction(SIGBUS, &action, &old_bus);
    int signal = sigsetjmp(escape, 1);
    if (signal == 0) {
        if (write) *p = 'w';
        else (void)*p;
    }
    sigaction(SIGSEGV, &old_segv, NULL);
    sigaction(SIGBUS, &old_bus, NULL);
    return signal;
}

static char *map(size_t length, int prot)
{
    char *p = mmap(NULL, length, prot, ANON, -1, 0);
    CHECK(p != MAP_FAILED);
    return p;
}

TEST(fresh_memory_is_zero)
{
    const size_t size = 1 << 20;
    char *p = map(size, RW);
    CHECK_EQ((uintptr_t)p % PAGE, 0);
    for (size_t i = 0; i < size; i += PAGE) CHECK_EQ(p[i], 0);
    memset(p, 1, size);
    CHECK_OK(munmap(p, size));
    p = map(size, RW);
    for (size_t i = 0; i < size; i += PAGE) CHECK_EQ(p[i + 17], 0);
    CHECK_OK(munmap(p, size));
}

TEST(protection)
{
    char *p = map(4 * PAGE, RW);
    p[PAGE] = 'x';
    CHECK_OK(mprotect(p + PAGE, PAGE, PROT_READ));
    CHECK_EQ(touch(p + PAGE, false), 0);
    CHECK_EQ(touch(p + PAGE, true), SIGSEGV);
    CHECK_EQ(fault.si_code, SEGV_ACCERR);
    CHECK(fault.si_addr == p + PAGE);
    CHECK_EQ(touch(p, true), 0);
    CHECK_EQ(touch(p + 2 * PAGE, true), 0);
    CHECK_OK(mprotect(p + PAGE, PAGE, PROT_NONE));
    CHECK_EQ(touch(p + PAGE, false), SIGSEGV);
    CHECK_EQ(fault.si_code, SEGV_ACCERR);
    CHECK_OK(mprotect(p + PAGE, PAGE, RW));
    CHECK_EQ(p[PAGE], 'x'); // contents survive PROT_NONE
    CHECK_OK(munmap(p + 2 * PAGE, PAGE));
    CHECK_EQ(touch(p + 2 * PAGE, false), SIGSEGV);
    CHECK_EQ(fault.si_code, SEGV_MAPERR);
    CHECK_EQ(touch(p + 3 * PAGE, false), 0);
    CHECK_OK(munmap(p, 4 * PAGE)); // over the hole
    CHECK_OK(munmap(p, PAGE));     // unmapping nothing succeeds
}

TEST(protect_errors)
{
    char *p = map(2 * PAGE, RW);
    CHECK_ERRNO(mprotect(p + 1, PAGE, RW), EINVAL);
    CHECK_OK(munmap(p + PAGE, PAGE));
    CHECK_ERRNO(mprotect(p, 2 * PAGE, PROT_READ), ENOMEM);
    CHECK_OK(mprotect(p, 0, RW));
    CHECK_OK(munmap(p, PAGE));
}

TEST(executable)
{
    static const unsigned char code[] = {0xb8, 42, 0, 0, 0, 0xc3}; // mov eax, 42; ret
    char *p = map(PAGE, RW);
    memcpy(p, code, sizeof code);
    CHECK_OK(mprotect(p, PAGE, PROT_READ | PROT_EXEC));
    CHECK_EQ(((int (*)(void))p)(), 42);
    CHECK_OK(mprotect(p, PAGE, RW));
    p[1] = 43; // changed code must be seen
    CHECK_OK(mprotect(p, PAGE, PROT_READ | PROT_EXEC));
    CHECK_EQ(((int (*)(void))p)(), 43);
    CHECK_OK(munmap(p, PAGE));
}

TEST(no_execute)
{
    pid_t pid;
    char *p = map(PAGE, RW);
    p[0] = (char)0xc3;
    IN_CHILD(pid) ((void (*)(void))p)();
    CHECK_KILLED(pid, SIGSEGV);
    CHECK_OK(munmap(p, PAGE));
}

TEST(fixed)
{
    char *p = map(4 * PAGE, RW);
    p[PAGE] = p[2 * PAGE] = 'x';
    CHECK(mmap(p + PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0) == p + PAGE);
    CHECK_EQ(p[PAGE], 0); // replaced
    CHECK_EQ(p[2 * PAGE], 'x');
    errno = 0;
    CHECK(mmap(p + PAGE, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED && errno == EEXIST);
    CHECK_OK(munmap(p + PAGE, PAGE));
    CHECK(mmap(p + PAGE, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) == p + PAGE);
    CHECK(mmap(p + 1, PAGE, RW, ANON | MAP_FIXED, -1, 0) == MAP_FAILED && errno == EINVAL);
    CHECK_OK(munmap(p, 4 * PAGE));
    CHECK(mmap(p, PAGE, RW, ANON, -1, 0) == p); // a free hint is honoured
    CHECK_OK(munmap(p, PAGE));
}

TEST(map_errors)
{
    errno = 0;
    CHECK(mmap(NULL, 0, RW, ANON, -1, 0) == MAP_FAILED && errno == EINVAL);
    CHECK(mmap(NULL, PAGE, RW, MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == EINVAL); // neither shared nor private
    CHECK(mmap(NULL, 1UL << 60, RW, ANON, -1, 0) == MAP_FAILED && errno == ENOMEM);
    CHECK(mmap(NULL, -1UL, RW, ANON, -1, 0) == MAP_FAILED && errno == ENOMEM);
    CHECK(mmap(NULL, PAGE, RW, MAP_PRIVATE, -1, 0) == MAP_FAILED && errno == EBADF);
    CHECK_ERRNO(munmap((void *)1, PAGE), EINVAL);
    CHECK_ERRNO(munmap(NULL, 0), EINVAL);
    CHECK_ERRNO(munmap((void *)PAGE, -1UL << 20), EINVAL);
}

TEST(remap)
{
    char *p = map(8 * PAGE, RW), *q;
    memset(p, 'a', 8 * PAGE);
    CHECK(mremap(p, 8 * PAGE, 4 * PAGE, 0) == p); // shrink
    CHECK_EQ(touch(p + 4 * PAGE, false), SIGSEGV);
    CHECK(mremap(p, 4 * PAGE, 6 * PAGE, 0) == p); // grow into the hole
    CHECK(p[4 * PAGE - 1] == 'a' && p[4 * PAGE] == 0);
    char *target = map(16 * PAGE, RW);
    q = mremap(p, 6 * PAGE, 16 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target);
    CHECK(q == target);
    CHECK(q[0] == 'a' && q[4 * PAGE - 1] == 'a' && q[6 * PAGE] == 0);
    CHECK_EQ(touch(p, false), SIGSEGV);
    // No room to grow in place: without MAYMOVE an error, with it a move.
    CHECK_OK(munmap(q + 2 * PAGE, 14 * PAGE));
    char *wall = mmap(q + 2 * PAGE, PAGE, PROT_NONE, ANON | MAP_FIXED, -1, 0);
    errno = 0;
    CHECK(mremap(q, 2 * PAGE, 4 * PAGE, 0) == MAP_FAILED && errno == ENOMEM);
    p = mremap(q, 2 * PAGE, 4 * PAGE, MREMAP_MAYMOVE);
    CHECK(p != MAP_FAILED && p != q && p[2 * PAGE - 1] == 'a' && p[2 * PAGE] == 0);
    CHECK(mremap(p + 1, PAGE, 2 * PAGE, 0) == MAP_FAILED && errno == EINVAL);
    CHECK(mremap(unmapped_page(), PAGE, 2 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED && errno == EFAULT);
    CHECK_OK(munmap(p, 4 * PAGE));
    CHECK_OK(munmap(wall, PAGE));
}

TEST(shared_over_fork)
{
    pid_t pid;
    int *shared = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    char *private = map(PAGE, RW);
    private[0] = 'p';
    IN_CHILD(pid) {
        *shared = 42;
        private[0] = 'c';
    }
    CHECK_EXIT(pid, 0);
    CHECK_EQ(*shared, 42);
    CHECK_EQ(private[0], 'p');
    CHECK_OK(munmap(shared, PAGE));
    CHECK_OK(munmap(private, PAGE));
}

TEST(many_mappings)
{
    // Alternating protections cannot merge: a thousand areas in one reservation.
    enum { N = 2000 };
    char *p = map(N * PAGE, PROT_NONE);
    for (int i = 0; i < N; i += 2) CHECK_OK(mprotect(p + i * PAGE, PAGE, RW));
    for (int i = 0; i < N; i += 2) p[i * PAGE] = i;
    for (int i = 0; i < N; i += 2) CHECK_EQ(p[i * PAGE], (char)i);
    CHECK_EQ(touch(p + PAGE, false), SIGSEGV);
    CHECK_OK(munmap(p, N * PAGE));
}

TEST(huge_reservation)
{
    const size_t size = 64UL << 30;
    char *p = mmap(NULL, size, PROT_NONE, ANON | MAP_NORESERVE, -1, 0);
    CHECK(p != MAP_FAILED);
    CHECK_OK(mprotect(p + size / 2, PAGE, RW));
    p[size / 2] = 1;
    CHECK_OK(munmap(p, size));
}

TEST(resident_pages)
{
    unsigned char vec[4];
    char *p = map(4 * PAGE, RW);
    p[PAGE] = 1;
    CHECK_OK(mincore(p, 4 * PAGE, vec));
    CHECK_EQ(vec[1] & 1, 1);
    CHECK_EQ(vec[3] & 1, 0);
    CHECK_ERRNO(mincore(p + 1, PAGE, vec), EINVAL);
    CHECK_OK(munmap(p, 4 * PAGE));
    CHECK_ERRNO(mincore(p, PAGE, vec), ENOMEM);
}

TEST(locking)
{
    char *p = map(4 * PAGE, RW);
    CHECK_OK(mlock(p, 4 * PAGE));
    CHECK_OK(munlock(p, 4 * PAGE));
    CHECK_OK(munmap(p, 4 * PAGE));
    CHECK_ERRNO(mlock(p, PAGE), ENOMEM);
    CHECK_ERRNO(munlock(p, PAGE), ENOMEM);
    CHECK_OK(mlock(p, 0));
    CHECK_ERRNO(mlock(p, ~0UL - PAGE), is_root() ? EINVAL : ENOMEM);
    CHECK_ERRNO(mlockall(0), EINVAL);
    CHECK_ERRNO(mlockall(8), EINVAL);
}

TEST(locking_limit)
{
    pid_t pid;
    IN_CHILD(pid) {
        become_nobody();
        CHECK_OK(setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){4 * PAGE, 4 * PAGE}));
        char *p = map(8 * PAGE, RW);
        CHECK_OK(mlock(p, 3 * PAGE));
        CHECK_OK(mlock(p, 4 * PAGE)); // what is locked already does not count again
        CHECK_ERRNO(mlock(p + 4 * PAGE, PAGE), ENOMEM);
        CHECK_OK(munlock(p, PAGE));
        CHECK_OK(mlock(p + 4 * PAGE, 1)); // whole pages
        CHECK_ERRNO(mlock(p, 1), ENOMEM);
        CHECK_OK(munmap(p + 3 * PAGE, 5 * PAGE)); // gone, with its lock
        CHECK_OK(mlock(p, PAGE));
        CHECK_ERRNO(mlockall(MCL_CURRENT), ENOMEM);
        CHECK_OK(setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){0, 0}));
        CHECK_ERRNO(mlock(p, PAGE), EPERM);
        CHECK_ERRNO(mlockall(MCL_CURRENT), EPERM);
        CHECK_OK(munlockall());
    }
    CHECK_EXIT(pid, 0);
}
