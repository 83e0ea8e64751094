// proc(5): what programs read there. Formats are checked as parsers see them.
#include "guest.h"
#include <dirent.h>
#include <sys/prctl.h>

static char text[1 << 17];
static ssize_t slurp(const char *path)
{
    ssize_t n = read_file(path, text, sizeof text);
    if (n < 0) guest_fail(__FILE__, __LINE__, errno, "open %s", path);
    return n;
}
// The number after "key" at the start of a line; -1 when there is no such line.
static long field(const char *key)
{
    for (char *line = text; line; line = strchr(line, '\n'), line = line ? line + 1 : NULL)
        if (strncmp(line, key, strlen(key)) == 0) return strtol(line + strlen(key), NULL, 10);
    return -1;
}
static const char *link_of(const char *path)
{
    static char target[PATH_MAX];
    ssize_t n = readlink(path, target, sizeof target - 1);
    target[n < 0 ? 0 : n] = 0;
    return target;
}

TEST(self)
{
    char expected[32];
    snprintf(expected, sizeof expected, "%d", getpid());
    CHECK_STR(link_of("/proc/self"), expected);
    snprintf(expected, sizeof expected, "%d/task/%d", getpid(), gettid());
    CHECK_STR(link_of("/proc/thread-self"), expected);
    pid_t pid;
    IN_CHILD(pid) {
        snprintf(expected, sizeof expected, "%d", getpid());
        CHECK_STR(link_of("/proc/self"), expected);
    }
    CHECK_EXIT(pid, 0);
    snprintf(expected, sizeof expected, "/proc/%d", pid);
    CHECK_ERRNO(access(expected, F_OK), ENOENT);
}

TEST(stat_line)
{
    int pid, parent, group, session, tty, tpgid, threads;
    unsigned long start, size;
    long resident;
    char name[32], state;
    CHECK_OK(prctl(PR_SET_NAME, "we) ird"));
    slurp("/proc/self/stat");
    CHECK_EQ(sscanf(text, "%d (%15[^\n]", &pid, name), 2);
    CHECK_EQ(pid, getpid());
    CHECK(strncmp(name, "we) ird) ", 9) == 0);
    char *rest = strrchr(text, ')') + 2;
    CHECK_EQ(sscanf(rest, "%c %d %d %d %d %d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %d %*d %lu %lu %ld", &state, &parent, &group, &session,
                 &tty, &tpgid, &threads, &start, &size, &resident), 10);
    CHECK_EQ(state, 'R');
    CHECK(parent == getppid() && group == getpgrp() && session == getsid(0));
    CHECK_EQ(threads, 1);
    CHECK(size > 100000 && resident > 0);
    int fields = 0;
    for (char *p = strtok(rest, " \n"); p; p = strtok(NULL, " \n")) fields++;
    CHECK_EQ(fields, 50); // 52 with the first two
}

TEST(status)
{
    slurp("/proc/self/status");
    CHECK(strncmp(text, "Name:\t", 6) == 0);
    CHECK(strstr(text, "\nState:\tR (running)\n") != NULL);
    CHECK_EQ(field("Pid:"), getpid());
    CHECK_EQ(field("Tgid:"), getpid());
    CHECK_EQ(field("PPid:"), getppid());
    CHECK_EQ(field("Uid:"), getuid());
    CHECK_EQ(field("Gid:"), getgid());
    CHECK_EQ(field("Threads:"), 1);
    CHECK_EQ(field("TracerPid:"), 0);
    CHECK(field("VmSize:") > 100 && field("VmRSS:") > 0 && field("VmPeak:") >= field("VmSize:"));
    static const char *needed[] = {"Umask:", "Groups:", "FDSize:", "SigQ:", "SigPnd:", "SigBlk:", "SigIgn:", "SigCgt:", "CapInh:", "CapPrm:",
        "CapEff:", "CapBnd:", "NoNewPrivs:", "Seccomp:", "Cpus_allowed:", "Cpus_allowed_list:", "voluntary_ctxt_switches:"};
    for (size_t i = 0; i < COUNT(needed); i++) {
        if (field(needed[i]) == -1) guest_fail(__FILE__, __LINE__, 0, "no %s", needed[i]);
    }
}

TEST(maps)
{
    unsigned long from, to, last = 0, offset, inode;
    char prot[5], name[256];
    int lines = 0, consumed;
    bool stack = false, code = false;
    slurp("/proc/self/maps");
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), lines++) {
        unsigned major, minor;
        CHECK_EQ(sscanf(line, "%lx-%lx %4s %lx %x:%x %lu%n", &from, &to, prot, &offset, &major, &minor, &inode, &consumed), 7);
        CHECK(from < to && (from >= last) && from % PAGE == 0 && to % PAGE == 0);
        last = to;
        snprintf(name, sizeof name, "%s", line + consumed + strspn(line + consumed, " "));
        CHECK(strlen(prot) == 4 && (prot[3] == 'p' || prot[3] == 's'));
        if (strcmp(name, "[stack]") == 0) stack = from <= (uintptr_t)&line && (uintptr_t)&line < to;
        if (from <= (uintptr_t)test_maps && (uintptr_t)test_maps < to) code = prot[2] == 'x' && strchr(name, '/') != NULL && inode != 0;
    }
    CHECK(lines >= 5);
    CHECK(stack);
    CHECK(code);
    slurp("/proc/self/smaps");
    CHECK(field("Rss:") >= 0 && field("Pss:") >= 0);
    slurp("/proc/self/statm");
    CHECK(atol(text) > 10);
}

TEST(descriptors)
{
    char path[64];
    int fd = CHECK_OK(open("f", O_RDWR | O_CREAT | O_APPEND, 0600)), seen = 0;
    CHECK_EQ(write(fd, "abc", 3), 3);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    char cwd[PATH_MAX], expected[PATH_MAX + 8];
    CHECK(getcwd(cwd, sizeof cwd) != NULL);
    snprintf(expected, sizeof expected, "%s/f", cwd);
    CHECK_STR(link_of(path), expected);
    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
    slurp(path);
    CHECK_EQ(field("pos:"), 3);
    char *flags = strstr(text, "flags:");
    CHECK(flags && (strtol(flags + 6, NULL, 8) & (O_ACCMODE | O_APPEND)) == (O_RDWR | O_APPEND));
    DIR *dir = opendir("/proc/self/fd");
    for (struct dirent *e; (e = readdir(dir));) seen += atoi(e->d_name) == fd && e->d_name[0] != '.';
    CHECK_EQ(seen, 1);
    closedir(dir);
    CHECK_OK(close(fd));
    CHECK_ERRNO(access(path, F_OK), ENOENT);
    CHECK_OK(unlink("f"));
    int ends[2];
    struct stat st;
    CHECK_OK(pipe(ends));
    CHECK_OK(fstat(ends[0], &st));
    snprintf(path, sizeof path, "/proc/self/fd/%d", ends[0]);
    snprintf(expected, sizeof expected, "pipe:[%lu]", st.st_ino);
    CHECK_STR(link_of(path), expected);
    int again = CHECK_OK(open(path, O_WRONLY)); // opens the pipe's other side
    CHECK_EQ(write(again, "x", 1), 1);
    CHECK_EQ(read(ends[0], path, 1), 1);
    CHECK_OK(close(again));
    CHECK_OK(close(ends[0]));
    CHECK_OK(close(ends[1]));
}

TEST(command_and_environment)
{
    pid_t pid;
    ssize_t n = slurp("/proc/self/cmdline");
    CHECK(n > 1 && text[n - 1] == 0);
    CHECK(strstr(text, "procfs") != NULL);
    IN_CHILD(pid) {
        // execve(2) makes the two files what its arguments are.
        char *environment[] = {"ONE=1", "TWO=2", NULL};
        if (fork() == 0) execve("/proc/self/exe", (char *[]){"a0", "command_helper", "third arg", NULL}, environment);
        int status;
        wait(&status);
        _exit(WEXITSTATUS(status));
    }
    CHECK_EXIT(pid, 0);
}

TEST(command_helper)
{
    ssize_t n = slurp("/proc/self/environ");
    if (n == 0 || strncmp(text, "ONE=1", 6) != 0) return; // only as the child of the test above
    CHECK_EQ(n, 12);
    CHECK(memcmp(text, "ONE=1\0TWO=2", 12) == 0);
    n = slurp("/proc/self/cmdline");
    CHECK_EQ(n, 28);
    CHECK(memcmp(text, "a0\0command_helper\0third arg", 28) == 0);
}

TEST(links)
{
    char cwd[PATH_MAX];
    struct stat a, b;
    CHECK(getcwd(cwd, sizeof cwd) != NULL);
    CHECK_STR(link_of("/proc/self/cwd"), cwd);
    CHECK_STR(link_of("/proc/self/root"), "/");
    CHECK(strstr(link_of("/proc/self/exe"), "procfs") != NULL);
    CHECK_OK(stat("/proc/self/exe", &a));
    CHECK_OK(stat(link_of("/proc/self/exe"), &b));
    CHECK_EQ(a.st_ino, b.st_ino);
}

TEST(tasks)
{
    int n = 0;
    DIR *dir = opendir("/proc/self/task");
    for (struct dirent *e; (e = readdir(dir));)
        if (e->d_name[0] != '.') n += atoi(e->d_name) == gettid() ? 1 : 100;
    CHECK_EQ(n, 1);
    closedir(dir);
    // /proc lists processes by number.
    dir = opendir("/proc");
    n = 0;
    for (struct dirent *e; (e = readdir(dir));) n += atoi(e->d_name) == getpid();
    CHECK_EQ(n, 1);
    closedir(dir);
}

TEST(limits_and_mounts)
{
    slurp("/proc/self/limits");
    CHECK(strncmp(text, "Limit                     Soft Limit           Hard Limit           Units     \n", 79) == 0);
    CHECK(strstr(text, "\nMax open files ") != NULL);
    slurp("/proc/self/mounts");
    CHECK(strstr(text, " / ") != NULL && strstr(text, " /proc proc ") != NULL);
    CHECK(strstr(link_of("/proc/mounts"), "self/mounts") != NULL);
    slurp("/proc/self/mountinfo");
    CHECK(strstr(text, " - ") != NULL);
    slurp("/proc/filesystems");
    CHECK(strstr(text, "nodev\tproc\n") != NULL && strstr(text, "nodev\ttmpfs\n") != NULL);
}

TEST(system_files)
{
    double up, idle, l1, l5, l15;
    int running, total, last;
    slurp("/proc/meminfo");
    CHECK(field("MemTotal:") > 1000 && field("MemFree:") >= 0 && field("MemAvailable:") > 0);
    CHECK(field("SwapTotal:") >= 0 && field("Cached:") >= 0);
    slurp("/proc/cpuinfo");
    CHECK(strncmp(text, "processor\t: 0\n", 14) == 0);
    CHECK(strstr(text, "\nflags\t\t: ") != NULL && strstr(text, "\nmodel name\t: ") != NULL);
    slurp("/proc/stat");
    CHECK(strncmp(text, "cpu  ", 5) == 0 && strstr(text, "\ncpu0 ") != NULL);
    CHECK(field("btime ") > 1600000000 && field("processes ") > 0 && field("ctxt ") >= 0);
    slurp("/proc/uptime");
    CHECK_EQ(sscanf(text, "%lf %lf\n", &up, &idle), 2);
    CHECK(up > 0);
    slurp("/proc/loadavg");
    CHECK_EQ(sscanf(text, "%lf %lf %lf %d/%d %d\n", &l1, &l5, &l15, &running, &total, &last), 6);
    CHECK(running >= 1 && total >= running && last > 0);
    slurp("/proc/version");
    CHECK(strncmp(text, "Linux version ", 14) == 0 && text[strlen(text) - 1] == '\n');
}

TEST(sysctls)
{
    char name[256];
    CHECK_OK(gethostname(name, sizeof name));
    slurp("/proc/sys/kernel/hostname");
    text[strcspn(text, "\n")] = 0;
    CHECK_STR(text, name);
    slurp("/proc/sys/kernel/osrelease");
    CHECK(atoi(text) >= 3);
    slurp("/proc/sys/kernel/ostype");
    CHECK_STR(text, "Linux\n");
    slurp("/proc/sys/kernel/pid_max");
    CHECK(atol(text) >= 32768);
    slurp("/proc/sys/fs/pipe-max-size");
    CHECK(atol(text) >= 65536);
    slurp("/proc/sys/vm/overcommit_memory");
    CHECK(atol(text) >= 0 && atol(text) <= 2);
    slurp("/proc/sys/kernel/random/boot_id");
    CHECK_EQ(strlen(text), 37);
    slurp("/proc/sys/kernel/random/uuid");
    CHECK(strlen(text) == 37 && text[14] == '4');
    if (!is_root()) CHECK_ERRNO(open("/proc/sys/kernel/hostname", O_WRONLY), EACCES);
}

TEST(errors)
{
    CHECK_ERRNO(open("/proc/none", O_RDONLY), ENOENT);
    CHECK_ERRNO(open("/proc/0", O_RDONLY), ENOENT);
    CHECK(open("/proc/new", O_CREAT | O_RDWR, 0600) == -1 && (errno == ENOENT || errno == EACCES));
    CHECK(mkdir("/proc/new", 0700) == -1 && (errno == ENOENT || errno == EACCES));
    CHECK(rmdir("/proc/self/fd") == -1);
    int fd = CHECK_OK(open("/proc/self/stat", O_RDONLY));
    CHECK_EQ(pread(fd, text, 3, 0), 3);
    CHECK_OK(close(fd));
    if (!is_root()) CHECK_ERRNO(open("/proc/1/environ", O_RDONLY), EACCES);
}
