// inotify(7): the events of a directory and of a file, in order, merged, and gone with the watch.
#include "guest.h"
#include <sys/inotify.h>

static char buffer[8192] __attribute__((aligned(8)));
static size_t filled, at;

// The next event, NULL when there is none.
static struct inotify_event *next_event(int fd)
{
    if (at >= filled) {
        ssize_t n = read(fd, buffer, sizeof buffer);
        if (n <= 0) return NULL;
        filled = n, at = 0;
    }
    struct inotify_event *event = (void *)(buffer + at);
    at += sizeof *event + event->len;
    return event;
}

static struct inotify_event *expect(int fd, int wd, uint32_t mask, const char *name)
{
    struct inotify_event *event = next_event(fd);
    CHECK(event != NULL);
    if (!event) return NULL;
    CHECK_EQ(event->wd, wd);
    CHECK_EQ(event->mask, mask);
    CHECK_STR(event->len ? event->name : "", name);
    return event;
}

static int begin(void)
{
    filled = at = 0;
    CHECK_OK(mkdir("d", 0755));
    return CHECK_OK(inotify_init1(IN_NONBLOCK));
}

TEST(directory_events)
{
    int fd = begin(), wd = CHECK_OK(inotify_add_watch(fd, "d", IN_ALL_EVENTS));
    CHECK_EQ(wd, 1);
    write_file("d/f", "x");
    expect(fd, wd, IN_CREATE, "f");
    expect(fd, wd, IN_OPEN, "f");
    expect(fd, wd, IN_MODIFY, "f");
    expect(fd, wd, IN_CLOSE_WRITE, "f");
    CHECK_OK(chmod("d/f", 0600));
    expect(fd, wd, IN_ATTRIB, "f");
    CHECK_OK(rename("d/f", "d/g"));
    struct inotify_event *event = expect(fd, wd, IN_MOVED_FROM, "f");
    uint32_t cookie = event ? event->cookie : 0;
    event = expect(fd, wd, IN_MOVED_TO, "g");
    CHECK(cookie != 0 && event && event->cookie == cookie);
    CHECK_OK(unlink("d/g"));
    expect(fd, wd, IN_DELETE, "g");
    CHECK_OK(mkdir("d/sub", 0755));
    expect(fd, wd, IN_CREATE | IN_ISDIR, "sub");
    CHECK_OK(rmdir("d/sub"));
    expect(fd, wd, IN_DELETE | IN_ISDIR, "sub");
    CHECK_OK(rmdir("d"));
    expect(fd, wd, IN_DELETE_SELF, "");
    expect(fd, wd, IN_IGNORED, "");
    CHECK(next_event(fd) == NULL && errno == EAGAIN);
    CHECK_OK(close(fd));
}

TEST(file_events)
{
    char byte;
    int fd = begin();
    write_file("d/f", "x");
    int wd = CHECK_OK(inotify_add_watch(fd, "d/f", IN_ALL_EVENTS));
    int file = CHECK_OK(open("d/f", O_RDONLY));
    CHECK_EQ(read(file, &byte, 1), 1);
    CHECK_OK(close(file));
    expect(fd, wd, IN_OPEN, "");
    expect(fd, wd, IN_ACCESS, "");
    expect(fd, wd, IN_CLOSE_NOWRITE, "");
    CHECK_OK(unlink("d/f"));
    expect(fd, wd, IN_ATTRIB, ""); // the link count changed
    expect(fd, wd, IN_DELETE_SELF, "");
    expect(fd, wd, IN_IGNORED, "");
    CHECK_OK(close(fd));
    CHECK_OK(rmdir("d"));
}

TEST(same_events_merge)
{
    int fd = begin();
    write_file("d/f", "");
    int wd = CHECK_OK(inotify_add_watch(fd, "d/f", IN_MODIFY));
    int file = CHECK_OK(open("d/f", O_WRONLY));
    for (int i = 0; i < 5; i++) CHECK_EQ(write(file, "x", 1), 1);
    expect(fd, wd, IN_MODIFY, "");
    CHECK(next_event(fd) == NULL);
    CHECK_OK(close(file));
    CHECK_OK(close(fd));
    CHECK_OK(unlink("d/f"));
    CHECK_OK(rmdir("d"));
}

TEST(masks)
{
    int fd = begin(), wd = CHECK_OK(inotify_add_watch(fd, "d", IN_CREATE | IN_ONESHOT));
    write_file("d/a", "x");
    write_file("d/b", "x");
    expect(fd, wd, IN_CREATE, "a");
    expect(fd, wd, IN_IGNORED, "");
    CHECK(next_event(fd) == NULL);
    int again = CHECK_OK(inotify_add_watch(fd, "d", IN_DELETE));
    CHECK_EQ(inotify_add_watch(fd, "d", IN_CREATE | IN_MASK_ADD), again); // the same inode, the same watch
    CHECK_OK(unlink("d/a"));
    expect(fd, again, IN_DELETE, "a");
    write_file("d/c", "x");
    expect(fd, again, IN_CREATE, "c");
    CHECK_ERRNO(inotify_add_watch(fd, "d", IN_CREATE | IN_MASK_CREATE), EEXIST);
    CHECK_OK(inotify_rm_watch(fd, again));
    expect(fd, again, IN_IGNORED, "");
    CHECK_OK(unlink("d/b"));
    CHECK(next_event(fd) == NULL);
    CHECK_ERRNO(inotify_rm_watch(fd, again), EINVAL);
    CHECK_OK(close(fd));
    CHECK_OK(unlink("d/c"));
    CHECK_OK(rmdir("d"));
}

TEST(blocking_and_poll)
{
    pid_t pid;
    struct pollfd p;
    filled = at = 0;
    CHECK_OK(mkdir("d", 0755));
    int fd = CHECK_OK(inotify_init1(IN_CLOEXEC));
    CHECK_OK(inotify_add_watch(fd, "d", IN_CREATE));
    p = (struct pollfd){fd, POLLIN};
    CHECK_EQ(poll(&p, 1, 0), 0);
    IN_CHILD(pid) write_file("d/f", "");
    CHECK_EQ(poll(&p, 1, 10000), 1);
    CHECK_ERRNO(read(fd, buffer, 8), EINVAL); // too small for the event
    expect(fd, 1, IN_CREATE, "f");
    CHECK_EXIT(pid, 0);
    CHECK_OK(close(fd));
    CHECK_OK(unlink("d/f"));
    CHECK_OK(rmdir("d"));
}

TEST(errors)
{
    int fd = begin(), null = CHECK_OK(open("/dev/null", O_RDONLY));
    CHECK_ERRNO(inotify_init1(0x100000), EINVAL);
    CHECK_ERRNO(inotify_add_watch(fd, "none", IN_CREATE), ENOENT);
    CHECK_ERRNO(inotify_add_watch(fd, "d", 0), EINVAL);
    CHECK_ERRNO(inotify_add_watch(-1, "d", IN_CREATE), EBADF);
    CHECK_ERRNO(inotify_add_watch(null, "d", IN_CREATE), EINVAL);
    CHECK_ERRNO(inotify_add_watch(fd, "/dev/null", IN_CREATE | IN_ONLYDIR), ENOTDIR);
    CHECK_ERRNO(inotify_rm_watch(fd, 99), EINVAL);
    CHECK_OK(close(null));
    CHECK_OK(close(fd));
    CHECK_OK(rmdir("d"));
}
