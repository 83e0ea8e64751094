// mmap(2) of files: coherence with read and write, private copies, the end of the file, msync(2).
#include "guest.h"
#include <setjmp.h>

#define RW (PROT_READ | PROT_WRITE)

static sigjmp_buf escape;
static siginfo_t fault;
static void on_fault(int signal, siginfo_t *info, void *context)
{
    (void)context;
    fault = *info;
    siglongjmp(escape, signal);
}

static int touch(volatile char *p, bool write)
{
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    int signal = sigsetjmp(escape, 1);
    if (signal == 0) {
        if (write) *p = 'w';
        else (void)*p;
    }
    action.sa_handler = SIG_DFL;
    action.sa_flags = 0;
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    return signal;
}

static int file_of(size_t size)
{
    int fd = CHECK_OK(open("f", O_RDWR | O_CREAT | O_TRUNC, 0600));
    char *data = malloc(size + 1);
    for (size_t i = 0; i < size; i++) data[i] = 'a' + i / PAGE;
    CHECK_EQ(write(fd, data, size), size);
    free(data);
    return fd;
}

static char *map(int fd, size_t length, int prot, int flags, off_t offset)
{
    char *p = mmap(NULL, length, prot, flags, fd, offset);
    CHECK(p != MAP_FAILED);
    return p;
}

static void done(int fd)
{
    CHECK_OK(close(fd));
    CHECK_OK(unlink("f"));
}

TEST(shared_is_coherent)
{
    char byte;
    int fd = file_of(3 * PAGE);
    char *p = map(fd, 3 * PAGE, RW, MAP_SHARED, 0), *q = map(fd, 2 * PAGE, PROT_READ, MAP_SHARED, PAGE);
    CHECK(p[0] == 'a' && p[PAGE] == 'b' && q[0] == 'b' && q[PAGE] == 'c');
    p[PAGE] = 'X'; // map to map
    CHECK_EQ(q[0], 'X');
    CHECK_EQ(pread(fd, &byte, 1, PAGE), 1); // map to read
    CHECK_EQ(byte, 'X');
    CHECK_EQ(pwrite(fd, "Y", 1, 2 * PAGE), 1); // write to map
    CHECK(p[2 * PAGE] == 'Y' && q[PAGE] == 'Y');
    CHECK_OK(msync(p, 3 * PAGE, MS_SYNC));
    CHECK_OK(msync(p, 3 * PAGE, MS_ASYNC));
    CHECK_OK(munmap(p, 3 * PAGE));
    CHECK_EQ(q[0], 'X');
    CHECK_OK(munmap(q, 2 * PAGE));
    done(fd);
}

TEST(between_processes)
{
    pid_t pid;
    int fd = file_of(PAGE), to[2], from[2];
    CHECK_OK(pipe(to));
    CHECK_OK(pipe(from));
    char *p = map(fd, PAGE, RW, MAP_SHARED, 0);
    IN_CHILD(pid) {
        // A mapping of its own, from an open of its own.
        int own = CHECK_OK(open("f", O_RDWR));
        char *q = map(own, PAGE, RW, MAP_SHARED, 0);
        pipe_wait(to[0]);
        CHECK_EQ(q[5], 'P');
        q[6] = 'C';
        pipe_signal(from[1]);
    }
    p[5] = 'P';
    pipe_signal(to[1]);
    pipe_wait(from[0]);
    CHECK_EQ(p[6], 'C');
    CHECK_EXIT(pid, 0);
    for (int i = 0; i < 2; i++) {
        CHECK_OK(close(to[i]));
        CHECK_OK(close(from[i]));
    }
    CHECK_OK(munmap(p, PAGE));
    done(fd);
}

TEST(private_copies)
{
    char byte;
    pid_t pid;
    int fd = file_of(2 * PAGE);
    char *p = map(fd, 2 * PAGE, RW, MAP_PRIVATE, 0);
    p[0] = 'X';
    CHECK_EQ(pread(fd, &byte, 1, 0), 1);
    CHECK_EQ(byte, 'a');
    CHECK_EQ(pwrite(fd, "Z", 1, 1), 1); // the page is p's own by now
    CHECK(p[0] == 'X' && p[1] == 'a');
    IN_CHILD(pid) {
        CHECK_EQ(p[0], 'X');
        p[0] = 'C';
    }
    CHECK_EXIT(pid, 0);
    CHECK_EQ(p[0], 'X');
    CHECK_OK(munmap(p, 2 * PAGE));
    done(fd);
}

TEST(beyond_the_end)
{
    char byte;
    int fd = file_of(PAGE + 100);
    char *p = map(fd, 4 * PAGE, RW, MAP_SHARED, 0);
    CHECK_EQ(p[PAGE + 99], 'b');
    CHECK_EQ(p[PAGE + 100], 0); // the rest of the last page reads as zeros
    p[PAGE + 200] = 'x';        // and what is written there never reaches the file
    CHECK_EQ(touch(p + 2 * PAGE, false), SIGBUS);
    CHECK_EQ(fault.si_code, BUS_ADRERR);
    CHECK(fault.si_addr == p + 2 * PAGE);
    CHECK_EQ(touch(p + 3 * PAGE, true), SIGBUS);
    CHECK_EQ(pread(fd, &byte, 1, PAGE + 200), 0);
    CHECK_OK(ftruncate(fd, 3 * PAGE)); // growing makes the pages valid
    CHECK_EQ(touch(p + 2 * PAGE, true), 0);
    CHECK_EQ(touch(p + 3 * PAGE, false), SIGBUS);
    CHECK_OK(ftruncate(fd, PAGE)); // shrinking takes them away
    CHECK_EQ(touch(p + PAGE, false), SIGBUS);
    CHECK_EQ(p[0], 'a');
    CHECK_ERRNO(read(fd, p + PAGE, 1) == 0 ? pread(fd, p + PAGE, 1, 0) : -1, EFAULT); // a system call gets EFAULT instead
    CHECK_OK(munmap(p, 4 * PAGE));
    done(fd);
}

TEST(truncate_drops_private_pages_too)
{
    int fd = file_of(2 * PAGE);
    char *p = map(fd, 2 * PAGE, RW, MAP_PRIVATE, 0);
    p[PAGE] = 'X';
    CHECK_OK(ftruncate(fd, PAGE));
    CHECK_EQ(touch(p + PAGE, false), SIGBUS);
    CHECK_OK(munmap(p, 2 * PAGE));
    done(fd);
}

TEST(permissions)
{
    int fd = file_of(PAGE), readonly = CHECK_OK(open("f", O_RDONLY)), writeonly = CHECK_OK(open("f", O_WRONLY));
    errno = 0;
    CHECK(mmap(NULL, PAGE, RW, MAP_SHARED, readonly, 0) == MAP_FAILED && errno == EACCES);
    CHECK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, writeonly, 0) == MAP_FAILED && errno == EACCES);
    CHECK(mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, writeonly, 0) == MAP_FAILED && errno == EACCES);
    char *p = map(readonly, PAGE, RW, MAP_PRIVATE, 0);
    CHECK_EQ(touch(p, true), 0);
    CHECK_OK(munmap(p, PAGE));
    p = map(readonly, PAGE, PROT_READ, MAP_SHARED, 0);
    CHECK_ERRNO(mprotect(p, PAGE, RW), EACCES);
    CHECK_EQ(touch(p, true), SIGSEGV);
    CHECK_OK(munmap(p, PAGE));
    CHECK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 100) == MAP_FAILED && errno == EINVAL);
    int dir = CHECK_OK(open(".", O_RDONLY));
    CHECK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, dir, 0) == MAP_FAILED && errno == ENODEV);
    CHECK_OK(close(dir));
    CHECK_OK(close(readonly));
    CHECK_OK(close(writeonly));
    done(fd);
}

TEST(outlives_descriptor_and_name)
{
    int fd = file_of(PAGE);
    char *p = map(fd, PAGE, RW, MAP_SHARED, 0);
    done(fd);
    CHECK_EQ(p[100], 'a');
    p[100] = 'X';
    CHECK_EQ(p[100], 'X');
    CHECK_OK(munmap(p, PAGE));
}

TEST(remap_keeps_offset)
{
    int fd = file_of(8 * PAGE);
    char *p = map(fd, 2 * PAGE, PROT_READ, MAP_SHARED, 2 * PAGE);
    char *q = mremap(p, 2 * PAGE, 5 * PAGE, MREMAP_MAYMOVE);
    CHECK(q != MAP_FAILED);
    for (int i = 0; i < 5; i++) CHECK_EQ(q[i * PAGE], 'c' + i);
    CHECK_OK(munmap(q, PAGE)); // splits: the rest keeps its own offset
    CHECK_EQ(q[PAGE], 'd');
    CHECK_OK(munmap(q, 5 * PAGE));
    done(fd);
}

TEST(io_between_mapping_and_its_own_file)
{
    // read(2) into a shared mapping of the file being read: must not deadlock.
    int fd = file_of(2 * PAGE);
    char *p = map(fd, 2 * PAGE, RW, MAP_SHARED, 0);
    CHECK_EQ(pread(fd, p, PAGE, PAGE), PAGE);
    CHECK_EQ(p[0], 'b');
    CHECK_EQ(pwrite(fd, p + PAGE - 10, 10, PAGE), 10);
    CHECK_OK(munmap(p, 2 * PAGE));
    done(fd);
}

TEST(msync_errors)
{
    int fd = file_of(PAGE);
    char *p = map(fd, PAGE, RW, MAP_SHARED, 0);
    CHECK_ERRNO(msync(p + 1, PAGE, MS_SYNC), EINVAL);
    CHECK_ERRNO(msync(p, PAGE, MS_SYNC | MS_ASYNC), EINVAL);
    CHECK_ERRNO(msync(p, PAGE, 0x100), EINVAL);
    CHECK_OK(munmap(p, PAGE));
    CHECK_ERRNO(msync(p, PAGE, MS_SYNC), ENOMEM);
    done(fd);
}

TEST(devices)
{
    int fd = CHECK_OK(open("/dev/zero", O_RDWR));
    char *p = map(fd, 2 * PAGE, RW, MAP_PRIVATE, 0);
    CHECK_EQ(p[PAGE], 0);
    p[PAGE] = 'x';
    CHECK_OK(munmap(p, 2 * PAGE));
    p = map(fd, PAGE, RW, MAP_SHARED, 0); // as anonymous shared memory
    pid_t pid;
    IN_CHILD(pid) p[0] = 'c';
    CHECK_EXIT(pid, 0);
    CHECK_EQ(p[0], 'c');
    CHECK_OK(munmap(p, PAGE));
    CHECK_OK(close(fd));
    fd = CHECK_OK(open("/dev/null", O_RDWR));
    errno = 0;
    CHECK(mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 0) == MAP_FAILED && errno == ENODEV);
    CHECK_OK(close(fd));
}
