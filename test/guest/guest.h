// The whole test framework: a test is TEST(name) { ... }; main() is in here. See README.md.
#ifndef GUEST_H
#define GUEST_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>

// Hostile arguments are the point here.
#pragma GCC diagnostic ignored "-Wstringop-overflow"
#pragma GCC diagnostic ignored "-Wstringop-overread"
#pragma GCC diagnostic ignored "-Warray-bounds"
#pragma GCC diagnostic ignored "-Wnonnull"

#define NOBODY 65534
#define PAGE 4096
#define BAD_POINTER ((void *)0x1000) // below vm.mmap_min_addr: never mapped
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

// Failures seen by this process. A child reports its own through its exit status, so nothing here needs shared memory.
static int guest_failures;

// dprintf writes at once: nothing is left in a buffer for a forked child to print again.
static void guest_fail(const char *file, int line, int error, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    dprintf(1, "FAIL %s:%d: %s errno=%d (%s)\n", file, line, text, error, strerror(error));
    __atomic_add_fetch(&guest_failures, 1, __ATOMIC_SEQ_CST);
}

#define CHECK(condition) \
    do { \
        if (!(condition)) guest_fail(__FILE__, __LINE__, errno, "%s", #condition); \
    } while (0)

#define CHECK_EQ(actual, expected) \
    do { \
        long long actual_ = (long long)(actual), expected_ = (long long)(expected); \
        if (actual_ != expected_) \
            guest_fail(__FILE__, __LINE__, errno, "%s is %lld, not %s = %lld", #actual, actual_, #expected, expected_); \
    } while (0)

// The call must return -1 with this errno.
#define CHECK_ERRNO(call, expected) \
    do { \
        errno = 0; \
        long long result_ = (long long)(call); \
        if (result_ != -1 || errno != (expected)) \
            guest_fail(__FILE__, __LINE__, errno, "%s returned %lld, not -1 with %s;", #call, result_, #expected); \
    } while (0)

// The call must not return -1; its value is the value of the macro.
#define CHECK_OK(call) \
    ({ \
        __auto_type result_ = (call); \
        if ((long long)result_ == -1) guest_fail(__FILE__, __LINE__, errno, "%s", #call); \
        result_; \
    })

#define CHECK_STR(actual, expected) \
    do { \
        const char *actual_ = (actual), *expected_ = (expected); \
        if (strcmp(actual_, expected_) != 0) \
            guest_fail(__FILE__, __LINE__, errno, "%s is \"%s\", not \"%s\"", #actual, actual_, expected_); \
    } while (0)

// IN_CHILD(pid) { body }: forks; the child runs the body and exits with 1 if a check failed in it, else 0.
#define IN_CHILD(pid) for ((pid) = guest_fork(); (pid) == 0; _exit(guest_failures != 0))

#define CHECK_STATUS(pid, expected) \
    do { \
        int status_ = -1; \
        pid_t pid_ = (pid); \
        CHECK_EQ(waitpid(pid_, &status_, 0), pid_); \
        if (status_ != (expected)) \
            guest_fail(__FILE__, __LINE__, 0, "child's status is 0x%x, not 0x%x", status_, expected); \
    } while (0)
#define CHECK_EXIT(pid, code) CHECK_STATUS(pid, (code) << 8)
#define CHECK_KILLED(pid, signal) CHECK_STATUS(pid, signal)

__attribute__((unused)) static pid_t guest_fork(void)
{
    pid_t pid = fork();
    if (pid == 0) guest_failures = 0;
    if (pid == -1) guest_fail(__FILE__, __LINE__, errno, "fork");
    return pid;
}

__attribute__((unused)) static bool is_root(void) { return geteuid() == 0; }

// In a child of root: become an ordinary user who can still reach the current directory. Does nothing when already ordinary.
__attribute__((unused)) static void become_nobody(void)
{
    if (!is_root()) return;
    CHECK_OK(chmod(".", 0777));
    CHECK_OK(syscall(SYS_setgroups, 0, NULL));
    CHECK_OK(setresgid(NOBODY, NOBODY, NOBODY));
    CHECK_OK(setresuid(NOBODY, NOBODY, NOBODY));
}

__attribute__((unused)) static void write_file(const char *path, const char *text)
{
    int fd = CHECK_OK(open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644));
    CHECK_EQ(write(fd, text, strlen(text)), strlen(text));
    CHECK_OK(close(fd));
}

// Reads up to size - 1 bytes, across short reads, and ends them with NUL; -1 when the file cannot be opened.
__attribute__((unused)) static ssize_t read_file(const char *path, char *buffer, size_t size)
{
    int fd = open(path, O_RDONLY);
    size_t total = 0;
    ssize_t n;
    buffer[0] = 0;
    if (fd == -1) return -1;
    while (total < size - 1 && (n = read(fd, buffer + total, size - 1 - total)) > 0) total += n;
    buffer[total] = 0;
    close(fd);
    return total;
}

// An address that was mapped and is not any more, so that every access faults.
__attribute__((unused)) static void *unmapped_page(void)
{
    void *page = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(page, PAGE);
    return page;
}

__attribute__((unused)) static int64_t now_ns(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

// One byte through a pipe is how tests here wait for another process: an event, never a sleep.
// Writes a text with one write: 0, or -1 with errno.
__attribute__((unused)) static int write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY);
    if (fd == -1) return -1;
    ssize_t n = write(fd, text, strlen(text));
    int error = errno;
    close(fd);
    errno = error;
    return n == (ssize_t)strlen(text) ? 0 : -1;
}

__attribute__((unused)) static void pipe_signal(int fd) { CHECK_EQ(write(fd, "x", 1), 1); }
__attribute__((unused)) static void pipe_wait(int fd)
{
    char byte;
    ssize_t n;
    while ((n = read(fd, &byte, 1)) == -1 && errno == EINTR) {}
    CHECK_EQ(n, 1);
}

// The state letter of /proc/PID/stat, 0 when there is no such process. The name field may hold anything but ends at the last ')'.
__attribute__((unused)) static char process_state(pid_t pid)
{
    char path[64], text[1024], *end;
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    if (read_file(path, text, sizeof text) <= 0 || !(end = strrchr(text, ')'))) return 0;
    return end[2];
}

// Waits until the process sleeps, that is, has reached the blocking call the test wants to disturb. There is no event for that.
__attribute__((unused)) static void wait_until_blocked(pid_t pid)
{
    char state;
    while ((state = process_state(pid)) == 'R' || state == 'D') sched_yield();
    CHECK_EQ(state, 'S');
}

// The same for a thread of this process.
__attribute__((unused)) static void wait_until_thread_blocked(pid_t tid)
{
    char path[64], text[1024], *end;
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", tid);
    for (;;) {
        if (read_file(path, text, sizeof text) <= 0 || !(end = strrchr(text, ')'))) return;
        if (end[2] == 'S') return;
        sched_yield();
    }
}

struct guest_test { const char *name; void (*run)(void); };
static struct guest_test guest_tests[128];
static int guest_test_count;

// Constructors of one file run in the order they are written in.
#define TEST(name) \
    static void test_##name(void); \
    __attribute__((constructor)) static void register_##name(void) \
    { \
        guest_tests[guest_test_count++] = (struct guest_test){#name, test_##name}; \
    } \
    static void test_##name(void)

// Programs that exec themselves define GUEST_HELPER as the name of an int(int, char **): it gets every argv[1] that starts with '@'.
#ifdef GUEST_HELPER
static int GUEST_HELPER(int argc, char **argv);
#endif

int main(int argc, char **argv)
{
    int passed = 0, failed = 0;
#ifdef GUEST_HELPER
    if (argc > 1 && argv[1][0] == '@') return GUEST_HELPER(argc, argv);
#endif
    for (int i = 0; i < guest_test_count; i++) {
        if (argc > 1 && strcmp(argv[1], guest_tests[i].name) != 0) continue;
        guest_failures = 0;
        guest_tests[i].run();
        if (guest_failures == 0) {
            dprintf(1, "ok %s\n", guest_tests[i].name);
            passed++;
        } else {
            dprintf(1, "not ok %s\n", guest_tests[i].name);
            failed++;
        }
    }
    if (passed + failed == 0) {
        dprintf(1, "FAIL no such test\n");
        failed = 1;
    }
    dprintf(1, "%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
#endif
