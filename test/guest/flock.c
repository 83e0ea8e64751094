// flock(2): locks belong to the open file description.
#include "guest.h"
#include <sys/file.h>

static int open_file(void) { return CHECK_OK(open("f", O_RDWR | O_CREAT, 0600)); }

TEST(exclusive_and_shared)
{
    int a = open_file(), b = open_file(), c = open_file();
    CHECK_OK(flock(a, LOCK_EX));
    CHECK_ERRNO(flock(b, LOCK_EX | LOCK_NB), EWOULDBLOCK);
    CHECK_ERRNO(flock(b, LOCK_SH | LOCK_NB), EWOULDBLOCK);
    CHECK_OK(flock(a, LOCK_EX | LOCK_NB)); // again by the holder
    CHECK_OK(flock(a, LOCK_SH));           // converted
    CHECK_OK(flock(b, LOCK_SH | LOCK_NB));
    CHECK_OK(flock(c, LOCK_SH | LOCK_NB));
    CHECK_ERRNO(flock(c, LOCK_EX | LOCK_NB), EWOULDBLOCK);
    CHECK_OK(flock(a, LOCK_UN));
    CHECK_OK(flock(b, LOCK_UN));
    // A failed conversion may have lost c's lock (flock(2)); taking it again succeeds either way.
    CHECK_OK(flock(c, LOCK_EX | LOCK_NB));
    CHECK_OK(close(a));
    CHECK_OK(close(b));
    CHECK_OK(close(c));
    CHECK_OK(unlink("f"));
}

TEST(duplicates_share)
{
    int a = open_file(), copy = CHECK_OK(dup(a)), b = open_file();
    CHECK_OK(flock(a, LOCK_EX));
    CHECK_OK(flock(copy, LOCK_EX | LOCK_NB));
    CHECK_OK(close(a));
    CHECK_ERRNO(flock(b, LOCK_EX | LOCK_NB), EWOULDBLOCK); // copy still holds it
    CHECK_OK(close(copy));
    CHECK_OK(flock(b, LOCK_EX | LOCK_NB)); // the last close releases
    CHECK_OK(close(b));
    CHECK_OK(unlink("f"));
}

TEST(inherited_by_fork)
{
    pid_t pid;
    int a = open_file(), b = open_file();
    CHECK_OK(flock(a, LOCK_EX));
    IN_CHILD(pid) {
        CHECK_ERRNO(flock(b, LOCK_EX | LOCK_NB), EWOULDBLOCK);
        CHECK_OK(flock(a, LOCK_UN)); // the same description: unlocks for the parent too
    }
    CHECK_EXIT(pid, 0);
    CHECK_OK(flock(b, LOCK_EX | LOCK_NB));
    CHECK_OK(close(a));
    CHECK_OK(close(b));
    CHECK_OK(unlink("f"));
}

TEST(waits_for_release)
{
    int done[2], a = open_file();
    pid_t pid;
    CHECK_OK(pipe(done));
    CHECK_OK(flock(a, LOCK_EX));
    IN_CHILD(pid) {
        int own = open_file();
        CHECK_OK(flock(own, LOCK_EX));
        pipe_signal(done[1]);
    }
    wait_until_blocked(pid);
    struct pollfd p = {done[0], POLLIN};
    CHECK_EQ(poll(&p, 1, 0), 0);
    CHECK_OK(flock(a, LOCK_UN));
    pipe_wait(done[0]);
    CHECK_EXIT(pid, 0);
    CHECK_OK(close(done[0]));
    CHECK_OK(close(done[1]));
    CHECK_OK(close(a));
    CHECK_OK(unlink("f"));
}

static void ignore(int signal) { (void)signal; }

TEST(interrupted_by_signal)
{
    int a = open_file();
    pid_t pid;
    CHECK_OK(flock(a, LOCK_EX));
    IN_CHILD(pid) {
        struct sigaction action = {.sa_handler = ignore}; // no SA_RESTART
        sigaction(SIGUSR1, &action, NULL);
        int own = open_file();
        CHECK_ERRNO(flock(own, LOCK_EX), EINTR);
    }
    wait_until_blocked(pid);
    CHECK_OK(kill(pid, SIGUSR1));
    CHECK_EXIT(pid, 0);
    CHECK_OK(close(a));
    CHECK_OK(unlink("f"));
}

TEST(released_when_holder_is_killed)
{
    int ready[2], b;
    pid_t pid;
    CHECK_OK(pipe(ready));
    IN_CHILD(pid) {
        int own = open_file();
        CHECK_OK(flock(own, LOCK_EX));
        pipe_signal(ready[1]);
        pause();
    }
    pipe_wait(ready[0]);
    b = open_file();
    CHECK_ERRNO(flock(b, LOCK_SH | LOCK_NB), EWOULDBLOCK);
    CHECK_OK(kill(pid, SIGKILL));
    CHECK_KILLED(pid, SIGKILL);
    CHECK_OK(flock(b, LOCK_EX | LOCK_NB));
    CHECK_OK(close(b));
    CHECK_OK(close(ready[0]));
    CHECK_OK(close(ready[1]));
    CHECK_OK(unlink("f"));
}

TEST(errors)
{
    int ends[2], fd = open_file();
    CHECK_ERRNO(flock(-1, LOCK_EX), EBADF);
    CHECK_ERRNO(flock(fd, 0), EINVAL);
    CHECK_ERRNO(flock(fd, LOCK_EX | LOCK_SH | 0x40), EINVAL);
    CHECK_OK(close(fd));
    fd = CHECK_OK(open("f", O_RDONLY));
    CHECK_OK(flock(fd, LOCK_EX)); // the access mode does not matter
    CHECK_OK(close(fd));
    fd = CHECK_OK(open("f", O_PATH));
    CHECK_ERRNO(flock(fd, LOCK_SH), EBADF);
    CHECK_OK(close(fd));
    CHECK_OK(pipe(ends));
    CHECK_OK(flock(ends[0], LOCK_EX | LOCK_NB));
    CHECK_OK(close(ends[0]));
    CHECK_OK(close(ends[1]));
    CHECK_OK(unlink("f"));
}
