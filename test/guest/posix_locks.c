// fcntl(2) record locks: they belong to the process, split and merge, and any close drops them.
#include "guest.h"

static int fd;

static int lock(int cmd, short type, off_t start, off_t length)
{
    struct flock l = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
    return fcntl(fd, cmd, &l);
}

// Runs in a child, which owns no locks: says what a lock of this type would meet at [start, start+length).
static void expect_holder(short type, off_t start, off_t length, short found, off_t at, off_t size)
{
    pid_t pid, parent = getpid();
    IN_CHILD(pid) {
        struct flock l = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
        CHECK_OK(fcntl(fd, F_GETLK, &l));
        CHECK_EQ(l.l_type, found);
        if (found == F_UNLCK) continue;
        CHECK_EQ(l.l_start, at);
        CHECK_EQ(l.l_len, size);
        CHECK_EQ(l.l_pid, parent);
        CHECK_EQ(l.l_whence, SEEK_SET);
    }
    CHECK_EXIT(pid, 0);
}

static void begin(void)
{
    fd = CHECK_OK(open("f", O_RDWR | O_CREAT | O_TRUNC, 0600));
    CHECK_EQ(write(fd, "0123456789", 10), 10);
}

static void end(void)
{
    CHECK_OK(close(fd));
    CHECK_OK(unlink("f"));
}

TEST(conflicts)
{
    pid_t pid;
    begin();
    CHECK_OK(lock(F_SETLK, F_WRLCK, 10, 10));
    CHECK_OK(lock(F_SETLK, F_RDLCK, 100, 10));
    IN_CHILD(pid) {
        CHECK_ERRNO(lock(F_SETLK, F_WRLCK, 15, 1), EAGAIN);
        CHECK_ERRNO(lock(F_SETLK, F_RDLCK, 19, 5), EAGAIN);
        CHECK_ERRNO(lock(F_SETLK, F_WRLCK, 0, 0), EAGAIN); // length 0: to the end of time
        CHECK_ERRNO(lock(F_SETLK, F_WRLCK, 105, 1), EAGAIN);
        CHECK_OK(lock(F_SETLK, F_RDLCK, 105, 1));
        CHECK_OK(lock(F_SETLK, F_WRLCK, 0, 10));
        CHECK_OK(lock(F_SETLK, F_WRLCK, 20, 80));
        CHECK_OK(lock(F_SETLK, F_UNLCK, 10, 10)); // only ever its own
        CHECK_ERRNO(lock(F_SETLK, F_WRLCK, 15, 1), EAGAIN);
    }
    CHECK_EXIT(pid, 0);
    end();
}

TEST(getlk_split_and_merge)
{
    begin();
    CHECK_OK(lock(F_SETLK, F_WRLCK, 0, 100));
    expect_holder(F_WRLCK, 50, 1, F_WRLCK, 0, 100);
    CHECK_OK(lock(F_SETLK, F_UNLCK, 40, 20));
    expect_holder(F_WRLCK, 45, 5, F_UNLCK, 0, 0);
    expect_holder(F_WRLCK, 0, 100, F_WRLCK, 0, 40);
    expect_holder(F_WRLCK, 50, 100, F_WRLCK, 60, 40);
    CHECK_OK(lock(F_SETLK, F_WRLCK, 40, 20));
    expect_holder(F_WRLCK, 45, 1, F_WRLCK, 0, 100);
    CHECK_OK(lock(F_SETLK, F_RDLCK, 20, 10)); // downgrades the middle
    expect_holder(F_RDLCK, 20, 10, F_UNLCK, 0, 0);
    expect_holder(F_WRLCK, 20, 10, F_RDLCK, 20, 10);
    CHECK_OK(lock(F_SETLK, F_WRLCK, 200, 0));
    expect_holder(F_WRLCK, 1000000, 1, F_WRLCK, 200, 0);
    end();
}

TEST(whence_and_negative_length)
{
    struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_END, .l_start = -4, .l_len = 2};
    begin();
    CHECK_OK(fcntl(fd, F_SETLK, &l));
    expect_holder(F_WRLCK, 0, 0, F_WRLCK, 6, 2);
    CHECK_OK(lock(F_SETLK, F_UNLCK, 0, 0));
    CHECK_OK(lseek(fd, 5, SEEK_SET));
    l = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_CUR, .l_start = 0, .l_len = -3};
    CHECK_OK(fcntl(fd, F_SETLK, &l));
    expect_holder(F_WRLCK, 0, 0, F_WRLCK, 2, 3);
    l = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = -1, .l_len = 1};
    CHECK_ERRNO(fcntl(fd, F_SETLK, &l), EINVAL);
    l = (struct flock){.l_type = F_WRLCK, .l_whence = 9, .l_start = 0, .l_len = 1};
    CHECK_ERRNO(fcntl(fd, F_SETLK, &l), EINVAL);
    l = (struct flock){.l_type = 77, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1};
    CHECK_ERRNO(fcntl(fd, F_SETLK, &l), EINVAL);
    end();
}

TEST(any_close_releases_all)
{
    begin();
    CHECK_OK(lock(F_SETLK, F_WRLCK, 0, 10));
    expect_holder(F_WRLCK, 0, 1, F_WRLCK, 0, 10);
    int other = CHECK_OK(open("f", O_RDONLY));
    CHECK_OK(close(other)); // POSIX's famous trap
    expect_holder(F_WRLCK, 0, 1, F_UNLCK, 0, 0);
    end();
}

TEST(access_mode)
{
    begin();
    CHECK_OK(close(fd));
    fd = CHECK_OK(open("f", O_RDONLY));
    CHECK_ERRNO(lock(F_SETLK, F_WRLCK, 0, 1), EBADF);
    CHECK_OK(lock(F_SETLK, F_RDLCK, 0, 1));
    CHECK_OK(close(fd));
    fd = CHECK_OK(open("f", O_WRONLY));
    CHECK_ERRNO(lock(F_SETLK, F_RDLCK, 0, 1), EBADF);
    CHECK_OK(lock(F_SETLK, F_WRLCK, 0, 1));
    CHECK_ERRNO(fcntl(fd, F_SETLK, BAD_POINTER), EFAULT);
    end();
}

TEST(not_inherited)
{
    pid_t pid;
    begin();
    CHECK_OK(lock(F_SETLK, F_WRLCK, 0, 1));
    IN_CHILD(pid) CHECK_ERRNO(lock(F_SETLK, F_WRLCK, 0, 1), EAGAIN);
    CHECK_EXIT(pid, 0); // the child's exit closed the file in its own name only
    expect_holder(F_WRLCK, 0, 1, F_WRLCK, 0, 1);
    end();
}

TEST(setlkw_waits)
{
    pid_t pid;
    begin();
    CHECK_OK(lock(F_SETLK, F_WRLCK, 0, 1));
    IN_CHILD(pid) CHECK_OK(lock(F_SETLKW, F_WRLCK, 0, 1));
    wait_until_blocked(pid);
    CHECK_EQ(waitpid(pid, NULL, WNOHANG), 0);
    CHECK_OK(lock(F_SETLK, F_UNLCK, 0, 1));
    CHECK_EXIT(pid, 0);
    end();
}

static void nothing(int signal) { (void)signal; }

TEST(setlkw_interrupted)
{
    pid_t pid;
    begin();
    CHECK_OK(lock(F_SETLK, F_WRLCK, 0, 1));
    IN_CHILD(pid) {
        struct sigaction action = {.sa_handler = nothing};
        sigaction(SIGINT, &action, NULL);
        CHECK_ERRNO(lock(F_SETLKW, F_WRLCK, 0, 1), EINTR);
    }
    wait_until_blocked(pid);
    CHECK_OK(kill(pid, SIGINT));
    CHECK_EXIT(pid, 0);
    end();
}

TEST(deadlock)
{
    // The child holds byte 1 and waits for byte 0; the parent holds byte 0 and asks for byte 1.
    pid_t pid;
    begin();
    CHECK_OK(lock(F_SETLK, F_WRLCK, 0, 1));
    int ready[2];
    CHECK_OK(pipe(ready));
    IN_CHILD(pid) {
        CHECK_OK(lock(F_SETLK, F_WRLCK, 1, 1));
        pipe_signal(ready[1]);
        CHECK_OK(lock(F_SETLKW, F_WRLCK, 0, 1));
    }
    pipe_wait(ready[0]);
    wait_until_blocked(pid);
    CHECK_ERRNO(lock(F_SETLKW, F_WRLCK, 1, 1), EDEADLK);
    CHECK_OK(lock(F_SETLK, F_UNLCK, 0, 1));
    CHECK_EXIT(pid, 0);
    CHECK_OK(close(ready[0]));
    CHECK_OK(close(ready[1]));
    end();
}

TEST(lockf_uses_the_same_locks)
{
    begin();
    CHECK_OK(lseek(fd, 3, SEEK_SET));
    CHECK_OK(lockf(fd, F_TLOCK, 4));
    expect_holder(F_WRLCK, 0, 0, F_WRLCK, 3, 4);
    CHECK_OK(lockf(fd, F_ULOCK, 4));
    expect_holder(F_WRLCK, 0, 0, F_UNLCK, 0, 0);
    end();
}
