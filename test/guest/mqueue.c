// mq_overview(7): POSIX message queues. A kernel without them says ENOSYS, and the tests end there.
#include "guest.h"
#include <mqueue.h>

static char name[64];
static mqd_t open_queue(int flags, long messages, long size)
{
    struct mq_attr attributes = {.mq_maxmsg = messages, .mq_msgsize = size};
    snprintf(name, sizeof name, "/guest-test-%d", getpid());
    return mq_open(name, flags, 0600, &attributes);
}
static bool missing(mqd_t queue) { return queue == (mqd_t)-1 && errno == ENOSYS; }
static void remove_queue(mqd_t queue)
{
    CHECK_OK(mq_close(queue));
    CHECK_OK(mq_unlink(name));
}

TEST(priorities)
{
    char text[16];
    unsigned priority;
    mqd_t queue = open_queue(O_RDWR | O_CREAT | O_EXCL | O_NONBLOCK, 4, 16);
    if (missing(queue)) return;
    CHECK(queue != -1);
    CHECK_ERRNO(mq_receive(queue, text, 16, NULL), EAGAIN);
    CHECK_OK(mq_send(queue, "low", 3, 1));
    CHECK_OK(mq_send(queue, "high", 4, 9));
    CHECK_OK(mq_send(queue, "low2", 4, 1));
    CHECK_EQ(mq_receive(queue, text, 16, &priority), 4);
    CHECK(priority == 9 && memcmp(text, "high", 4) == 0);
    CHECK_EQ(mq_receive(queue, text, 16, &priority), 3);
    CHECK_EQ(mq_receive(queue, text, 16, &priority), 4);
    for (int i = 0; i < 4; i++) CHECK_OK(mq_send(queue, "x", 1, 0));
    CHECK_ERRNO(mq_send(queue, "x", 1, 0), EAGAIN);
    CHECK_ERRNO(mq_send(queue, "this is longer than sixteen", 27, 0), EMSGSIZE);
    CHECK_ERRNO(mq_receive(queue, text, 15, NULL), EMSGSIZE);
    CHECK_ERRNO(mq_send(queue, "x", 1, 99999), EINVAL);
    struct mq_attr now;
    CHECK_OK(mq_getattr(queue, &now));
    CHECK(now.mq_curmsgs == 4 && now.mq_maxmsg == 4 && now.mq_msgsize == 16);
    remove_queue(queue);
}

TEST(blocking)
{
    char text[16];
    pid_t pid;
    mqd_t queue = open_queue(O_RDWR | O_CREAT | O_EXCL, 4, 16);
    if (missing(queue)) return;
    IN_CHILD(pid) CHECK_EQ(mq_receive(queue, text, 16, NULL), 2);
    wait_until_blocked(pid);
    CHECK_OK(mq_send(queue, "go", 2, 0));
    CHECK_EXIT(pid, 0);
    struct timespec past = {1, 0};
    CHECK_ERRNO(mq_timedreceive(queue, text, 16, NULL, &past), ETIMEDOUT);
    struct pollfd p = {queue, POLLIN | POLLOUT};
    CHECK_EQ(poll(&p, 1, 0), 1);
    CHECK_EQ(p.revents, POLLOUT);
    remove_queue(queue);
}

TEST(notification)
{
    sigset_t set;
    siginfo_t info;
    mqd_t queue = open_queue(O_RDWR | O_CREAT | O_EXCL, 4, 16);
    if (missing(queue)) return;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 5};
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    CHECK_OK(mq_notify(queue, &event));
    CHECK_ERRNO(mq_notify(queue, &event), EBUSY);
    CHECK_OK(mq_send(queue, "x", 1, 0));
    CHECK_EQ(sigwaitinfo(&set, &info), SIGUSR1);
    CHECK(info.si_code == SI_MESGQ && info.si_value.sival_int == 5);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    remove_queue(queue);
}

TEST(notification_ends)
{
    sigset_t set;
    char text[16];
    pid_t pid;
    int fds[2];
    mqd_t queue = open_queue(O_RDWR | O_CREAT | O_EXCL, 4, 16);
    if (missing(queue)) return;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1}, none = {.sigev_notify = SIGEV_NONE};
    CHECK_OK(pipe(fds));
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    CHECK_OK(mq_notify(queue, &event));
    CHECK_OK(mq_notify(queue, NULL)); // taken back
    CHECK_OK(mq_notify(queue, &event));
    IN_CHILD(pid) { // a receiver that waits comes first
        CHECK_ERRNO(mq_notify(queue, &event), EBUSY);
        CHECK_OK(mq_notify(queue, NULL)); // not this process's
        CHECK_EQ(mq_receive(queue, text, 16, NULL), 1);
    }
    wait_until_blocked(pid);
    CHECK_OK(mq_send(queue, "x", 1, 0));
    CHECK_EXIT(pid, 0);
    CHECK_EQ(sigtimedwait(&set, NULL, &(struct timespec){0, 0}), -1);
    CHECK_OK(mq_notify(queue, NULL));
    CHECK_OK(mq_send(queue, "x", 1, 0)); // not empty any more: no signal
    CHECK_OK(mq_notify(queue, &event));
    CHECK_OK(mq_send(queue, "y", 1, 0));
    CHECK_EQ(sigtimedwait(&set, NULL, &(struct timespec){0, 0}), -1);
    CHECK_OK(mq_notify(queue, NULL));
    IN_CHILD(pid) CHECK_OK(mq_notify(queue, &none)); // goes with its process
    CHECK_EXIT(pid, 0);
    CHECK_OK(mq_notify(queue, &event));
    mqd_t again = mq_open(name, O_RDONLY);
    CHECK_OK(mq_close(again)); // any close by the owner ends it
    CHECK_OK(mq_notify(queue, &event));
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    close(fds[0]), close(fds[1]);
    remove_queue(queue);
}

TEST(full_queue_and_modes)
{
    char text[16];
    pid_t pid;
    mqd_t queue = open_queue(O_RDWR | O_CREAT | O_EXCL, 1, 16);
    if (missing(queue)) return;
    mqd_t reader = mq_open(name, O_RDONLY), writer = mq_open(name, O_WRONLY | O_NONBLOCK);
    CHECK_ERRNO(mq_send(reader, "x", 1, 0), EBADF);
    CHECK_ERRNO(mq_receive(writer, text, 16, NULL), EBADF);
    CHECK_ERRNO(mq_receive(1, text, 16, NULL), EBADF);
    CHECK_OK(mq_send(queue, "a", 1, 0));
    CHECK_ERRNO(mq_timedsend(queue, "b", 1, 0, &(struct timespec){1, 0}), ETIMEDOUT);
    CHECK_ERRNO(mq_timedsend(queue, "b", 1, 0, &(struct timespec){1, -1}), EINVAL);
    CHECK_ERRNO(mq_send(writer, "b", 1, 0), EAGAIN);
    struct mq_attr old, now = {.mq_flags = 0};
    CHECK_OK(mq_setattr(writer, &now, &old));
    CHECK_EQ(old.mq_flags, O_NONBLOCK);
    CHECK_OK(mq_getattr(writer, &now));
    CHECK_EQ(now.mq_flags, 0);
    now.mq_flags = O_APPEND;
    CHECK_ERRNO(mq_setattr(writer, &now, NULL), EINVAL);
    IN_CHILD(pid) CHECK_OK(mq_send(writer, "b", 1, 0));
    wait_until_blocked(pid);
    CHECK_EQ(mq_receive(reader, text, 16, NULL), 1);
    CHECK_EXIT(pid, 0);
    CHECK_EQ(mq_receive(reader, text, 16, NULL), 1);
    CHECK_EQ(text[0], 'b');
    CHECK(fcntl(queue, F_GETFD) & FD_CLOEXEC);
    CHECK_OK(mq_unlink(name)); // lives on while it is open
    CHECK_OK(mq_send(writer, "c", 1, 0));
    CHECK_EQ(mq_receive(reader, text, 16, NULL), 1);
    CHECK_OK(mq_close(reader));
    CHECK_OK(mq_close(writer));
    CHECK_OK(mq_close(queue));
}

TEST(limits)
{
    struct mq_attr large = {.mq_maxmsg = 10, .mq_msgsize = 8192};
    char other[64];
    pid_t pid;
    mqd_t queue = open_queue(O_RDWR | O_CREAT | O_EXCL, 4, 16);
    if (missing(queue)) return;
    IN_CHILD(pid) {
        struct rlimit limit = {1000, 1000};
        CHECK_OK(setrlimit(RLIMIT_MSGQUEUE, &limit));
        CHECK_ERRNO(mq_open("/guest-test-more", O_RDWR | O_CREAT | O_EXCL, 0600, &large), EMFILE);
        become_nobody();
        large.mq_maxmsg = 70000;
        CHECK_ERRNO(mq_open("/guest-test-more", O_RDWR | O_CREAT | O_EXCL, 0600, &large), EINVAL);
    }
    CHECK_EXIT(pid, 0);
    if (is_root()) {
        IN_CHILD(pid) {
            become_nobody();
            CHECK_ERRNO(mq_open(name, O_RDONLY), EACCES);
            CHECK_ERRNO(syscall(SYS_mq_unlink, name + 1), EPERM); // the directory is sticky; the C library says EACCES
        }
        CHECK_EXIT(pid, 0);
    }
    memset(other, 'n', sizeof other);
    CHECK_ERRNO(syscall(SYS_mq_open, "", O_RDWR, 0, NULL), ENOENT);
    CHECK_ERRNO(syscall(SYS_mq_open, "..", O_RDWR, 0, NULL), EACCES);
    CHECK_ERRNO(syscall(SYS_mq_open, BAD_POINTER, O_RDWR, 0, NULL), EFAULT);
    remove_queue(queue);
}

TEST(errors)
{
    mqd_t queue = open_queue(O_RDWR | O_CREAT | O_EXCL, 4, 16);
    if (missing(queue)) return;
    CHECK_ERRNO(open_queue(O_RDWR | O_CREAT | O_EXCL, 4, 16), EEXIST);
    CHECK_ERRNO(mq_open("/none-such-queue", O_RDWR), ENOENT);
    CHECK_ERRNO(mq_open("no-slash", O_RDWR), EINVAL);
    CHECK_ERRNO(mq_open("/two/slashes", O_RDWR | O_CREAT, 0600, NULL), EACCES);
    remove_queue(queue);
    CHECK_ERRNO(mq_unlink(name), ENOENT);
    CHECK_ERRNO(open_queue(O_RDWR | O_CREAT, 0, 16), EINVAL);
}
