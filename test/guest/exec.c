// execve(2), execveat(2): arguments, scripts, errors, and what survives.
#define GUEST_HELPER helper
#include "guest.h"
#include <elf.h>
#include <sys/auxv.h>
#include <sys/prctl.h>

#define SELF "/proc/self/exe"
extern char **environ;

// What the program does after exec: argv[1] names the check, the exit status tells the outcome.
static int helper(int argc, char **argv)
{
    const char *what = argv[1];
    struct sigaction action;
    sigset_t set;
    char text[4096];
    if (strcmp(what, "@exit") == 0) return atoi(argv[2]);
    if (strcmp(what, "@exit_at_end") == 0) {
        char c;
        _exit(write(3, "x", 1) == 1 && read(0, &c, 1) == 0 ? atoi(argv[2]) : 1);
    }
    if (strcmp(what, "@args") == 0) return !(argc == 5 && !strcmp(argv[0], "zero") && !strcmp(argv[2], "") && !strcmp(argv[3], "a b") && !argv[4][1]
        && !argv[5] && environ[0] && !strcmp(environ[0], "A=1") && !strcmp(environ[1], "B=") && !environ[2]);
    if (strcmp(what, "@print") == 0) { // as a script's interpreter: the arguments, one per line
        int fd = open("out", O_CREAT | O_TRUNC | O_WRONLY, 0644);
        for (int i = 0; i < argc; i++) dprintf(fd, "%s\n", argv[i]);
        return 0;
    }
    if (strcmp(what, "@open") == 0) return fcntl(atoi(argv[2]), F_GETFD) == -1 ? 1 : 0;
    if (strcmp(what, "@signals") == 0) {
        int bad = 0;
        sigaction(SIGUSR1, NULL, &action);
        bad |= action.sa_handler != SIG_DFL;
        sigaction(SIGUSR2, NULL, &action);
        bad |= (action.sa_handler != SIG_IGN) << 1;
        sigprocmask(SIG_BLOCK, NULL, &set);
        bad |= !sigismember(&set, SIGALRM) << 2;
        sigpending(&set);
        bad |= !sigismember(&set, SIGALRM) << 3;
        stack_t stack;
        sigaltstack(NULL, &stack);
        bad |= !(stack.ss_flags & SS_DISABLE) << 4;
        return bad;
    }
    if (strcmp(what, "@comm") == 0) {
        prctl(PR_GET_NAME, text);
        return strcmp(text, argv[2]) != 0;
    }
    if (strcmp(what, "@pid") == 0) return getpid() != atoi(argv[2]) || gettid() != getpid();
    if (strcmp(what, "@cwd") == 0) return access(argv[2], F_OK) != 0;
    if (strcmp(what, "@umask") == 0) return umask(0) != 0123;
    if (strcmp(what, "@threads") == 0) {
        read_file("/proc/self/status", text, sizeof text);
        return strstr(text, "Threads:\t1\n") == NULL;
    }
    return 99;
}

static char *self_environment[] = {"A=1", "B=", NULL};
static void run(const char *path, char *const argv[]) { execve(path, argv, self_environment); }
#define RUN_SELF(...) run(SELF, (char *[]){"self", __VA_ARGS__, NULL})

static int raw_exec(const char *path) // never succeeds here
{
    return execve(path, (char *[]){"x", NULL}, self_environment);
}

static void copy_self(const char *to, mode_t mode)
{
    char buffer[65536];
    ssize_t n;
    int in = CHECK_OK(open(SELF, O_RDONLY)), out = CHECK_OK(open(to, O_CREAT | O_WRONLY, 0700));
    while ((n = read(in, buffer, sizeof buffer)) > 0) CHECK_EQ(write(out, buffer, n), n);
    CHECK_OK(fchmod(out, mode));
    CHECK_OK(close(in));
    CHECK_OK(close(out));
}

TEST(arguments_and_environment)
{
    pid_t pid;
    IN_CHILD(pid) run(SELF, (char *[]){"zero", "@args", "", "a b", "x", NULL});
    CHECK_EXIT(pid, 0);
    IN_CHILD(pid) RUN_SELF("@exit", "42");
    CHECK_EXIT(pid, 42);
}

TEST(same_process)
{
    pid_t pid;
    char text[16];
    write_file("marker", "");
    IN_CHILD(pid) {
        snprintf(text, sizeof text, "%d", getpid());
        RUN_SELF("@pid", text);
    }
    CHECK_EXIT(pid, 0);
    IN_CHILD(pid) RUN_SELF("@cwd", "marker");
    CHECK_EXIT(pid, 0);
    IN_CHILD(pid) {
        umask(0123);
        RUN_SELF("@umask");
    }
    CHECK_EXIT(pid, 0);
    CHECK_OK(unlink("marker"));
}

TEST(close_on_exec)
{
    pid_t pid;
    char text[16];
    for (int cloexec = 0; cloexec < 2; cloexec++) {
        int fd = CHECK_OK(open("/dev/null", O_RDONLY | (cloexec ? O_CLOEXEC : 0)));
        snprintf(text, sizeof text, "%d", fd);
        IN_CHILD(pid) RUN_SELF("@open", text);
        CHECK_EXIT(pid, cloexec);
        CHECK_OK(close(fd));
    }
}

static void handler(int signal) { (void)signal; }

TEST(signals_after_exec)
{
    pid_t pid;
    IN_CHILD(pid) {
        static char stack[65536];
        stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
        sigset_t set;
        sigaltstack(&alternate, NULL);
        signal(SIGUSR1, handler); // handlers go back to the default
        signal(SIGUSR2, SIG_IGN); // ignored stays ignored
        sigemptyset(&set);
        sigaddset(&set, SIGALRM);
        sigprocmask(SIG_BLOCK, &set, NULL); // mask and pending signals stay
        raise(SIGALRM);
        RUN_SELF("@signals");
    }
    CHECK_EXIT(pid, 0);
}

TEST(errors)
{
    static char name[PATH_MAX + 10];
    memset(name, 'n', sizeof name - 1);
    write_file("text", "not a program\n");
    write_file("empty", "");
    write_file("short", "\x7f" "ELF");
    CHECK_ERRNO(raw_exec("none"), ENOENT);
    CHECK_ERRNO(raw_exec(""), ENOENT);
    CHECK_ERRNO(raw_exec("text/x"), ENOTDIR);
    CHECK_ERRNO(raw_exec("text"), EACCES); // no x bit: EACCES, for root too
    CHECK_ERRNO(raw_exec("."), EACCES);
    CHECK_ERRNO(raw_exec("/dev/null"), EACCES);
    CHECK_ERRNO(raw_exec(name), ENAMETOOLONG);
    CHECK_ERRNO(raw_exec(BAD_POINTER), EFAULT);
    CHECK_ERRNO(syscall(SYS_execve, SELF, BAD_POINTER, NULL), EFAULT);
    CHECK_OK(chmod("text", 0755));
    CHECK_OK(chmod("empty", 0755));
    CHECK_OK(chmod("short", 0755));
    CHECK_ERRNO(raw_exec("text"), ENOEXEC);
    CHECK_ERRNO(raw_exec("empty"), ENOEXEC);
    CHECK_ERRNO(raw_exec("short"), ENOEXEC);
    int fd = CHECK_OK(open("text", O_WRONLY));
    CHECK_ERRNO(raw_exec("text"), ETXTBSY); // open for writing somewhere
    CHECK_OK(close(fd));
    CHECK_OK(symlink("loop", "loop"));
    CHECK_ERRNO(raw_exec("loop"), ELOOP);
    CHECK_OK(unlink("loop"));
    CHECK_OK(unlink("text"));
    CHECK_OK(unlink("empty"));
    CHECK_OK(unlink("short"));
}

TEST(argument_limits)
{
    // execve(2): one string at most 32 pages; all together a quarter of the stack limit.
    pid_t pid;
    static char big[32 * PAGE + 1];
    memset(big, 'a', sizeof big - 1);
    CHECK_ERRNO(execve(SELF, (char *[]){"self", "@exit", "0", big, NULL}, self_environment), E2BIG);
    big[sizeof big - 2] = 0;
    IN_CHILD(pid) RUN_SELF("@exit", "3", big);
    CHECK_EXIT(pid, 3);
    IN_CHILD(pid) {
        struct rlimit limit = {1 << 20, RLIM_INFINITY};
        setrlimit(RLIMIT_STACK, &limit);
        char *argv[10] = {"self", "@exit", "0", big, big, big, NULL};
        CHECK_ERRNO(execve(SELF, argv, self_environment), E2BIG);
    }
    CHECK_EXIT(pid, 0);
    static char *many[10001];
    for (int i = 0; i < 10000; i++) many[i] = "arg";
    many[1] = "@exit", many[2] = "4";
    IN_CHILD(pid) run(SELF, many);
    CHECK_EXIT(pid, 4);
}

static void script(const char *name, const char *text)
{
    write_file(name, text);
    CHECK_OK(chmod(name, 0755));
}

TEST(scripts)
{
    pid_t pid;
    char out[1024];
    copy_self("interpreter", 0755);
    script("s", "#! ./interpreter   @print with spaces  \nrest\n");
    // execve(2): the text after the interpreter is one argument. "@print with spaces" is none of the helper's words.
    IN_CHILD(pid) run("./s", (char *[]){"ignored", "one", "two", NULL});
    CHECK_EXIT(pid, 99);
    script("s", "#!./interpreter @print");
    IN_CHILD(pid) run("./s", (char *[]){"ignored", "one", "two", NULL});
    CHECK_EXIT(pid, 0);
    read_file("out", out, sizeof out);
    CHECK_STR(out, "./interpreter\n@print\n./s\none\ntwo\n");
    // A script whose interpreter is a script.
    script("t", "#!./s inner\n");
    IN_CHILD(pid) run("./t", (char *[]){"ignored", "x", NULL});
    CHECK_EXIT(pid, 0);
    read_file("out", out, sizeof out);
    CHECK_STR(out, "./interpreter\n@print\n./s\ninner\n./t\nx\n");
    CHECK_OK(unlink("out"));
    CHECK_OK(unlink("s"));
    CHECK_OK(unlink("t"));
    CHECK_OK(unlink("interpreter"));
}

TEST(script_errors)
{
    char name[16], text[64];
    pid_t pid;
    script("s", "#!none/interpreter\n");
    CHECK_ERRNO(raw_exec("./s"), ENOENT);
    script("s", "#!\n");
    CHECK_ERRNO(raw_exec("./s"), ENOEXEC);
    script("s", "#!/dev/null\n");
    CHECK_ERRNO(raw_exec("./s"), EACCES);
    CHECK_OK(unlink("s"));
    copy_self("i", 0755);
    script("s0", "#!./i @exit\n");
    for (int i = 1; i <= 5; i++) {
        snprintf(name, sizeof name, "s%d", i);
        snprintf(text, sizeof text, "#!./s%d\n", i - 1);
        script(name, text);
    }
    // Four levels of interpreters may follow the first; one more is ELOOP.
    IN_CHILD(pid) run("./s4", (char *[]){"x", NULL});
    CHECK_EXIT(pid, 0);
    CHECK_ERRNO(raw_exec("./s5"), ELOOP);
    for (int i = 0; i <= 5; i++) {
        snprintf(name, sizeof name, "s%d", i);
        CHECK_OK(unlink(name));
    }
    CHECK_OK(unlink("i"));
}

TEST(descriptor_exec)
{
    pid_t pid;
    char *argv[] = {"self", "@exit", "8", NULL};
    int fd = CHECK_OK(open(SELF, O_PATH));
    IN_CHILD(pid) syscall(SYS_execveat, fd, "", argv, self_environment, AT_EMPTY_PATH);
    CHECK_EXIT(pid, 8);
    CHECK_ERRNO(syscall(SYS_execveat, fd, "", argv, self_environment, 0), ENOENT);
    CHECK_ERRNO(syscall(SYS_execveat, -1, "x", argv, self_environment, 0), EBADF);
    CHECK_ERRNO(syscall(SYS_execveat, fd, "x", argv, self_environment, 0x40000000), EINVAL);
    CHECK_OK(close(fd));
    copy_self("prog", 0755);
    fd = CHECK_OK(open("prog", O_RDONLY | O_CLOEXEC));
    CHECK_OK(unlink("prog")); // runs without a name
    IN_CHILD(pid) fexecve(fd, argv, self_environment);
    CHECK_EXIT(pid, 8);
    CHECK_OK(close(fd));
}

TEST(names_of_the_program)
{
    pid_t pid;
    copy_self("a_rather_long_program_name", 0755);
    IN_CHILD(pid) run("./a_rather_long_program_name", (char *[]){"other", "@comm", "a_rather_long_p", NULL});
    CHECK_EXIT(pid, 0); // TASK_COMM_LEN is 16, with the NUL; argv[0] does not matter
    CHECK_OK(unlink("a_rather_long_program_name"));
}

TEST(permission)
{
    pid_t pid;
    copy_self("prog", 0700);
    if (is_root()) {
        IN_CHILD(pid) {
            become_nobody();
            CHECK_ERRNO(raw_exec("./prog"), EACCES);
        }
        CHECK_EXIT(pid, 0);
    }
    CHECK_OK(chmod("prog", 0611)); // executable for others, though not readable
    IN_CHILD(pid) {
        bool root = is_root();
        become_nobody();
        if (root) run("./prog", (char *[]){"x", "@exit", "9", NULL});
        _exit(9);
    }
    CHECK_EXIT(pid, 9);
    CHECK_OK(unlink("prog"));
}

TEST(auxiliary_vector)
{
    CHECK_EQ(getauxval(AT_PAGESZ), PAGE);
    CHECK_EQ(getauxval(AT_UID), getuid());
    CHECK_EQ(getauxval(AT_EUID), geteuid());
    CHECK_EQ(getauxval(AT_GID), getgid());
    CHECK_EQ(getauxval(AT_SECURE), 0);
    CHECK_EQ(getauxval(AT_CLKTCK), 100);
    CHECK(getauxval(AT_RANDOM) != 0);
    CHECK(getauxval(AT_PHDR) != 0);
    CHECK_EQ(getauxval(AT_PHENT), sizeof(Elf64_Phdr));
    CHECK(getauxval(AT_PHNUM) > 0);
    CHECK(getauxval(AT_ENTRY) != 0);
    CHECK_STR((char *)getauxval(AT_PLATFORM), "x86_64");
    CHECK(getauxval(AT_EXECFN) != 0 && access((char *)getauxval(AT_EXECFN), F_OK) == 0);
    CHECK(memcmp((void *)getauxval(AT_RANDOM), "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16) != 0);
}

TEST(stack_alignment)
{
    CHECK_EQ((uintptr_t)&environ[0] % 8, 0);
    CHECK(environ[0] == NULL || (char *)environ[0] > (char *)environ);
}

static void *exec_from_here(void *unused)
{
    RUN_SELF("@threads");
    return unused;
}
static void *sleep_forever(void *unused)
{
    for (;;) pause();
    return unused;
}

TEST(from_a_thread)
{
    // execve(2): all other threads go, and the caller becomes the process, with its id.
    pid_t pid;
    for (int i = 0; i < 5; i++) {
        IN_CHILD(pid) {
            pthread_t thread;
            for (int t = 0; t < 4; t++) CHECK_EQ(pthread_create(&thread, NULL, sleep_forever, NULL), 0);
            CHECK_EQ(pthread_create(&thread, NULL, exec_from_here, NULL), 0);
            pthread_join(thread, NULL);
            _exit(98);
        }
        CHECK_EXIT(pid, 0);
    }
}

TEST(vfork_and_exec)
{
    for (int i = 0; i < 20; i++) {
        pid_t pid = vfork();
        if (pid == 0) {
            RUN_SELF("@exit", "11");
            _exit(98);
        }
        CHECK_EXIT(pid, 11);
    }
}

// exit_group(2) and a fatal signal at once: whichever comes first, the process ends and is waited for.
TEST(killed_while_it_exits)
{
    for (int i = 0; i < 200; i++) {
        int in[2], ready[2];
        char c;
        CHECK_OK(pipe2(in, O_CLOEXEC));
        CHECK_OK(pipe2(ready, O_CLOEXEC));
        pid_t child = fork();
        if (child == 0) {
            int out = dup(ready[1]); // not one of those that are about to be replaced
            dup2(in[0], 0);
            dup2(out, 3);
            execl(SELF, "exec", "@exit_at_end", "7", (char *)NULL);
            _exit(9);
        }
        close(ready[1]);
        CHECK_EQ(read(ready[0], &c, 1), 1);
        close(in[1]);
        for (volatile int work = 0; work < i % 50 * 4000; work++) continue;
        CHECK_OK(kill(child, SIGTERM));
        int status = -1;
        CHECK_EQ(waitpid(child, &status, 0), child);
        CHECK(status == 7 << 8 || status == SIGTERM);
        close(in[0]);
        close(ready[0]);
    }
}
