// pty(7), termios(3), tty_ioctl(4): pseudo-terminals and the line discipline.
#include "guest.h"
#include <sys/ioctl.h>
#include <termios.h>

static int master, slave;

static void begin(void)
{
    master = CHECK_OK(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    CHECK_EQ(grantpt(master), 0);
    CHECK_EQ(unlockpt(master), 0);
    slave = CHECK_OK(open(ptsname(master), O_RDWR | O_NOCTTY));
}
static void end(void)
{
    CHECK_OK(close(slave));
    CHECK_OK(close(master));
}
static void set_flags(tcflag_t clear, tcflag_t set)
{
    struct termios t;
    CHECK_OK(tcgetattr(slave, &t));
    t.c_lflag = (t.c_lflag & ~clear) | set;
    CHECK_OK(tcsetattr(slave, TCSANOW, &t));
}
static void type(const char *text) { CHECK_EQ(write(master, text, strlen(text)), strlen(text)); }
static void put(const char *text) { CHECK_EQ(write(slave, text, strlen(text)), strlen(text)); }

// Reads exactly what is expected; it has been written before, so this never waits for long.
static void expect(int fd, const char *expected)
{
    char text[256] = {0};
    size_t got = 0, want = strlen(expected);
    struct pollfd p = {fd, POLLIN};
    while (got < want && poll(&p, 1, 5000) == 1) {
        ssize_t n = read(fd, text + got, want - got);
        if (n <= 0) break;
        got += n;
    }
    CHECK_STR(text, expected);
}
static void expect_nothing(int fd)
{
    struct pollfd p = {fd, POLLIN};
    CHECK_EQ(poll(&p, 1, 0), 0);
}

// Linux moves input through the line discipline in a worker: what was typed need not be there when write(2) returns.
static void wait_readable(int fd)
{
    struct pollfd p = {fd, POLLIN};
    CHECK_EQ(poll(&p, 1, 5000), 1);
}

TEST(names)
{
    struct stat st;
    char expected[32];
    unsigned number;
    begin();
    CHECK_OK(ioctl(master, TIOCGPTN, &number));
    snprintf(expected, sizeof expected, "/dev/pts/%u", number);
    CHECK_STR(ptsname(master), expected);
    CHECK_OK(fstat(slave, &st));
    CHECK(S_ISCHR(st.st_mode));
    CHECK_EQ(st.st_rdev >> 8 & 0xfff, 136);
    CHECK_EQ(st.st_uid, getuid());
    CHECK_EQ(isatty(slave), 1);
    CHECK_EQ(isatty(master), 1);
    CHECK_STR(ttyname(slave), expected);
    int peer = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY);
    CHECK_OK(peer);
    CHECK_STR(ttyname(peer), expected);
    CHECK_OK(close(peer));
    end();
    CHECK_ERRNO(stat(expected, &st), ENOENT);
}

TEST(locked_until_unlocked)
{
    int m = CHECK_OK(posix_openpt(O_RDWR | O_NOCTTY));
    CHECK_ERRNO(open(ptsname(m), O_RDWR | O_NOCTTY), EIO);
    CHECK_OK(close(m));
}

TEST(default_settings)
{
    struct termios t;
    begin();
    CHECK_OK(tcgetattr(slave, &t));
    CHECK_EQ(t.c_lflag & (ICANON | ECHO | ISIG | IEXTEN), ICANON | ECHO | ISIG | IEXTEN);
    CHECK_EQ(t.c_iflag & ICRNL, ICRNL);
    CHECK_EQ(t.c_oflag & (OPOST | ONLCR), OPOST | ONLCR);
    CHECK_EQ(t.c_cc[VINTR], 3);
    CHECK_EQ(t.c_cc[VEOF], 4);
    CHECK_EQ(t.c_cc[VERASE], 0x7f);
    CHECK_EQ(t.c_cc[VKILL], 21);
    CHECK_EQ(t.c_cc[VSUSP], 26);
    CHECK_EQ(cfgetospeed(&t), B38400);
    end();
}

TEST(canonical)
{
    char text[32];
    begin();
    set_flags(ECHO, 0);
    type("abc");
    expect_nothing(slave); // no line yet
    type("\ndef\n");
    CHECK_EQ(read(slave, text, sizeof text), 4); // one line at a time
    CHECK(memcmp(text, "abc\n", 4) == 0);
    CHECK_EQ(read(slave, text, 2), 2); // and in parts
    CHECK_EQ(read(slave, text, sizeof text), 2);
    type("x\r"); // ICRNL
    expect(slave, "x\n");
    type("abX\x7f" "c\n"); // erase
    expect(slave, "abc\n");
    type("junk\x15ok\n"); // kill
    expect(slave, "ok\n");
    type("one two\x17three\n"); // word erase
    expect(slave, "one three\n");
    type("a\x16\x04" "b\n"); // literal next
    expect(slave, "a\x04" "b\n");
    type("part\x04"); // end of file pushes what is there
    CHECK_EQ(read(slave, text, sizeof text), 4);
    type("\x04"); // and with nothing there is an end of file
    CHECK_EQ(read(slave, text, sizeof text), 0);
    type("again\n"); // which does not last
    expect(slave, "again\n");
    end();
}

TEST(echo_and_output)
{
    begin();
    type("hi\n");
    expect(master, "hi\r\n");
    expect(slave, "hi\n");
    type("a\x7f");
    expect(master, "a\b \b");
    type("\x01\n"); // ECHOCTL
    expect(master, "^A\r\n");
    expect(slave, "\x01\n");
    put("line\n");
    expect(master, "line\r\n"); // ONLCR
    struct termios t;
    CHECK_OK(tcgetattr(slave, &t));
    t.c_oflag &= ~OPOST;
    CHECK_OK(tcsetattr(slave, TCSADRAIN, &t));
    put("raw\n");
    expect(master, "raw\n");
    expect_nothing(master);
    end();
}

TEST(raw)
{
    char text[16];
    struct termios t;
    begin();
    CHECK_OK(tcgetattr(slave, &t));
    cfmakeraw(&t);
    CHECK_OK(tcsetattr(slave, TCSANOW, &t));
    type("a\r\x03\x04");
    expect(slave, "a\r\x03\x04");
    expect_nothing(master);
    // termios(3): MIN = 0, TIME = 0 polls; MIN = 0, TIME = 1 waits a tenth of a second; MIN = 3 waits for three.
    t.c_cc[VMIN] = 0;
    CHECK_OK(tcsetattr(slave, TCSANOW, &t));
    CHECK_EQ(read(slave, text, 1), 0);
    t.c_cc[VTIME] = 1;
    CHECK_OK(tcsetattr(slave, TCSANOW, &t));
    int64_t start = now_ns(CLOCK_MONOTONIC);
    CHECK_EQ(read(slave, text, 1), 0);
    CHECK(now_ns(CLOCK_MONOTONIC) - start >= 90000000);
    t.c_cc[VMIN] = 3;
    t.c_cc[VTIME] = 0;
    CHECK_OK(tcsetattr(slave, TCSANOW, &t));
    type("xy");
    pid_t pid;
    IN_CHILD(pid) CHECK_EQ(read(slave, text, 16), 3);
    wait_until_blocked(pid);
    type("z");
    CHECK_EXIT(pid, 0);
    end();
}

TEST(modes_and_counts)
{
    int waiting;
    begin();
    set_flags(ECHO, 0);
    type("abc\nde");
    wait_readable(slave);
    CHECK_OK(ioctl(slave, FIONREAD, &waiting));
    CHECK(waiting >= 4);
    set_flags(ICANON, 0); // the partial line becomes readable
    expect(slave, "abc\nde");
    type("gone");
    wait_readable(slave);
    CHECK_OK(tcflush(slave, TCIFLUSH));
    expect_nothing(slave);
    CHECK_OK(tcdrain(slave));
    CHECK_OK(tcsendbreak(slave, 0));
    int fd = CHECK_OK(open("/dev/null", O_RDWR));
    struct termios t;
    CHECK_ERRNO(tcgetattr(fd, &t), ENOTTY);
    CHECK_ERRNO(ioctl(fd, TIOCGWINSZ, &t), ENOTTY);
    CHECK_ERRNO(ioctl(slave, TCGETS, BAD_POINTER), EFAULT);
    CHECK_OK(close(fd));
    end();
}

static volatile int winch;
static void on_winch(int signal) { winch += signal == SIGWINCH; }

TEST(window_size)
{
    struct winsize w = {25, 81, 0, 0}, got;
    pid_t pid;
    int ready[2];
    begin();
    CHECK_OK(ioctl(slave, TIOCGWINSZ, &got));
    CHECK(got.ws_row == 0 && got.ws_col == 0);
    CHECK_OK(pipe(ready));
    IN_CHILD(pid) {
        // The signal goes to the terminal's foreground group.
        sigset_t set;
        CHECK_OK(setsid());
        CHECK_OK(ioctl(slave, TIOCSCTTY, 0));
        sigemptyset(&set);
        sigaddset(&set, SIGWINCH);
        sigprocmask(SIG_BLOCK, &set, NULL);
        signal(SIGWINCH, on_winch);
        pipe_signal(ready[1]);
        int number;
        CHECK_EQ(sigwait(&set, &number), 0);
        CHECK_OK(ioctl(slave, TIOCGWINSZ, &got));
        CHECK(got.ws_row == 25 && got.ws_col == 81);
    }
    pipe_wait(ready[0]);
    CHECK_OK(ioctl(master, TIOCSWINSZ, &w));
    CHECK_EXIT(pid, 0);
    CHECK_OK(close(ready[0]));
    CHECK_OK(close(ready[1]));
    end();
}

TEST(interrupt_key)
{
    static const struct { const char *key; int signal; const char *echo; } keys[] = {
        {"\x03", SIGINT, "^C"}, {"\x1c", SIGQUIT, "^\\"}};
    pid_t pid;
    for (size_t i = 0; i < COUNT(keys); i++) {
        int ready[2];
        begin();
        CHECK_OK(pipe(ready));
        IN_CHILD(pid) {
            struct rlimit none = {0, 0};
            setrlimit(RLIMIT_CORE, &none);
            CHECK_OK(setsid());
            CHECK_OK(ioctl(slave, TIOCSCTTY, 0));
            CHECK_EQ(tcgetpgrp(slave), getpid());
            CHECK_EQ(tcgetsid(slave), getpid());
            CHECK_EQ(tcgetpgrp(master), getpid());
            pipe_signal(ready[1]);
            for (;;) pause();
        }
        pipe_wait(ready[0]);
        type("x");
        expect(master, "x"); // read now: without NOFLSH the key throws away both queues
        type(keys[i].key);
        CHECK_KILLED(pid, keys[i].signal);
        expect(master, keys[i].echo);
        CHECK_OK(close(ready[0]));
        CHECK_OK(close(ready[1]));
        end();
    }
}

TEST(hangup_of_master)
{
    char byte;
    pid_t pid;
    int ready[2];
    begin();
    CHECK_OK(pipe(ready));
    IN_CHILD(pid) {
        CHECK_OK(setsid());
        CHECK_OK(ioctl(slave, TIOCSCTTY, 0));
        CHECK_OK(close(master));
        pipe_signal(ready[1]);
        for (;;) pause();
    }
    pipe_wait(ready[0]);
    CHECK_OK(close(master));
    CHECK_KILLED(pid, SIGHUP);
    CHECK_EQ(read(slave, &byte, 1), 0);
    CHECK_ERRNO(write(slave, "x", 1), EIO);
    CHECK_OK(close(slave));
    CHECK_OK(close(ready[0]));
    CHECK_OK(close(ready[1]));
}

TEST(close_of_slave)
{
    char text[8];
    begin();
    put("bye");
    CHECK_OK(close(slave));
    expect(master, "bye"); // output survives
    CHECK_ERRNO(read(master, text, sizeof text), EIO);
    struct pollfd p = {master, POLLIN};
    CHECK_EQ(poll(&p, 1, 0), 1);
    CHECK(p.revents & POLLHUP);
    slave = CHECK_OK(open(ptsname(master), O_RDWR | O_NOCTTY)); // and it can come back
    type("x\n");
    expect(slave, "x\n");
    end();
}

TEST(controlling_terminal)
{
    pid_t pid;
    begin();
    IN_CHILD(pid) {
        CHECK_OK(setsid());
        CHECK_ERRNO(open("/dev/tty", O_RDWR), ENXIO);
        int fd = CHECK_OK(open(ptsname(master), O_RDWR)); // a leader's first terminal, without O_NOCTTY
        int tty = CHECK_OK(open("/dev/tty", O_RDWR));
        CHECK_EQ(write(tty, "t", 1), 1);
        CHECK_EQ(tcgetpgrp(fd), getpgrp());
        CHECK_ERRNO(tcsetpgrp(fd, 0x3ffffff), ESRCH);
        signal(SIGHUP, SIG_IGN);
        CHECK_OK(ioctl(fd, TIOCNOTTY));
        CHECK_ERRNO(open("/dev/tty", O_RDWR), ENXIO);
    }
    CHECK_EXIT(pid, 0);
    expect(master, "t");
    end();
}

TEST(packet_mode)
{
    char text[8];
    int on = 1;
    begin();
    CHECK_OK(ioctl(master, TIOCPKT, &on));
    put("x");
    CHECK_EQ(read(master, text, sizeof text), 2);
    CHECK(text[0] == TIOCPKT_DATA && text[1] == 'x');
    CHECK_OK(tcflush(slave, TCIOFLUSH));
    CHECK_EQ(read(master, text, sizeof text), 1);
    CHECK(text[0] & TIOCPKT_FLUSHREAD);
    end();
}
