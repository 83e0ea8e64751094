// memfd_create(2) and file sealing, fcntl(2).
#include "guest.h"

static int sealable(void) { return CHECK_OK(memfd_create("name", MFD_ALLOW_SEALING | MFD_CLOEXEC)); }

TEST(like_a_file)
{
    char text[16] = {0}, link[64], name[64];
    struct stat st;
    int fd = CHECK_OK(memfd_create("some name", 0));
    CHECK_OK(fstat(fd, &st));
    CHECK(S_ISREG(st.st_mode));
    CHECK_EQ(st.st_mode & 0777, 0777);
    CHECK_EQ(st.st_nlink, 0);
    CHECK_EQ(write(fd, "hello", 5), 5);
    CHECK_EQ(pread(fd, text, sizeof text, 0), 5);
    CHECK_STR(text, "hello");
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = CHECK_OK(readlink(link, name, sizeof name - 1));
    name[n] = 0;
    CHECK_STR(name, "/memfd:some name (deleted)");
    int again = CHECK_OK(open(link, O_RDONLY));
    CHECK_EQ(read(again, text, 5), 5);
    CHECK_OK(close(again));
    CHECK_EQ(fcntl(fd, F_GETFD), 0);
    CHECK_EQ(fcntl(fd, F_GET_SEALS), F_SEAL_SEAL); // not sealable
    CHECK_ERRNO(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW), EPERM);
    CHECK_OK(close(fd));
}

TEST(shared_mapping)
{
    pid_t pid;
    int fd = sealable();
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_OK(ftruncate(fd, 2 * PAGE));
    char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), byte;
    IN_CHILD(pid) p[PAGE] = 'c';
    CHECK_EXIT(pid, 0);
    CHECK_EQ(pread(fd, &byte, 1, PAGE), 1);
    CHECK_EQ(byte, 'c');
    CHECK_OK(munmap(p, 2 * PAGE));
    CHECK_OK(close(fd));
}

TEST(seal_size)
{
    int fd = sealable();
    CHECK_OK(ftruncate(fd, 100));
    CHECK_EQ(fcntl(fd, F_GET_SEALS), 0);
    CHECK_OK(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK));
    CHECK_ERRNO(ftruncate(fd, 50), EPERM);
    CHECK_OK(ftruncate(fd, 200));
    CHECK_OK(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));
    CHECK_ERRNO(ftruncate(fd, 300), EPERM);
    CHECK_ERRNO(pwrite(fd, "x", 1, 200 + PAGE), EPERM);
    CHECK_EQ(pwrite(fd, "x", 1, 10), 1);
    CHECK_EQ(fcntl(fd, F_GET_SEALS), F_SEAL_SHRINK | F_SEAL_GROW);
    CHECK_OK(close(fd));
}

TEST(seal_write)
{
    int fd = sealable();
    CHECK_OK(ftruncate(fd, PAGE));
    char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK_ERRNO(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EBUSY); // a writable shared mapping exists
    CHECK_OK(munmap(p, PAGE));
    CHECK_OK(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    CHECK_ERRNO(write(fd, "x", 1), EPERM);
    errno = 0;
    CHECK(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EPERM);
    p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0); // private is no write
    CHECK(p != MAP_FAILED);
    p[0] = 'x';
    CHECK_OK(munmap(p, PAGE));
    CHECK_OK(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL));
    CHECK_ERRNO(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW), EPERM);
    CHECK_OK(close(fd));
}

TEST(seal_future_write)
{
    int fd = sealable();
    CHECK_OK(ftruncate(fd, PAGE));
    char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK_OK(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
    p[0] = 'x'; // the old mapping may go on
    CHECK_ERRNO(write(fd, "x", 1), EPERM);
    errno = 0;
    CHECK(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EPERM);
    char *q = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
    CHECK(q != MAP_FAILED && q[0] == 'x');
    CHECK_ERRNO(mprotect(q, PAGE, PROT_READ | PROT_WRITE), EACCES);
    CHECK_OK(munmap(p, PAGE));
    CHECK_OK(munmap(q, PAGE));
    CHECK_OK(close(fd));
}

TEST(errors)
{
    char name[300];
    memset(name, 'n', sizeof name);
    name[250] = 0;
    CHECK_ERRNO(memfd_create(name, 0), EINVAL);
    name[249] = 0;
    int fd = CHECK_OK(memfd_create(name, 0));
    CHECK_OK(close(fd));
    CHECK_ERRNO(memfd_create("x", 0x8000000), EINVAL);
    CHECK_ERRNO(syscall(SYS_memfd_create, BAD_POINTER, 0), EFAULT);
    fd = CHECK_OK(open("/dev/null", O_RDWR));
    CHECK_ERRNO(fcntl(fd, F_GET_SEALS), EINVAL); // not a file that can have seals
    CHECK_OK(close(fd));
    fd = sealable();
    CHECK_ERRNO(fcntl(fd, F_ADD_SEALS, 0x10000), EINVAL);
    CHECK_OK(close(fd));
}

TEST(runs_as_a_program)
{
    // fexecve of memory: how some programs unpack themselves.
    char buffer[65536];
    ssize_t n;
    pid_t pid;
    int fd = CHECK_OK(memfd_create("prog", MFD_CLOEXEC)), in = CHECK_OK(open("/proc/self/exe", O_RDONLY));
    while ((n = read(in, buffer, sizeof buffer)) > 0) CHECK_EQ(write(fd, buffer, n), n);
    CHECK_OK(close(in));
    IN_CHILD(pid) {
        char *environment[] = {NULL};
        dup2(open("/dev/null", O_WRONLY), 1);
        fexecve(fd, (char *[]){"prog", "errors", NULL}, environment);
    }
    CHECK_EXIT(pid, 0);
    CHECK_OK(close(fd));
}
