// fcntl(2) F_OFD_*: record locks of the open file description, not of the process.
#include "guest.h"

static int lock(int fd, int cmd, short type, off_t start, off_t length)
{
    struct flock l = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
    return fcntl(fd, cmd, &l);
}

static int open_file(void) { return CHECK_OK(open("f", O_RDWR | O_CREAT, 0600)); }

TEST(two_descriptions_in_one_process)
{
    int a = open_file(), b = open_file();
    CHECK_OK(lock(a, F_OFD_SETLK, F_WRLCK, 0, 10));
    CHECK_ERRNO(lock(b, F_OFD_SETLK, F_WRLCK, 5, 10), EAGAIN);
    CHECK_OK(lock(b, F_OFD_SETLK, F_WRLCK, 10, 10));
    CHECK_ERRNO(lock(a, F_OFD_SETLK, F_RDLCK, 15, 1), EAGAIN);
    CHECK_OK(close(a));
    CHECK_OK(lock(b, F_OFD_SETLK, F_WRLCK, 5, 10));
    CHECK_OK(close(b));
    CHECK_OK(unlink("f"));
}

TEST(other_close_does_not_release)
{
    int a = open_file(), copy = CHECK_OK(dup(a)), b = open_file(), c = open_file();
    CHECK_OK(lock(a, F_OFD_SETLK, F_WRLCK, 0, 0));
    CHECK_OK(close(c));
    CHECK_ERRNO(lock(b, F_OFD_SETLK, F_RDLCK, 0, 1), EAGAIN);
    CHECK_OK(close(a));
    CHECK_ERRNO(lock(b, F_OFD_SETLK, F_RDLCK, 0, 1), EAGAIN); // copy keeps the description open
    CHECK_OK(close(copy));
    CHECK_OK(lock(b, F_OFD_SETLK, F_RDLCK, 0, 1));
    CHECK_OK(close(b));
    CHECK_OK(unlink("f"));
}

TEST(shared_over_fork)
{
    pid_t pid;
    int a = open_file(), b = open_file();
    CHECK_OK(lock(a, F_OFD_SETLK, F_WRLCK, 0, 10));
    IN_CHILD(pid) {
        CHECK_OK(lock(a, F_OFD_SETLK, F_WRLCK, 0, 10));
        CHECK_ERRNO(lock(b, F_OFD_SETLK, F_WRLCK, 0, 10), EAGAIN);
        CHECK_OK(lock(a, F_OFD_SETLK, F_UNLCK, 0, 10));
    }
    CHECK_EXIT(pid, 0);
    CHECK_OK(lock(b, F_OFD_SETLK, F_WRLCK, 0, 10));
    CHECK_OK(close(a));
    CHECK_OK(close(b));
    CHECK_OK(unlink("f"));
}

TEST(conflicts_with_process_locks)
{
    int a = open_file(), b = open_file();
    CHECK_OK(lock(a, F_OFD_SETLK, F_WRLCK, 0, 10));
    CHECK_ERRNO(lock(b, F_SETLK, F_WRLCK, 0, 10), EAGAIN); // even within one process
    CHECK_ERRNO(lock(a, F_SETLK, F_WRLCK, 0, 10), EAGAIN);
    struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 3, .l_len = 1};
    CHECK_OK(fcntl(b, F_GETLK, &l));
    CHECK_EQ(l.l_type, F_WRLCK);
    CHECK_EQ(l.l_pid, -1); // owned by no process
    CHECK_EQ(l.l_start, 0);
    CHECK_EQ(l.l_len, 10);
    CHECK_OK(lock(a, F_OFD_SETLK, F_UNLCK, 0, 0));
    CHECK_OK(lock(b, F_SETLK, F_WRLCK, 0, 10));
    CHECK_ERRNO(lock(a, F_OFD_SETLK, F_RDLCK, 0, 10), EAGAIN);
    CHECK_OK(close(a));
    CHECK_OK(close(b));
    CHECK_OK(unlink("f"));
}

TEST(pid_must_be_zero)
{
    struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_pid = 1};
    int a = open_file();
    CHECK_ERRNO(fcntl(a, F_OFD_SETLK, &l), EINVAL);
    CHECK_ERRNO(fcntl(a, F_OFD_GETLK, &l), EINVAL);
    CHECK_OK(close(a));
    CHECK_OK(unlink("f"));
}

static int waiter_fd, waiter_tid;
static void *waiter(void *unused)
{
    __atomic_store_n(&waiter_tid, gettid(), __ATOMIC_SEQ_CST);
    CHECK_OK(lock(waiter_fd, F_OFD_SETLKW, F_WRLCK, 0, 1));
    return unused;
}

TEST(threads_exclude_each_other)
{
    pthread_t thread;
    int a = open_file();
    waiter_fd = open_file();
    waiter_tid = 0;
    CHECK_OK(lock(a, F_OFD_SETLK, F_WRLCK, 0, 1));
    CHECK_EQ(pthread_create(&thread, NULL, waiter, NULL), 0);
    while (!__atomic_load_n(&waiter_tid, __ATOMIC_SEQ_CST)) sched_yield();
    wait_until_thread_blocked(waiter_tid);
    CHECK_EQ(pthread_tryjoin_np(thread, NULL), EBUSY);
    CHECK_OK(lock(a, F_OFD_SETLK, F_UNLCK, 0, 1));
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_ERRNO(lock(a, F_OFD_SETLK, F_WRLCK, 0, 1), EAGAIN);
    CHECK_OK(close(a));
    CHECK_OK(close(waiter_fd));
    CHECK_OK(unlink("f"));
}
