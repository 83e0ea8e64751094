// setsid(2), setpgid(2), tcsetpgrp(3), stop and continue, terminal access from the background, orphaned groups.
#include "guest.h"
#include <sys/ioctl.h>
#include <termios.h>

static void expect_stop(pid_t pid, int signal)
{
    int status;
    CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
    CHECK(WIFSTOPPED(status));
    CHECK_EQ(WSTOPSIG(status), signal);
}

TEST(sessions)
{
    pid_t pid, parent = getpid();
    IN_CHILD(pid) {
        CHECK_EQ(getsid(0), getsid(parent));
        CHECK_EQ(setsid(), getpid());
        CHECK_EQ(getsid(0), getpid());
        CHECK_EQ(getpgrp(), getpid());
        CHECK_ERRNO(setsid(), EPERM); // already a leader
        CHECK_ERRNO(setpgid(0, 0), EPERM);
        CHECK_ERRNO(setpgid(0, getpgid(parent)), EPERM);
    }
    CHECK_EXIT(pid, 0);
    CHECK_ERRNO(getsid(0x3ffffff), ESRCH);
    CHECK_ERRNO(getpgid(0x3ffffff), ESRCH);
}

TEST(groups)
{
    pid_t a, b;
    int hold[2];
    CHECK_OK(pipe(hold));
    IN_CHILD(a) {
        close(hold[1]);
        char byte;
        CHECK_EQ(read(hold[0], &byte, 1), 0);
    }
    CHECK_OK(setpgid(a, 0));
    CHECK_EQ(getpgid(a), a);
    IN_CHILD(b) {
        close(hold[1]);
        CHECK_OK(setpgid(0, a));
        CHECK_EQ(getpgrp(), a);
        CHECK_ERRNO(setpgid(0, getppid() + 100000000), EPERM);
        CHECK_ERRNO(setpgid(0, -1), EINVAL);
    }
    CHECK_EXIT(b, 0);
    CHECK_ERRNO(setpgid(0x3ffffff, 0), ESRCH);
    CHECK_OK(close(hold[1]));
    CHECK_EXIT(a, 0);
    CHECK_OK(close(hold[0]));
}

TEST(kill_group)
{
    pid_t pid[3];
    for (int i = 0; i < 3; i++) {
        IN_CHILD(pid[i]) for (;;) pause();
        CHECK_OK(setpgid(pid[i], pid[0]));
    }
    CHECK_OK(kill(-pid[0], 0));
    CHECK_OK(kill(-pid[0], SIGTERM));
    for (int i = 0; i < 3; i++) CHECK_KILLED(pid[i], SIGTERM);
    CHECK_ERRNO(kill(-pid[0], SIGTERM), ESRCH);
}

TEST(wait_for_group)
{
    pid_t a, b;
    IN_CHILD(a) _exit(1);
    siginfo_t info;
    CHECK_OK(waitid(P_PID, a, &info, WEXITED | WNOWAIT)); // one that has ended can still be moved
    CHECK_OK(setpgid(a, a));
    IN_CHILD(b) _exit(2);
    int status;
    CHECK_EQ(waitpid(-a, &status, 0), a);
    CHECK_ERRNO(waitpid(-a, &status, 0), ECHILD);
    CHECK_EQ(waitpid(0, &status, 0), b); // the caller's own group
}

TEST(setpgid_after_exec_is_refused)
{
    pid_t pid;
    int hold[2], ready[2];
    CHECK_OK(pipe(hold));
    CHECK_OK(pipe2(ready, O_CLOEXEC));
    IN_CHILD(pid) {
        char *argv[] = {"cat", NULL};
        dup2(hold[0], 0);
        close(hold[0]);
        close(hold[1]);
        execv("/bin/cat", argv);
        execv("/proc/self/exe", (char *[]){"job_control", "no such test", NULL});
    }
    char byte;
    CHECK_OK(close(ready[1]));
    CHECK_EQ(read(ready[0], &byte, 1), 0); // closed by the exec
    // setpgid(2): EACCES for a child that has done execve(2); ESRCH only if the helper is gone already.
    CHECK(setpgid(pid, pid) == -1 && (errno == EACCES || errno == ESRCH));
    CHECK_OK(close(hold[0]));
    CHECK_OK(close(hold[1]));
    CHECK_OK(close(ready[0]));
    CHECK_EQ(waitpid(pid, NULL, 0), pid);
}

TEST(stop_and_continue)
{
    pid_t pid;
    int status;
    IN_CHILD(pid) for (;;) pause();
    static const int stops[] = {SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU};
    // The group must not be orphaned for the last three to stop it, and ours, whose parent is this process, may be.
    CHECK_OK(setpgid(pid, pid));
    for (size_t i = 0; i < COUNT(stops); i++) {
        CHECK_OK(kill(pid, stops[i]));
        expect_stop(pid, stops[i]);
        CHECK_EQ(process_state(pid), 'T');
        CHECK_EQ(waitpid(pid, &status, WUNTRACED | WNOHANG), 0); // told once
        CHECK_OK(kill(pid, SIGCONT));
        CHECK_EQ(waitpid(pid, &status, WCONTINUED), pid);
        CHECK(WIFCONTINUED(status));
        CHECK_EQ(status, 0xffff);
    }
    // A stopped process still dies by SIGKILL; other signals wait for SIGCONT.
    CHECK_OK(kill(pid, SIGSTOP));
    expect_stop(pid, SIGSTOP);
    CHECK_OK(kill(pid, SIGTERM));
    CHECK_EQ(waitpid(pid, &status, WNOHANG), 0);
    CHECK_OK(kill(pid, SIGCONT));
    CHECK_KILLED(pid, SIGTERM);
    IN_CHILD(pid) for (;;) pause();
    CHECK_OK(kill(pid, SIGSTOP));
    expect_stop(pid, SIGSTOP);
    CHECK_OK(kill(pid, SIGKILL));
    CHECK_KILLED(pid, SIGKILL);
}

TEST(waitid_codes)
{
    pid_t pid;
    siginfo_t info;
    IN_CHILD(pid) for (;;) pause();
    CHECK_OK(kill(pid, SIGSTOP));
    CHECK_OK(waitid(P_PID, pid, &info, WSTOPPED));
    CHECK(info.si_code == CLD_STOPPED && info.si_status == SIGSTOP && info.si_pid == pid);
    CHECK_OK(kill(pid, SIGCONT));
    CHECK_OK(waitid(P_PID, pid, &info, WCONTINUED));
    CHECK(info.si_code == CLD_CONTINUED && info.si_status == SIGCONT);
    CHECK_OK(kill(pid, SIGKILL));
    CHECK_OK(waitid(P_PID, pid, &info, WEXITED));
    CHECK(info.si_code == CLD_KILLED && info.si_status == SIGKILL);
}

static volatile int continued;
static void on_cont(int signal) { continued = signal; }

TEST(cont_handler)
{
    pid_t pid;
    IN_CHILD(pid) {
        sigset_t set, old;
        sigemptyset(&set);
        sigaddset(&set, SIGCONT);
        sigprocmask(SIG_BLOCK, &set, &old);
        signal(SIGCONT, on_cont);
        raise(SIGSTOP);
        CHECK_EQ(continued, 0); // blocked: it continues all the same, the handler waits
        sigprocmask(SIG_SETMASK, &old, NULL);
        CHECK_EQ(continued, SIGCONT);
    }
    expect_stop(pid, SIGSTOP);
    CHECK_OK(kill(pid, SIGCONT));
    CHECK_EXIT(pid, 0);
}

// Runs the body of a session of its own with a terminal; the session leader plays the shell.
static int master;
static pid_t start_shell(void)
{
    master = CHECK_OK(posix_openpt(O_RDWR | O_NOCTTY));
    CHECK_EQ(grantpt(master), 0);
    CHECK_EQ(unlockpt(master), 0);
    return guest_fork();
}
static int become_shell(void)
{
    CHECK_OK(setsid());
    int tty = CHECK_OK(open(ptsname(master), O_RDWR));
    signal(SIGTTOU, SIG_IGN); // a shell moves the terminal between groups from the background
    return tty;
}

TEST(background_read_and_write)
{
    pid_t shell = start_shell(), job;
    if (shell == 0) {
        char byte;
        int tty = become_shell();
        struct termios t;
        CHECK_OK(tcgetattr(tty, &t));
        t.c_lflag |= TOSTOP;
        CHECK_OK(tcsetattr(tty, TCSANOW, &t));
        int go[2];
        CHECK_OK(pipe(go));
        IN_CHILD(job) {
            signal(SIGTTOU, SIG_DFL);
            pipe_wait(go[0]);
            CHECK_EQ(read(tty, &byte, 1), 1); // stops here until it is in the foreground
            CHECK_EQ(byte, 'x');
        }
        CHECK_OK(setpgid(job, job));
        pipe_signal(go[1]);
        expect_stop(job, SIGTTIN);
        CHECK_OK(tcsetpgrp(tty, job));
        CHECK_EQ(tcgetpgrp(tty), job);
        CHECK_EQ(write(master, "x\n", 2), 2);
        CHECK_OK(kill(job, SIGCONT));
        CHECK_EXIT(job, 0);
        CHECK_OK(tcsetpgrp(tty, getpgrp()));
        IN_CHILD(job) {
            signal(SIGTTOU, SIG_DFL);
            pipe_wait(go[0]);
            CHECK_EQ(write(tty, "o", 1), 1);
        }
        CHECK_OK(setpgid(job, job));
        pipe_signal(go[1]);
        expect_stop(job, SIGTTOU);
        CHECK_OK(tcsetpgrp(tty, job));
        CHECK_OK(kill(job, SIGCONT));
        CHECK_EXIT(job, 0);
        CHECK_OK(tcsetpgrp(tty, getpgrp()));
        _exit(guest_failures != 0);
    }
    CHECK_EXIT(shell, 0);
    CHECK_OK(close(master));
}

TEST(ignored_background_signals)
{
    pid_t shell = start_shell(), job;
    if (shell == 0) {
        char byte;
        int tty = become_shell(), go[2];
        CHECK_OK(pipe(go));
        IN_CHILD(job) {
            pipe_wait(go[0]);
            signal(SIGTTIN, SIG_IGN);
            CHECK_ERRNO(read(tty, &byte, 1), EIO); // SIGTTIN ignored: the read fails
            CHECK_EQ(write(tty, "w", 1), 1);       // SIGTTOU ignored: the write works
            CHECK_OK(tcsetpgrp(tty, getpgrp()));   // and so does taking the terminal
            CHECK_EQ(tcgetpgrp(tty), getpgrp());
        }
        CHECK_OK(setpgid(job, job));
        pipe_signal(go[1]);
        CHECK_EXIT(job, 0);
        _exit(guest_failures != 0);
    }
    CHECK_EXIT(shell, 0);
    CHECK_OK(close(master));
}

TEST(suspend_key)
{
    pid_t shell = start_shell(), job;
    if (shell == 0) {
        int tty = become_shell();
        IN_CHILD(job) for (;;) pause();
        CHECK_OK(setpgid(job, job));
        CHECK_OK(tcsetpgrp(tty, job));
        CHECK_EQ(write(master, "\x1a", 1), 1); // ^Z
        expect_stop(job, SIGTSTP);
        CHECK_OK(tcsetpgrp(tty, getpgrp()));
        CHECK_OK(kill(job, SIGKILL));
        CHECK_KILLED(job, SIGKILL);
        _exit(guest_failures != 0);
    }
    CHECK_EXIT(shell, 0);
    CHECK_OK(close(master));
}

TEST(leader_exit_hangs_up_foreground)
{
    int told[2];
    CHECK_OK(pipe(told));
    pid_t shell = start_shell(), job;
    if (shell == 0) {
        int tty = become_shell(), ready[2];
        CHECK_OK(pipe(ready));
        IN_CHILD(job) {
            sigset_t set;
            int number;
            sigemptyset(&set);
            sigaddset(&set, SIGHUP);
            sigprocmask(SIG_BLOCK, &set, NULL);
            pipe_signal(ready[1]);
            if (sigwait(&set, &number) == 0 && number == SIGHUP) pipe_signal(told[1]);
        }
        CHECK_OK(setpgid(job, job));
        CHECK_OK(tcsetpgrp(tty, job));
        pipe_wait(ready[0]);
        _exit(guest_failures != 0); // the session leader goes
    }
    CHECK_EXIT(shell, 0);
    CHECK_OK(close(told[1]));
    pipe_wait(told[0]);
    CHECK_OK(close(told[0]));
    CHECK_OK(close(master));
}

TEST(orphaned_stopped_group)
{
    // The parent of a stopped job exits: the group becomes orphaned and gets SIGHUP, then SIGCONT.
    int told[2];
    pid_t parent, job;
    char text[3] = {0};
    CHECK_OK(pipe(told));
    IN_CHILD(parent) {
        CHECK_OK(setsid());
        IN_CHILD(job) {
            sigset_t set;
            siginfo_t info;
            sigemptyset(&set);
            sigaddset(&set, SIGHUP);
            sigprocmask(SIG_BLOCK, &set, NULL);
            raise(SIGSTOP);
            if (sigwaitinfo(&set, &info) == SIGHUP) CHECK_EQ(write(told[1], "ok", 2), 2);
        }
        CHECK_OK(setpgid(job, job));
        expect_stop(job, SIGSTOP);
    }
    CHECK_EXIT(parent, 0);
    CHECK_OK(close(told[1]));
    CHECK_EQ(read(told[0], text, 2), 2);
    CHECK_OK(close(told[0]));
}
