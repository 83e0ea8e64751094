// pipe(7), splice(2), tee(2), vmsplice(2), sendfile(2), copy_file_range(2).
#include "guest.h"
#include <sys/ioctl.h>
#include <sys/sendfile.h>

static int ends[2];
static void open_pipe(int flags) { CHECK_OK(pipe2(ends, flags)); }
static void close_pipe(void)
{
    CHECK_OK(close(ends[0]));
    CHECK_OK(close(ends[1]));
}
static void ignore(int signal) { (void)signal; }

TEST(bytes_in_order)
{
    char text[16] = {0};
    int waiting;
    open_pipe(O_CLOEXEC);
    CHECK_EQ(fcntl(ends[0], F_GETFD), FD_CLOEXEC);
    CHECK_EQ(write(ends[1], "hello", 5), 5);
    CHECK_EQ(write(ends[1], "world", 5), 5);
    CHECK_OK(ioctl(ends[0], FIONREAD, &waiting));
    CHECK_EQ(waiting, 10);
    CHECK_EQ(read(ends[0], text, 7), 7);
    CHECK_STR(text, "hellowo");
    CHECK_EQ(read(ends[0], text, sizeof text), 3); // a short read, no waiting
    CHECK_ERRNO(read(ends[1], text, 1), EBADF);
    CHECK_ERRNO(write(ends[0], text, 1), EBADF);
    close_pipe();
    CHECK_ERRNO(pipe2(ends, 0x40000000), EINVAL);
    CHECK_ERRNO(syscall(SYS_pipe2, BAD_POINTER, 0), EFAULT);
}

TEST(end_of_file)
{
    char byte;
    open_pipe(0);
    CHECK_EQ(write(ends[1], "x", 1), 1);
    CHECK_OK(close(ends[1]));
    CHECK_EQ(read(ends[0], &byte, 1), 1);
    CHECK_EQ(read(ends[0], &byte, 1), 0);
    CHECK_EQ(read(ends[0], &byte, 1), 0);
    CHECK_OK(close(ends[0]));
}

TEST(broken_pipe)
{
    pid_t pid;
    open_pipe(0);
    CHECK_OK(close(ends[0]));
    IN_CHILD(pid) {
        signal(SIGPIPE, SIG_DFL);
        (void)!write(ends[1], "x", 1);
    }
    CHECK_KILLED(pid, SIGPIPE);
    signal(SIGPIPE, SIG_IGN);
    CHECK_ERRNO(write(ends[1], "x", 1), EPIPE);
    CHECK_EQ(write(ends[1], "x", 0), 0);
    signal(SIGPIPE, SIG_DFL);
    CHECK_OK(close(ends[1]));
}

TEST(capacity)
{
    static char data[70000];
    open_pipe(O_NONBLOCK);
    CHECK_ERRNO(read(ends[0], data, 1), EAGAIN);
    CHECK_EQ(write(ends[1], data, sizeof data), 65536); // pipe(7)
    CHECK_ERRNO(write(ends[1], data, 1), EAGAIN);
    CHECK_EQ(read(ends[0], data, PAGE), PAGE);
    // At most PIPE_BUF bytes go as a whole or not at all; more may go in part.
    CHECK_EQ(write(ends[1], data, PIPE_BUF), PIPE_BUF);
    CHECK_ERRNO(write(ends[1], data, PIPE_BUF), EAGAIN);
    CHECK_EQ(read(ends[0], data, 100), 100);
    CHECK_ERRNO(write(ends[1], data, PIPE_BUF), EAGAIN);
    close_pipe();
}

TEST(nothing_is_looked_at_when_there_is_no_room)
{
    static char block[65536];
    ssize_t n;
    open_pipe(O_NONBLOCK);
    while ((n = write(ends[1], block, sizeof block)) > 0) { }
    CHECK_EQ(errno, EAGAIN);
    CHECK_ERRNO(write(ends[1], BAD_POINTER, sizeof block), EAGAIN);
    CHECK_EQ(read(ends[0], block, 8192), 8192);
    CHECK_ERRNO(write(ends[1], BAD_POINTER, sizeof block), EFAULT);
    CHECK_EQ(write(ends[1], block, sizeof block), 8192);
    close_pipe();
    signal(SIGPIPE, SIG_IGN);
    open_pipe(O_NONBLOCK);
    while (write(ends[1], block, sizeof block) > 0) { }
    CHECK_OK(close(ends[0]));
    CHECK_ERRNO(write(ends[1], BAD_POINTER, sizeof block), EPIPE);
    CHECK_OK(close(ends[1]));
}

TEST(small_writes_are_atomic)
{
    enum { WRITERS = 4, ROUNDS = 100, SIZE = 1000 };
    pid_t pid[WRITERS];
    char block[SIZE];
    int blocks = 0;
    size_t filled = 0;
    ssize_t n;
    open_pipe(0);
    for (int w = 0; w < WRITERS; w++) {
        IN_CHILD(pid[w]) {
            memset(block, 'A' + w, SIZE);
            for (int i = 0; i < ROUNDS; i++) CHECK_EQ(write(ends[1], block, SIZE), SIZE);
        }
    }
    CHECK_OK(close(ends[1]));
    while ((n = read(ends[0], block + filled, SIZE - filled)) > 0) {
        if ((filled += n) < SIZE) continue;
        for (int i = 1; i < SIZE; i++)
            if (block[i] != block[0]) { CHECK(!"blocks are mixed"); break; }
        filled = 0;
        blocks++;
    }
    CHECK_EQ(blocks, WRITERS * ROUNDS);
    for (int w = 0; w < WRITERS; w++) CHECK_EXIT(pid[w], 0);
    CHECK_OK(close(ends[0]));
}

TEST(blocking_write_waits_for_reader)
{
    static char data[200000];
    pid_t pid;
    size_t total = 0;
    ssize_t n;
    open_pipe(0);
    IN_CHILD(pid) CHECK_EQ(write(ends[1], data, sizeof data), sizeof data);
    CHECK_OK(close(ends[1]));
    wait_until_blocked(pid);
    while ((n = read(ends[0], data, 9999)) > 0) total += n;
    CHECK_EQ(total, sizeof data);
    CHECK_EXIT(pid, 0);
    CHECK_OK(close(ends[0]));
}

TEST(interrupted_write_tells_what_was_written)
{
    static char data[100000];
    pid_t pid;
    open_pipe(0);
    IN_CHILD(pid) {
        struct sigaction action = {.sa_handler = ignore};
        sigaction(SIGUSR1, &action, NULL);
        CHECK_EQ(write(ends[1], data, sizeof data), 65536);
        CHECK_ERRNO(write(ends[1], data, 1), EINTR);
    }
    wait_until_blocked(pid);
    CHECK_OK(kill(pid, SIGUSR1));
    // The second write blocks too, sooner or later: keep interrupting until the child is done.
    siginfo_t info = {0};
    while (waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0) {
        kill(pid, SIGUSR1);
        sched_yield();
    }
    CHECK_EXIT(pid, 0);
    close_pipe();
}

TEST(packet_mode)
{
    char text[16];
    int packets[2];
    CHECK_OK(pipe2(packets, O_DIRECT));
    CHECK_EQ(write(packets[1], "abcdef", 6), 6);
    CHECK_EQ(write(packets[1], "gh", 2), 2);
    CHECK_EQ(read(packets[0], text, 3), 3); // the rest of the packet is lost
    CHECK_EQ(read(packets[0], text, sizeof text), 2);
    CHECK(memcmp(text, "gh", 2) == 0);
    CHECK_OK(close(packets[0]));
    CHECK_OK(close(packets[1]));
}

TEST(splice_and_tee)
{
    char text[32] = {0};
    int other[2];
    loff_t at = 2;
    write_file("f", "0123456789");
    int fd = CHECK_OK(open("f", O_RDWR));
    open_pipe(0);
    CHECK_OK(pipe(other));
    CHECK_EQ(splice(fd, &at, ends[1], NULL, 5, 0), 5);
    CHECK_EQ(at, 7);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
    CHECK_EQ(tee(ends[0], other[1], 100, 0), 5); // copies and does not consume
    CHECK_EQ(read(other[0], text, sizeof text), 5);
    CHECK(memcmp(text, "23456", 5) == 0);
    at = 8;
    CHECK_EQ(splice(ends[0], NULL, fd, &at, 100, 0), 5);
    CHECK_EQ(pread(fd, text, sizeof text, 0), 13);
    CHECK(memcmp(text, "0123456723456", 13) == 0);
    CHECK_EQ(write(ends[1], "pp", 2), 2);
    CHECK_EQ(splice(ends[0], NULL, other[1], NULL, 100, 0), 2);
    CHECK_EQ(read(other[0], text, sizeof text), 2);
    CHECK_ERRNO(splice(fd, NULL, fd, NULL, 1, 0), EINVAL); // one side must be a pipe
    CHECK_ERRNO(splice(ends[0], &at, other[1], NULL, 1, 0), ESPIPE);
    CHECK_ERRNO(splice(ends[0], NULL, other[1], NULL, 1, SPLICE_F_NONBLOCK), EAGAIN);
    CHECK_ERRNO(tee(fd, other[1], 1, 0), EINVAL);
    CHECK_ERRNO(splice(-1, NULL, ends[1], NULL, 1, 0), EBADF);
    CHECK_OK(close(other[0]));
    CHECK_OK(close(other[1]));
    close_pipe();
    CHECK_OK(close(fd));
    CHECK_OK(unlink("f"));
}

TEST(vmsplice_both_ways)
{
    char text[8] = {0};
    struct iovec io = {"vmdata", 6}, in = {text, 6};
    open_pipe(0);
    CHECK_EQ(vmsplice(ends[1], &io, 1, 0), 6);
    CHECK_EQ(vmsplice(ends[0], &in, 1, 0), 6);
    CHECK_STR(text, "vmdata");
    CHECK_ERRNO(vmsplice(-1, &io, 1, 0), EBADF);
    close_pipe();
}

TEST(sendfile_to_pipe_and_file)
{
    char text[16] = {0};
    off_t at = 3;
    write_file("f", "0123456789");
    int fd = CHECK_OK(open("f", O_RDONLY)), out = CHECK_OK(open("g", O_RDWR | O_CREAT, 0600));
    open_pipe(0);
    CHECK_EQ(sendfile(ends[1], fd, &at, 4), 4);
    CHECK_EQ(at, 7);
    CHECK_EQ(read(ends[0], text, sizeof text), 4);
    CHECK(memcmp(text, "3456", 4) == 0);
    CHECK_EQ(sendfile(out, fd, NULL, 100), 10);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 10);
    CHECK_EQ(sendfile(out, fd, NULL, 100), 0);
    CHECK_EQ(pread(out, text, sizeof text, 0), 10);
    CHECK_ERRNO(sendfile(fd, out, NULL, 1), EBADF);
    CHECK_ERRNO(sendfile(out, ends[0], NULL, 1), EINVAL);
    close_pipe();
    CHECK_OK(close(fd));
    CHECK_OK(close(out));
    CHECK_OK(unlink("f"));
    CHECK_OK(unlink("g"));
}

TEST(copy_range)
{
    char text[16] = {0};
    loff_t from = 2, to = 1;
    write_file("f", "0123456789");
    int fd = CHECK_OK(open("f", O_RDWR)), out = CHECK_OK(open("g", O_RDWR | O_CREAT, 0600));
    CHECK_EQ(copy_file_range(fd, &from, out, &to, 4, 0), 4);
    CHECK(from == 6 && to == 5);
    CHECK_EQ(copy_file_range(fd, NULL, out, NULL, 1, 0), 1);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 1);
    CHECK_EQ(pread(out, text, sizeof text, 0), 5);
    CHECK(memcmp(text, "02345", 5) == 0);
    from = 100;
    CHECK_EQ(copy_file_range(fd, &from, out, NULL, 10, 0), 0); // beyond the end
    from = 0, to = 2;
    CHECK_ERRNO(copy_file_range(fd, &from, fd, &to, 5, 0), EINVAL); // overlap
    CHECK_ERRNO(copy_file_range(fd, NULL, out, NULL, 1, 1), EINVAL);
    open_pipe(0);
    CHECK_ERRNO(copy_file_range(fd, NULL, ends[1], NULL, 1, 0), EINVAL);
    close_pipe();
    CHECK_OK(close(fd));
    CHECK_OK(close(out));
    CHECK_OK(unlink("f"));
    CHECK_OK(unlink("g"));
}
