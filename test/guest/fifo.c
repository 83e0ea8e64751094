// fifo(7): opening waits for the other side, then it is a pipe with a name.
#include "guest.h"

static void make(void) { CHECK_OK(mkfifo("p", 0600)); }
static void remove_it(void) { CHECK_OK(unlink("p")); }
static void ignore(int signal) { (void)signal; }

TEST(open_waits_for_the_other_side)
{
    pid_t pid;
    char text[8] = {0};
    make();
    IN_CHILD(pid) {
        int fd = CHECK_OK(open("p", O_WRONLY));
        CHECK_EQ(write(fd, "hi", 2), 2);
    }
    wait_until_blocked(pid); // no reader yet
    int fd = CHECK_OK(open("p", O_RDONLY));
    CHECK_EQ(read(fd, text, sizeof text), 2);
    CHECK_STR(text, "hi");
    CHECK_EQ(read(fd, text, sizeof text), 0);
    CHECK_EXIT(pid, 0);
    CHECK_OK(close(fd));
    IN_CHILD(pid) {
        int in = CHECK_OK(open("p", O_RDONLY));
        CHECK_EQ(read(in, text, sizeof text), 3);
    }
    wait_until_blocked(pid);
    fd = CHECK_OK(open("p", O_WRONLY));
    CHECK_EQ(write(fd, "abc", 3), 3);
    CHECK_EXIT(pid, 0);
    CHECK_OK(close(fd));
    remove_it();
}

// Each side's open ends when the other's begins, and neither may be forgotten by then.
static void meet(int writes, int calls)
{
    char text[4];
    while (calls-- > 0) getppid(); // programs that make many calls may have the next one taken another way
    int fd = CHECK_OK(open("p", writes ? O_WRONLY : O_RDONLY));
    if (writes) CHECK_EQ(write(fd, "hi", 2), 2);
    else {
        CHECK_EQ(read(fd, text, 2), 2);
        CHECK_EQ(read(fd, text, 2), 0);
    }
    CHECK_OK(close(fd));
}

TEST(rendezvous)
{
    pid_t pid;
    make();
    IN_CHILD(pid) {
        for (int i = 0; i < 3000; i++) meet(i & 1, 20 + i % 37); // in turns: a writer that comes again at once may find the old reader
    }
    for (int i = 0; i < 3000; i++) meet(~i & 1, 20 + i % 41);
    CHECK_EXIT(pid, 0);
    remove_it();
}

TEST(nonblocking_open)
{
    char byte;
    make();
    CHECK_ERRNO(open("p", O_WRONLY | O_NONBLOCK), ENXIO);
    int in = CHECK_OK(open("p", O_RDONLY | O_NONBLOCK));
    CHECK_EQ(read(in, &byte, 1), 0); // no writer: end of file, not EAGAIN
    int out = CHECK_OK(open("p", O_WRONLY | O_NONBLOCK));
    CHECK_ERRNO(read(in, &byte, 1), EAGAIN);
    CHECK_EQ(write(out, "x", 1), 1);
    CHECK_EQ(read(in, &byte, 1), 1);
    CHECK_OK(close(out));
    CHECK_EQ(read(in, &byte, 1), 0);
    CHECK_OK(close(in));
    remove_it();
}

TEST(read_write_open_never_waits)
{
    char byte;
    make();
    int fd = CHECK_OK(open("p", O_RDWR)); // fifo(7): Linux allows it
    CHECK_EQ(write(fd, "x", 1), 1);
    CHECK_EQ(read(fd, &byte, 1), 1);
    CHECK_ERRNO(lseek(fd, 0, SEEK_SET), ESPIPE);
    CHECK_OK(close(fd));
    remove_it();
}

TEST(contents_die_with_the_last_close)
{
    char byte;
    make();
    int fd = CHECK_OK(open("p", O_RDWR));
    CHECK_EQ(write(fd, "x", 1), 1);
    CHECK_OK(close(fd));
    fd = CHECK_OK(open("p", O_RDWR | O_NONBLOCK));
    CHECK_ERRNO(read(fd, &byte, 1), EAGAIN);
    CHECK_OK(close(fd));
    remove_it();
}

TEST(unlinked_name)
{
    char byte;
    make();
    int fd = CHECK_OK(open("p", O_RDWR));
    remove_it();
    CHECK_EQ(write(fd, "x", 1), 1);
    CHECK_EQ(read(fd, &byte, 1), 1);
    CHECK_OK(close(fd));
    CHECK_ERRNO(open("p", O_RDWR), ENOENT);
}

TEST(interrupted_open)
{
    pid_t pid;
    make();
    IN_CHILD(pid) {
        struct sigaction action = {.sa_handler = ignore};
        sigaction(SIGUSR1, &action, NULL);
        CHECK_ERRNO(open("p", O_RDONLY), EINTR);
    }
    wait_until_blocked(pid);
    CHECK_OK(kill(pid, SIGUSR1));
    CHECK_EXIT(pid, 0);
    remove_it();
}

TEST(poll_states)
{
    make();
    int in = CHECK_OK(open("p", O_RDONLY | O_NONBLOCK));
    struct pollfd p = {in, POLLIN};
    CHECK_EQ(poll(&p, 1, 0), 0); // never had a writer: no hang-up
    int out = CHECK_OK(open("p", O_WRONLY));
    CHECK_EQ(poll(&p, 1, 0), 0);
    CHECK_EQ(write(out, "x", 1), 1);
    CHECK_EQ(poll(&p, 1, 0), 1);
    CHECK_EQ(p.revents, POLLIN);
    CHECK_OK(close(out));
    CHECK_EQ(poll(&p, 1, 0), 1);
    CHECK_EQ(p.revents, POLLIN | POLLHUP);
    CHECK_OK(close(in));
    remove_it();
}

TEST(permission)
{
    pid_t pid;
    make();
    CHECK_OK(chmod("p", 0));
    IN_CHILD(pid) {
        become_nobody();
        CHECK_ERRNO(open("p", O_RDONLY | O_NONBLOCK), EACCES);
        CHECK_ERRNO(open("p", O_RDWR), EACCES);
    }
    CHECK_EXIT(pid, 0);
    CHECK_ERRNO(mkfifo("p", 0600), EEXIST);
    remove_it();
}
