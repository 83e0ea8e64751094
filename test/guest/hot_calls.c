// The same calls made so often and so fast that a kernel may choose another way for them: everything must stay as it was.
#include "guest.h"
#include <asm/prctl.h>
#include <sys/epoll.h>
#include <sys/uio.h>

// Makes this thread a busy caller.
static void warm_up(void)
{
    for (int i = 0; i < 400; i++) CHECK(getppid() >= 0 && lseek(-1, 0, SEEK_SET) == -1);
}

TEST(results_and_errors)
{
    warm_up();
    for (int i = 0; i < 300; i++) {
        int fd = CHECK_OK(open("/dev/null", O_RDWR));
        CHECK_EQ(write(fd, "x", 1), 1);
        CHECK_EQ(read(fd, &i, 4), 0);
        CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
        struct stat st;
        CHECK_OK(fstat(fd, &st));
        CHECK(S_ISCHR(st.st_mode));
        CHECK_OK(close(fd));
        CHECK_ERRNO(close(fd), EBADF);
        CHECK_ERRNO(open("/nonexistent/x", O_RDONLY), ENOENT);
        CHECK_ERRNO(stat("/dev/null/x", &st), ENOTDIR);
    }
}

TEST(bad_memory)
{
    struct stat st;
    int fd = CHECK_OK(open("hot.tmp", O_RDWR | O_CREAT | O_TRUNC, 0600));
    warm_up();
    CHECK_EQ(write(fd, "0123456789", 10), 10);
    char *page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK_OK(mprotect(page + PAGE, PAGE, PROT_NONE));
    for (int i = 0; i < 200; i++) {
        CHECK_OK(lseek(fd, 0, SEEK_SET));
        CHECK_ERRNO(read(fd, BAD_POINTER, 10), EFAULT);
        CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0); // nothing was taken
        CHECK_ERRNO(write(fd, BAD_POINTER, 10), EFAULT);
        CHECK_ERRNO(open(BAD_POINTER, O_RDONLY), EFAULT);
        CHECK_ERRNO(stat(BAD_POINTER, &st), EFAULT);
        CHECK_ERRNO(stat("hot.tmp", BAD_POINTER), EFAULT);
        CHECK_ERRNO(fstat(fd, BAD_POINTER), EFAULT);
        memset(page, 'x', PAGE);
        CHECK_ERRNO(stat(page + PAGE - 100, &st), EFAULT); // a path that runs into bad memory
        strcpy(page + PAGE - 8, "hot.tmp");
        CHECK_OK(stat(page + PAGE - 8, &st)); // one that ends just before it
        CHECK_EQ(st.st_size, 10);
        CHECK_ERRNO(syscall(SYS_getcwd, BAD_POINTER, PAGE), EFAULT);
    }
    CHECK_OK(munmap(page, 2 * PAGE));
    CHECK_OK(close(fd));
    CHECK_OK(unlink("hot.tmp"));
}

TEST(long_paths)
{
    static char path[PATH_MAX + 64];
    struct stat st;
    warm_up();
    memset(path, '/', sizeof path - 1);
    for (int i = 0; i < 50; i++) {
        path[PATH_MAX - 1] = 0;
        CHECK_OK(stat(path, &st)); // 4095 slashes: the root
        path[PATH_MAX - 1] = '/';
        CHECK_ERRNO(stat(path, &st), ENAMETOOLONG);
    }
}

TEST(sizes)
{
    static char out[70000], in[70000];
    static const int size[] = {0, 1, 511, 512, 513, 4095, 4096, 4097, 8192, 65536, 70000};
    int fd = CHECK_OK(open("hot.tmp", O_RDWR | O_CREAT | O_TRUNC, 0600));
    warm_up();
    for (int round = 0; round < 10; round++)
        for (unsigned i = 0; i < COUNT(size); i++) {
            for (int k = 0; k < size[i]; k++) out[k] = (char)(k * 7 + i + round);
            memset(in, 0, sizeof in);
            CHECK_EQ(pwrite(fd, out, size[i], 3), size[i]);
            CHECK_EQ(pread(fd, in, size[i], 3), size[i]);
            CHECK_EQ(memcmp(in, out, size[i]), 0);
            CHECK_EQ(lseek(fd, 3, SEEK_SET), 3);
            memset(in, 0, sizeof in);
            CHECK_EQ(read(fd, in, size[i]), size[i]);
            CHECK_EQ(memcmp(in, out, size[i]), 0);
        }
    CHECK_OK(close(fd));
    CHECK_OK(unlink("hot.tmp"));
}

// writev(2): any number of pieces of any size, around what is quick for a kernel.
TEST(vectors)
{
    static char out[9 * 1000], in[sizeof out];
    static const int size[] = {0, 1, 7, 503, 504, 505, 511, 1000};
    struct iovec piece[9];
    int fd = CHECK_OK(open("hot.tmp", O_RDWR | O_CREAT | O_TRUNC, 0600));
    for (unsigned i = 0; i < sizeof out; i++) out[i] = (char)(i * 11 + i / 256);
    warm_up();
    for (unsigned i = 0; i < COUNT(size); i++)
        for (int count = 0; count <= 9; count++) {
            // The pieces lie backwards, the last one has a byte more or less.
            int total = 0;
            char expected[sizeof out];
            for (int k = 0; k < count; k++) {
                piece[k] = (struct iovec){out + (8 - k) * 1000, size[i] + (k == count - 1 && size[i] == 504 ? -8 : 0)};
                memcpy(expected + total, piece[k].iov_base, piece[k].iov_len);
                total += piece[k].iov_len;
            }
            CHECK_OK(ftruncate(fd, 0));
            CHECK_OK(lseek(fd, 0, SEEK_SET));
            CHECK_EQ(writev(fd, piece, count), total);
            CHECK_EQ(lseek(fd, 0, SEEK_CUR), total);
            CHECK_EQ(pread(fd, in, sizeof in, 0), total);
            CHECK_EQ(memcmp(in, expected, total), 0);
        }
    CHECK_OK(close(fd));
    CHECK_OK(unlink("hot.tmp"));
}

TEST(vectors_in_bad_memory)
{
    char *page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct iovec *last = (struct iovec *)(page + PAGE) - 1;
    struct iovec negative[] = {{page, 1}, {page, (size_t)-1}}, bad = {BAD_POINTER, 5};
    int fd = CHECK_OK(open("hot.tmp", O_RDWR | O_CREAT | O_TRUNC, 0600));
    warm_up();
    CHECK_OK(mprotect(page + PAGE, PAGE, PROT_NONE));
    for (int i = 0; i < 200; i++) {
        *last = (struct iovec){"four", 4};
        CHECK_EQ(writev(fd, last, 1), 4);
        CHECK_ERRNO(writev(fd, last, 2), EFAULT); // an array that runs into bad memory
        *last = (struct iovec){page + PAGE - 5, 5};
        CHECK_EQ(writev(fd, last, 1), 5); // a piece that ends just before it
        CHECK_ERRNO(writev(fd, &bad, 1), EFAULT);
        CHECK_ERRNO(writev(fd, BAD_POINTER, 1), EFAULT);
        CHECK_ERRNO(writev(fd, negative, 2), EINVAL);
        CHECK_ERRNO(writev(-1, last, 1), EBADF);
        CHECK_EQ(lseek(fd, 0, SEEK_CUR), 9 * (i + 1));
    }
    CHECK_OK(munmap(page, 2 * PAGE));
    CHECK_OK(close(fd));
    CHECK_OK(unlink("hot.tmp"));
}

TEST(events_in_bad_memory)
{
    char *page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct epoll_event *last = (struct epoll_event *)(page + PAGE) - 1, seen;
    int pair[2], epoll = CHECK_OK(epoll_create1(0));
    CHECK_OK(pipe(pair));
    CHECK_OK(mprotect(page + PAGE, PAGE, PROT_NONE));
    warm_up();
    for (int i = 0; i < 200; i++) {
        *last = (struct epoll_event){.events = EPOLLIN, .data.u64 = i};
        CHECK_OK(epoll_ctl(epoll, EPOLL_CTL_ADD, pair[1], last));
        CHECK_EQ(epoll_wait(epoll, &seen, 1, 0), 0);
        *last = (struct epoll_event){.events = EPOLLOUT, .data.u64 = 0x123456789aULL + i};
        CHECK_OK(epoll_ctl(epoll, EPOLL_CTL_MOD, pair[1], last));
        CHECK_EQ(epoll_wait(epoll, &seen, 1, 0), 1);
        CHECK(seen.events == EPOLLOUT && seen.data.u64 == 0x123456789aULL + i);
        CHECK_ERRNO(epoll_ctl(epoll, EPOLL_CTL_MOD, pair[1], (struct epoll_event *)((char *)last + 1)), EFAULT);
        CHECK_ERRNO(epoll_ctl(epoll, EPOLL_CTL_MOD, pair[1], NULL), EFAULT);
        CHECK_OK(epoll_ctl(epoll, EPOLL_CTL_DEL, pair[1], i % 2 ? NULL : BAD_POINTER)); // nobody looks
        CHECK_ERRNO(epoll_ctl(epoll, EPOLL_CTL_DEL, pair[1], NULL), ENOENT);
    }
    CHECK_OK(munmap(page, 2 * PAGE));
    CHECK_OK(close(pair[0]));
    CHECK_OK(close(pair[1]));
    CHECK_OK(close(epoll));
}

// pselect6(2): sets of any size, with and without each of its arguments. Nothing behind a set is touched.
TEST(sets)
{
    enum { MOST = 17, BIT = 64 };
    static const int numbers[] = {10, 63, 64, 130, 700};
    int pair[2];
    struct timespec none = {0, 0};
    sigset_t mask;
    struct { const void *set; size_t size; } masked = {&mask, 8}, unmasked = {NULL, 8}, odd = {&mask, 7};
    sigemptyset(&mask);
    CHECK_OK(pipe(pair));
    warm_up();
    for (unsigned i = 0; i < COUNT(numbers) * 40; i++) {
        int fd = numbers[i % COUNT(numbers)], word = fd / BIT;
        unsigned long sets[3][MOST];
        memset(sets, 0xaa, sizeof sets);
        for (int k = 0; k < 3; k++) {
            memset(sets[k], 0, (word + 1) * sizeof(long));
            sets[k][word] = 1UL << fd % BIT | (fd % BIT < 63 ? 1UL << 63 : 0); // a bit behind the last one does not count
        }
        CHECK_EQ(dup2(pair[0], fd), fd);
        void *argument = i % 4 == 0 ? NULL : i % 4 == 1 ? (void *)&unmasked : (void *)&masked;
        CHECK_EQ(syscall(SYS_pselect6, fd + 1, sets[0], i % 3 ? sets[1] : NULL, sets[2], &none, argument), 0);
        CHECK(sets[0][word] == 0 && sets[2][word] == 0 && (i % 3 ? sets[1][word] == 0 : sets[1][word] != 0));
        sets[0][word] = sets[1][word] = 1UL << fd % BIT;
        CHECK_EQ(write(pair[1], "x", 1), 1);
        CHECK_EQ(syscall(SYS_pselect6, fd + 1, sets[0], sets[1], NULL, i % 2 ? NULL : &none, argument), 1);
        CHECK(sets[0][word] == 1UL << fd % BIT && sets[1][word] == 0);
        CHECK_EQ(syscall(SYS_pselect6, fd, sets[0], NULL, NULL, &none, argument), 0); // one less
        sets[0][word] = 1UL << fd % BIT;
        CHECK_EQ(syscall(SYS_pselect6, fd + 1, sets[0], sets[0], NULL, &none, argument), 1); // the same memory: the last one is left there
        CHECK_EQ(sets[0][word], 0);
        for (int k = word + 1; k < MOST; k++) CHECK(sets[0][k] == sets[1][k] && sets[1][k] == 0xaaaaaaaaaaaaaaaaUL);
        char c;
        CHECK_EQ(read(pair[0], &c, 1), 1);
        CHECK_ERRNO(syscall(SYS_pselect6, fd + 1, sets[0], NULL, NULL, &none, &odd), EINVAL);
        CHECK_OK(close(fd));
        sets[0][word] = 1UL << fd % BIT;
        if (fd < 64) CHECK_ERRNO(syscall(SYS_pselect6, fd + 1, sets[0], NULL, NULL, &none, argument), EBADF);
    }
    CHECK_EQ(none.tv_sec, 0);
    CHECK_OK(close(pair[0]));
    CHECK_OK(close(pair[1]));
}

TEST(sets_in_bad_memory)
{
    char *page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    unsigned long *last = (unsigned long *)(page + PAGE) - 1, set;
    struct timespec *limit = (struct timespec *)(page + PAGE) - 1, none = {0, 0};
    int pair[2];
    CHECK_OK(pipe(pair));
    CHECK_EQ(write(pair[1], "x", 1), 1);
    CHECK_OK(mprotect(page + PAGE, PAGE, PROT_NONE));
    warm_up();
    for (int i = 0; i < 100; i++) {
        *last = 1UL << pair[0];
        CHECK_EQ(syscall(SYS_pselect6, 64, last, NULL, NULL, NULL, NULL), 1);
        CHECK_EQ(*last, 1UL << pair[0]);
        CHECK_ERRNO(syscall(SYS_pselect6, 65, last, NULL, NULL, NULL, NULL), EFAULT); // a second word
        CHECK_ERRNO(syscall(SYS_pselect6, 64, BAD_POINTER, NULL, NULL, NULL, NULL), EFAULT);
        CHECK_ERRNO(syscall(SYS_pselect6, 64, last, NULL, NULL, BAD_POINTER, NULL), EFAULT);
        CHECK_ERRNO(syscall(SYS_pselect6, 64, last, NULL, NULL, &none, BAD_POINTER), EFAULT);
        CHECK_ERRNO(syscall(SYS_pselect6, -1, last, NULL, NULL, &none, NULL), EINVAL);

        // A set that cannot be written is an error, time that cannot be written is none (select(2)).
        *limit = (struct timespec){7, 0};
        CHECK_OK(mprotect(page, PAGE, PROT_READ));
        set = 1UL << pair[0];
        CHECK_EQ(syscall(SYS_pselect6, 64, &set, NULL, NULL, limit, NULL), 1);
        CHECK_EQ(limit->tv_sec, 7);
        CHECK_ERRNO(syscall(SYS_pselect6, 64, page, NULL, NULL, &none, NULL), EFAULT);
        CHECK_OK(mprotect(page, PAGE, PROT_READ | PROT_WRITE));
    }
    CHECK_OK(munmap(page, 2 * PAGE));
    CHECK_OK(close(pair[0]));
    CHECK_OK(close(pair[1]));
}

// Who waits gets his sets and the rest of the time when the call ends.
TEST(sets_after_waiting)
{
    int there[2], back[2];
    CHECK_OK(pipe(there));
    CHECK_OK(pipe(back));
    pid_t child = CHECK_OK(fork());
    if (child == 0) {
        char c;
        CHECK_OK(close(there[1]));
        while (read(there[0], &c, 1) == 1) CHECK_EQ(write(back[1], &c, 1), 1);
        _exit(0);
    }
    warm_up();
    for (int i = 0; i < 300; i++) {
        struct timespec limit = {100, 0};
        unsigned long r = 1UL << back[0] | 1UL << there[0], e = 1UL << back[0];
        CHECK_EQ(write(there[1], "x", 1), 1);
        r &= ~(1UL << there[0]); // the child reads from it
        CHECK_EQ(syscall(SYS_pselect6, 64, &r, NULL, &e, &limit, NULL), 1);
        CHECK(r == 1UL << back[0] && e == 0);
        CHECK(limit.tv_sec < 100 && limit.tv_sec >= 1);
        char c;
        CHECK_EQ(read(back[0], &c, 1), 1);
    }
    CHECK_OK(close(there[1]));
    CHECK_EQ(waitpid(child, NULL, 0), child);
    CHECK_OK(close(there[0]));
    CHECK_OK(close(back[0]));
    CHECK_OK(close(back[1]));
}

// A blocking write of more than a pipe holds is made in parts, the reader sees each byte once.
TEST(pipe_larger_than_its_buffer)
{
    enum { TOTAL = 1 << 20, PART = 100000 };
    static char data[PART];
    int pair[2];
    pid_t pid;
    CHECK_OK(pipe(pair));
    IN_CHILD(pid) {
        close(pair[1]);
        warm_up();
        long seen = 0;
        char buffer[3000];
        ssize_t count;
        while ((count = read(pair[0], buffer, sizeof buffer)) > 0)
            for (int i = 0; i < count; i++, seen++) CHECK_EQ(buffer[i], (char)((seen % PART) * 3));
        CHECK_EQ(seen, TOTAL / PART * PART);
    }
    close(pair[0]);
    warm_up();
    for (int i = 0; i < PART; i++) data[i] = (char)(i * 3);
    for (int i = 0; i < TOTAL / PART; i++) CHECK_EQ(write(pair[1], data, PART), PART);
    CHECK_OK(close(pair[1]));
    CHECK_EXIT(pid, 0);
}

// Calls that move much, so many that a kernel may keep memory for them: any size, from any address.
TEST(large_pieces)
{
    enum { MOST = 140000 };
    static char out[MOST + 1], in[MOST + 2];
    static const int size[] = {65535, 65536, 100001, 131071, 131072, 131073, MOST, 4097, 5};
    int fd = CHECK_OK(open("hot.tmp", O_RDWR | O_CREAT | O_TRUNC, 0600));
    warm_up();
    for (int i = 0; i < MOST; i++) out[i] = (char)(i * 7 + i / 251);
    for (int round = 0; round < 20; round++)
        for (unsigned i = 0; i < COUNT(size); i++) {
            const char *from = out + round % 2;
            out[round % 2] = (char)(round + i);
            memset(in, 'z', sizeof in);
            CHECK_EQ(pwrite(fd, from, size[i], round), size[i]);
            CHECK_OK(ftruncate(fd, round + size[i]));
            CHECK_EQ(pread(fd, in + 1, size[i], round), size[i]);
            CHECK_EQ(memcmp(in + 1, from, size[i]), 0);
            CHECK(in[0] == 'z' && in[size[i] + 1] == 'z');
            CHECK_EQ(lseek(fd, round + size[i] - 3, SEEK_SET), round + size[i] - 3);
            memset(in, 'z', sizeof in);
            CHECK_EQ(read(fd, in, size[i]), 3); // less than there is room for
            CHECK_EQ(memcmp(in, from + size[i] - 3, 3), 0);
            CHECK_EQ(in[3], 'z');
        }
    CHECK_OK(close(fd));
    CHECK_OK(unlink("hot.tmp"));
}

TEST(large_pieces_in_bad_memory)
{
    enum { SIZE = 24 * PAGE, HOLE = 17 * PAGE };
    int fd = CHECK_OK(open("hot.tmp", O_RDWR | O_CREAT | O_TRUNC, 0600)), pair[2];
    char *page = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), c;
    CHECK_OK(pipe(pair));
    warm_up();
    memset(page, 'q', SIZE);
    for (int i = 0; i < 60; i++) CHECK_EQ(pwrite(fd, page, SIZE, 0), SIZE);
    CHECK_OK(mprotect(page + HOLE, PAGE, PROT_NONE));
    for (int i = 0; i < 60; i++) {
        CHECK_OK(lseek(fd, 0, SEEK_SET));
        CHECK_EQ(read(fd, page, SIZE), HOLE); // up to the hole
        CHECK_EQ(lseek(fd, 0, SEEK_CUR), HOLE);
        CHECK_ERRNO(read(fd, page + HOLE, SIZE - HOLE), EFAULT);
        CHECK_EQ(lseek(fd, 0, SEEK_CUR), HOLE);
        CHECK_ERRNO(read(fd, BAD_POINTER, SIZE), EFAULT);
        CHECK_ERRNO(write(fd, BAD_POINTER, SIZE), EFAULT);
        CHECK_ERRNO(pwrite(fd, page + HOLE, SIZE - HOLE, 0), EFAULT);
        CHECK_ERRNO(read(-1, page, SIZE), EBADF);
        CHECK_EQ(write(pair[1], "abc", 3), 3);
        CHECK_EQ(read(pair[0], page, SIZE), 3); // nobody comes to the hole
        CHECK_EQ(memcmp(page, "abc", 3), 0);
        memset(page, 'q', 3);
    }
    CHECK_OK(mprotect(page + HOLE, PAGE, PROT_READ));
    for (int i = 0; i < 60; i++) {
        CHECK_EQ(pwrite(fd, page, SIZE, 0), SIZE);
        CHECK_EQ(pread(fd, page, SIZE, 0), HOLE);
    }
    CHECK_EQ(read(fd, &c, 1), 1);
    CHECK_EQ(c, 'q');
    CHECK_OK(munmap(page, SIZE));
    CHECK_OK(close(pair[0]));
    CHECK_OK(close(pair[1]));
    CHECK_OK(close(fd));
    CHECK_OK(unlink("hot.tmp"));
}

// What reads and what writes waits in the middle of it, and children have nothing of their parent's memory.
TEST(large_pieces_through_a_pipe)
{
    enum { PART = 131072, ROUNDS = 200 };
    static char data[PART], seen[PART];
    int pair[2];
    pid_t pid, child;
    CHECK_OK(pipe(pair));
    for (int i = 0; i < PART; i++) data[i] = (char)(i * 3 + i / 509);
    IN_CHILD(pid) {
        close(pair[1]);
        warm_up();
        for (int i = 0; i < ROUNDS; i++) {
            int count, got = 0;
            while (got < PART && (count = read(pair[0], seen + got, got ? PART - got : PART)) > 0) got += count;
            if (got != PART || seen[0] != (char)i || memcmp(seen + 1, data + 1, PART - 1)) guest_fail(__FILE__, __LINE__, errno, "round %d: %d", i, got);
            if (i % 50 == 49) {
                IN_CHILD(child) {
                    memset(seen, 0, PART);
                    int null = CHECK_OK(open("/dev/null", O_RDWR));
                    for (int k = 0; k < 100; k++) CHECK_EQ(write(null, seen, PART), PART);
                }
                CHECK_EXIT(child, 0);
                CHECK_EQ(seen[1], data[1]);
            }
        }
        CHECK_EQ(read(pair[0], seen, PART), 0);
    }
    close(pair[0]);
    warm_up();
    for (int i = 0; i < ROUNDS; i++) {
        data[0] = (char)i;
        CHECK_EQ(write(pair[1], data, PART), PART);
    }
    CHECK_OK(close(pair[1]));
    CHECK_EXIT(pid, 0);
}

static volatile sig_atomic_t handled;
static int handler_fd = -1;

static void on_alarm(int signal)
{
    (void)signal;
    int saved = errno;
    struct stat st;
    handled++;
    if (stat("/", &st) || !S_ISDIR(st.st_mode)) guest_fail(__FILE__, __LINE__, errno, "stat in the handler");
    if (write(handler_fd, "h", 1) != 1) guest_fail(__FILE__, __LINE__, errno, "write in the handler");
    errno = saved;
}

// Signals that arrive in the middle of calls, with a handler that makes calls itself.
TEST(signals_between_calls)
{
    struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    struct itimerval every = {{0, 300}, {0, 300}}, off = {{0, 0}, {0, 0}};
    struct stat st;
    char text[64];
    int fd = CHECK_OK(open("hot.tmp", O_RDWR | O_CREAT | O_TRUNC, 0600));
    handler_fd = CHECK_OK(open("/dev/null", O_WRONLY));
    CHECK_OK(sigaction(SIGALRM, &action, NULL));
    warm_up();
    CHECK_OK(setitimer(ITIMER_REAL, &every, NULL));
    for (int i = 0; i < 20000 || handled < 20; i++) {
        snprintf(text, sizeof text, "line %d", i);
        size_t length = strlen(text);
        if (pwrite(fd, text, length, 0) != (ssize_t)length) guest_fail(__FILE__, __LINE__, errno, "pwrite");
        memset(text, 0, sizeof text);
        if (pread(fd, text, length, 0) != (ssize_t)length || atoi(text + 5) != i) guest_fail(__FILE__, __LINE__, errno, "pread: %s, not %d", text, i);
        if (fstat(fd, &st) || st.st_ino == 0) guest_fail(__FILE__, __LINE__, errno, "fstat");
        if (guest_failures) break;
    }
    CHECK_OK(setitimer(ITIMER_REAL, &off, NULL));
    CHECK(handled > 0);
    CHECK_OK(close(handler_fd));
    CHECK_OK(close(fd));
    CHECK_OK(unlink("hot.tmp"));
}

// The same around calls that move much; the handler makes such a call, too.
static char large_of_handler[90000];

static void on_alarm_large(int signal)
{
    (void)signal;
    int saved = errno;
    handled++;
    memset(large_of_handler, 'h', sizeof large_of_handler);
    if (write(handler_fd, large_of_handler, sizeof large_of_handler) != sizeof large_of_handler) guest_fail(__FILE__, __LINE__, errno, "write in the handler");
    errno = saved;
}

TEST(signals_between_large_calls)
{
    enum { SIZE = 120000 };
    static char out[SIZE], in[SIZE];
    struct sigaction action = {.sa_handler = on_alarm_large, .sa_flags = SA_RESTART};
    struct itimerval every = {{0, 500}, {0, 500}}, off = {{0, 0}, {0, 0}};
    int pair[2];
    pid_t pid;
    int fd = CHECK_OK(open("hot.tmp", O_RDWR | O_CREAT | O_TRUNC, 0600));
    handler_fd = CHECK_OK(open("/dev/null", O_WRONLY));
    CHECK_OK(pipe(pair));
    IN_CHILD(pid) { // gives back what it gets
        CHECK_OK(close(pair[1]));
        ssize_t count;
        long sum = 0;
        while ((count = read(pair[0], in, SIZE)) > 0) sum += count;
        CHECK_EQ(sum, 300L * SIZE);
    }
    CHECK_OK(close(pair[0]));
    handled = 0;
    CHECK_OK(sigaction(SIGALRM, &action, NULL));
    warm_up();
    CHECK_OK(setitimer(ITIMER_REAL, &every, NULL));
    for (int i = 0; i < 300 || handled < 20; i++) {
        memset(out, 'a' + i % 26, SIZE);
        if (pwrite(fd, out, SIZE, 0) != SIZE) guest_fail(__FILE__, __LINE__, errno, "pwrite");
        memset(in, 0, SIZE);
        if (pread(fd, in, SIZE, 0) != SIZE || memcmp(in, out, SIZE)) guest_fail(__FILE__, __LINE__, errno, "pread: %c, not %c", in[0], out[0]);
        for (int done = 0; i < 300 && done < SIZE;) {
            ssize_t count = write(pair[1], out + done, SIZE - done); // waits for the reader; a handler may end it early
            if (count <= 0) guest_fail(__FILE__, __LINE__, errno, "write");
            done += count > 0 ? count : SIZE;
        }
        if (guest_failures) break;
    }
    CHECK_OK(setitimer(ITIMER_REAL, &off, NULL));
    CHECK(handled > 0);
    CHECK_OK(close(pair[1]));
    CHECK_EXIT(pid, 0);
    CHECK_OK(close(handler_fd));
    CHECK_OK(close(fd));
    CHECK_OK(unlink("hot.tmp"));
}

static void *reader(void *argument)
{
    int *pair = argument;
    char byte;
    warm_up();
    for (int i = 0; i < 2000; i++) {
        if (read(pair[0], &byte, 1) != 1 || byte != (char)i) guest_fail(__FILE__, __LINE__, errno, "got %d, not %d", byte, i);
        if (write(pair[3], &byte, 1) != 1) guest_fail(__FILE__, __LINE__, errno, "answer");
    }
    return NULL;
}

TEST(threads_and_forks)
{
    int pair[4];
    pthread_t thread;
    pid_t pid;
    warm_up();
    CHECK_OK(pipe(pair));
    CHECK_OK(pipe(pair + 2));
    CHECK_EQ(pthread_create(&thread, NULL, reader, pair), 0);
    for (int i = 0; i < 2000; i++) {
        char byte = (char)i;
        if (write(pair[1], &byte, 1) != 1 || read(pair[2], &byte, 1) != 1 || byte != (char)i) guest_fail(__FILE__, __LINE__, errno, "round %d", i);
        if (i % 400 == 0) {
            IN_CHILD(pid) { // a busy parent's child has nothing of it
                struct stat st;
                for (int k = 0; k < 200; k++) CHECK_OK(stat("/", &st));
                CHECK(getpid() != getppid());
            }
            CHECK_EXIT(pid, 0);
        }
    }
    CHECK_EQ(pthread_join(thread, NULL), 0);
    for (int i = 0; i < 4; i++) close(pair[i]);
}

TEST(program_with_its_own_gs)
{
    static long mine[512];
    struct stat st;
    unsigned long old, now;
    pid_t pid;
    IN_CHILD(pid) {
        warm_up();
        CHECK_OK(syscall(SYS_arch_prctl, ARCH_GET_GS, &old));
        CHECK_OK(syscall(SYS_arch_prctl, ARCH_SET_GS, mine));
        for (int i = 0; i < 200; i++) CHECK_OK(stat("/", &st));
        CHECK_OK(syscall(SYS_arch_prctl, ARCH_GET_GS, &now));
        CHECK_EQ(now, (unsigned long)mine);
        for (unsigned i = 0; i < COUNT(mine); i++) CHECK_EQ(mine[i], 0);
        CHECK_OK(syscall(SYS_arch_prctl, ARCH_SET_GS, 0));
        for (int i = 0; i < 200; i++) CHECK_OK(stat("/", &st));
    }
    CHECK_EXIT(pid, 0);
}

// Registers other than rax, rcx and r11 survive a system call, and so does the red zone.
TEST(registers_survive)
{
    warm_up();
    for (int i = 0; i < 500; i++) {
        long rdi = -1, rsi = 5, rdx = 7, r10 = 11, r8 = 13, r9 = 17, rbx = 19, rax = SYS_lseek, zone;
        register long r10_ asm("r10") = r10, r8_ asm("r8") = r8, r9_ asm("r9") = r9;
        asm volatile("movq $0x1234, -64(%%rsp)\n\t mov $8, %%eax\n\t syscall\n\t movq -64(%%rsp), %[zone]"
                     : "+&a"(rax), "+D"(rdi), "+S"(rsi), "+d"(rdx), "+r"(r10_), "+r"(r8_), "+r"(r9_), "+b"(rbx), [zone] "=&r"(zone)
                     :
                     : "rcx", "r11", "memory");
        CHECK_EQ(rax, -EBADF);
        CHECK(rdi == -1 && rsi == 5 && rdx == 7 && r10_ == 11 && r8_ == 13 && r9_ == 17 && rbx == 19 && zone == 0x1234);
    }

    struct iovec pieces[] = {{"ab", 2}, {"cde", 3}};
    for (int i = 0; i < 500; i++) { // writev(2)
        long rdi = -1, rsi = (long)pieces, rdx = 2, rbx = 19, rax, zone;
        register long r10 asm("r10") = 11, r8 asm("r8") = 13, r9 asm("r9") = 17;
        asm volatile("movq $0x1234, -64(%%rsp)\n\t mov $20, %%eax\n\t syscall\n\t movq -64(%%rsp), %[zone]"
                     : "=&a"(rax), "+D"(rdi), "+S"(rsi), "+d"(rdx), "+r"(r10), "+r"(r8), "+r"(r9), "+b"(rbx), [zone] "=&r"(zone)
                     :
                     : "rcx", "r11", "memory");
        CHECK_EQ(rax, -EBADF);
        CHECK(rdi == -1 && rsi == (long)pieces && rdx == 2 && r10 == 11 && r8 == 13 && r9 == 17 && rbx == 19 && zone == 0x1234);
    }

    struct timespec none = {0, 0};
    unsigned long set = 0;
    for (int i = 0; i < 500; i++) { // pselect6(2)
        long rdi = 64, rsi = (long)&set, rdx = (long)&set, rbx = 19, rax, zone;
        register long r10 asm("r10") = (long)&set, r8 asm("r8") = (long)&none, r9 asm("r9") = 0;
        asm volatile("movq $0x1234, -64(%%rsp)\n\t mov $270, %%eax\n\t syscall\n\t movq -64(%%rsp), %[zone]"
                     : "=&a"(rax), "+D"(rdi), "+S"(rsi), "+d"(rdx), "+r"(r10), "+r"(r8), "+r"(r9), "+b"(rbx), [zone] "=&r"(zone)
                     :
                     : "rcx", "r11", "memory");
        CHECK_EQ(rax, 0);
        CHECK(rdi == 64 && rsi == (long)&set && rdx == (long)&set && r10 == (long)&set && r8 == (long)&none && r9 == 0 && rbx == 19 && zone == 0x1234);
    }
}

// Large buffers and small files: what is read ends where the file does, and nothing is taken that cannot be written.
TEST(large_buffers)
{
    enum { LARGE = 98304, MANY = 200000 };
    static char buffer[LARGE + PAGE], much[MANY];
    for (int i = 0; i < MANY; i++) much[i] = (char)(i * 7 + i / 251);
    int few = CHECK_OK(open("few.tmp", O_RDWR | O_CREAT | O_TRUNC, 0600)), many = CHECK_OK(open("many.tmp", O_RDWR | O_CREAT | O_TRUNC, 0600));
    CHECK_EQ(write(few, "0123456789", 10), 10);
    CHECK_EQ(write(many, much, MANY), MANY);
    char *pages = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK_OK(mprotect(pages + 2 * PAGE, 62 * PAGE, PROT_NONE));
    warm_up();
    for (int i = 0; i < 100; i++) {
        for (int j = 0; j < 8; j++) {
            CHECK_OK(lseek(few, 3, SEEK_SET));
            memset(buffer, 'x', 20);
            CHECK_EQ(read(few, buffer, LARGE), 7);
            CHECK(memcmp(buffer, "3456789xxx", 10) == 0);
            CHECK_EQ(read(few, buffer, LARGE), 0);
            CHECK_EQ(pread(few, buffer, LARGE, 9), 1);
        }
        CHECK_OK(lseek(few, 0, SEEK_SET));
        static const int size[] = {5000, LARGE, 300000};
        for (int j = 0; j < 3; j++) {
            CHECK_ERRNO(read(few, BAD_POINTER, size[j]), EFAULT);
            CHECK_ERRNO(read(few, pages + 2 * PAGE, size[j]), EFAULT);
            CHECK_EQ(lseek(few, 0, SEEK_CUR), 0); // nothing was taken
            CHECK_EQ(read(few, pages + 2 * PAGE - 5, size[j]), 5);
            CHECK_EQ(lseek(few, 0, SEEK_SET), 0);
        }
        CHECK_EQ(read(few, pages + 2 * PAGE - 10, LARGE), 10); // the rest of the buffer is bad and not needed
        CHECK(memcmp(pages + 2 * PAGE - 10, "0123456789", 10) == 0);
        CHECK_EQ(read(few, pages + 2 * PAGE, LARGE), 0); // nor any of it
        CHECK_ERRNO(read(-1, BAD_POINTER, LARGE), EBADF);
        if (i % 5 != 0) continue;
        CHECK_OK(lseek(many, 0, SEEK_SET));
        for (int done = 0; done < MANY;) {
            ssize_t got = read(many, buffer, LARGE);
            CHECK_EQ(got, MANY - done < LARGE ? MANY - done : LARGE);
            CHECK(memcmp(buffer, much + done, got) == 0);
            done += got;
        }
        CHECK_EQ(pwrite(many, much, LARGE, 0), LARGE);
    }
    CHECK_OK(munmap(pages, 64 * PAGE));
    CHECK_OK(close(few));
    CHECK_OK(close(many));
    CHECK_OK(unlink("few.tmp"));
    CHECK_OK(unlink("many.tmp"));
}

// Who a busy caller is, also after it changed.
TEST(identity)
{
    pid_t pid, parent = getpid();
    warm_up();
    for (int i = 0; i < 100; i++) CHECK(getpid() == parent && syscall(SYS_gettid) == parent && syscall(SYS_getpid) == parent);
    IN_CHILD(pid) {
        CHECK(getpid() != parent && getppid() == parent && syscall(SYS_gettid) == getpid());
        warm_up();
        CHECK(getpid() != parent && getppid() == parent && syscall(SYS_gettid) == getpid());
        if (is_root()) {
            CHECK_OK(setegid(12));
            CHECK_OK(seteuid(NOBODY));
            CHECK(geteuid() == NOBODY && getuid() == 0 && getegid() == 12 && getgid() == 0);
            CHECK_OK(seteuid(0));
            CHECK_OK(setresgid(5, 6, 7));
            CHECK_OK(setresuid(1, 2, 3));
            CHECK(getuid() == 1 && geteuid() == 2 && getgid() == 5 && getegid() == 6);
        }
    }
    CHECK_EXIT(pid, 0);
}
