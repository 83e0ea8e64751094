// user_namespaces(7), unshare(2), clone(2), setns(2): whose rights and names count, and that nothing of it counts outside.
#define GUEST_HELPER helper
#include "namespaces.h"
#include <grp.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/sendfile.h>
#include <sys/shm.h>
#include <sys/fsuid.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#ifndef NS_GET_USERNS
#define NS_GET_USERNS _IO(0xb7, 1)
#define NS_GET_PARENT _IO(0xb7, 2)
#define NS_GET_NSTYPE _IO(0xb7, 3)
#define NS_GET_OWNER_UID _IO(0xb7, 4)
#endif

// Executed as a set-user-ID program: who it became.
static int helper(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return geteuid() == getuid() ? 100 : geteuid();
}

static uint64_t effective(void)
{
    char text[8192], *line;
    read_file("/proc/self/status", text, sizeof text);
    return (line = strstr(text, "CapEff:")) ? strtoull(line + 7, NULL, 16) : 0;
}

TEST(a_new_one_has_all_rights_and_no_names)
{
    pid_t pid;
    if (refused()) return;
    IN_USER(pid)
    {
        char before[64], after[64], map[128];
        link_of(getpid(), "user", before, sizeof before);
        CHECK_EQ(effective(), 0);
        CHECK_OK(unshare(CLONE_NEWUSER));
        link_of(getpid(), "user", after, sizeof after);
        CHECK(strcmp(before, after) != 0 && strncmp(after, "user:[", 6) == 0);
        CHECK(effective() >> 21 & 1);
        CHECK_EQ(getuid(), 65534);
        CHECK_EQ(getegid(), 65534);
        CHECK_EQ(read_file("/proc/self/uid_map", map, sizeof map), 0);
        CHECK_ERRNO(setuid(0), EINVAL);
        CHECK_ERRNO(setgroups(0, NULL), EPERM);
    }
    CHECK_EXIT(pid, 0);
}

TEST(a_user_maps_himself)
{
    pid_t pid;
    if (refused()) return;
    IN_USER(pid)
    {
        char text[128], wanted[128];
        int uid = getuid(), gid = getgid();
        CHECK_OK(unshare(CLONE_NEWUSER));
        CHECK_ERRNO(write_text("/proc/self/uid_map", ""), EINVAL);
        CHECK_ERRNO(write_text("/proc/self/uid_map", "0 1"), EINVAL);
        CHECK_ERRNO(write_text("/proc/self/uid_map", "x 0 1"), EINVAL);
        CHECK_ERRNO(write_text("/proc/self/uid_map", "0 1 0"), EINVAL);
        CHECK_ERRNO(write_text("/proc/self/uid_map", "0 1 4294967295"), EINVAL);
        CHECK_ERRNO(write_text("/proc/self/uid_map", "0 10 5\n4 20 5"), EINVAL);
        CHECK_ERRNO(write_text("/proc/self/uid_map", "0 10 5\n10 14 5"), EINVAL);
        CHECK_ERRNO(write_text("/proc/self/uid_map", "0 0 1"), EPERM);
        CHECK_ERRNO(write_text("/proc/self/uid_map", "0 1 1"), EPERM);
        snprintf(text, sizeof text, "0 %d 2", uid);
        CHECK_ERRNO(write_text("/proc/self/uid_map", text), EPERM);
        snprintf(text, sizeof text, "7 %d 1\n", uid);
        CHECK_OK(write_text("/proc/self/uid_map", text));
        CHECK_ERRNO(write_text("/proc/self/uid_map", text), EPERM);
        snprintf(text, sizeof text, "0 %d 1", gid);
        CHECK_ERRNO(write_text("/proc/self/gid_map", text), EPERM);
        CHECK_ERRNO(write_text("/proc/self/setgroups", "never"), EINVAL);
        CHECK_ERRNO(write_text("/proc/self/setgroups", "denydenydeny"), EINVAL);
        CHECK_OK(write_text("/proc/self/setgroups", "allow"));
        CHECK_OK(write_text("/proc/self/setgroups", "deny\n"));
        CHECK_ERRNO(write_text("/proc/self/setgroups", "allow"), EPERM);
        CHECK_OK(write_text("/proc/self/gid_map", text));
        CHECK_ERRNO(write_text("/proc/self/setgroups", "deny"), EPERM);
        read_file("/proc/self/setgroups", text, sizeof text);
        CHECK_STR(text, "deny\n");
        read_file("/proc/self/uid_map", text, sizeof text);
        snprintf(wanted, sizeof wanted, "%10d %10d %10d\n", 7, uid, 1);
        CHECK_STR(text, wanted);
        CHECK_EQ(getuid(), 7);
        CHECK_EQ(geteuid(), 7);
        CHECK_EQ(getgid(), 0);
        CHECK_ERRNO(setgroups(0, NULL), EPERM);
    }
    CHECK_EXIT(pid, 0);
}

TEST(names_are_those_of_the_namespace)
{
    pid_t pid;
    if (refused()) return;
    IN_USER(pid)
    {
        struct stat st;
        char text[8192];
        uid_t a, b, c;
        write_file("own", "x");
        CHECK_OK(symlink("own", "link"));
        enter(0);
        CHECK_EQ(getuid() | geteuid() | getgid() | getegid(), 0);
        CHECK_OK(getresuid(&a, &b, &c));
        CHECK_EQ(a | b | c, 0);
        CHECK_OK(stat("own", &st));
        CHECK_EQ(st.st_uid | st.st_gid, 0);
        CHECK_OK(lstat("link", &st));
        CHECK_EQ(st.st_uid, 0);
        CHECK_OK(stat("/proc/1", &st)); // root's, who has no name here
        CHECK_EQ(st.st_uid, 65534);
        CHECK_EQ(st.st_gid, 65534);
        CHECK_OK(chown("own", 0, 0));
        CHECK_OK(chown("own", -1, -1));
        CHECK_ERRNO(chown("own", 1, -1), EINVAL);
        CHECK_ERRNO(chown("own", -1, 1), EINVAL);
        CHECK_ERRNO(setuid(1), EINVAL);
        CHECK_ERRNO(setresuid(-1, 1, -1), EINVAL);
        CHECK_ERRNO(setregid(1, 1), EINVAL);
        CHECK_EQ(setfsuid(1), 0);
        CHECK_EQ(setfsuid(-1), 0);
        CHECK_OK(setresuid(0, 0, 0));
        read_file("/proc/self/status", text, sizeof text);
        CHECK(strstr(text, "\nUid:\t0\t0\t0\t0\n") != NULL);
        CHECK(strstr(text, "\nGid:\t0\t0\t0\t0\n") != NULL);
        read_file("/proc/1/status", text, sizeof text);
        CHECK(strstr(text, "\nUid:\t65534\t65534\t65534\t65534\n") != NULL);
        CHECK_OK(chmod("own", 0));
        CHECK_OK(access("own", R_OK | W_OK)); // CAP_DAC_OVERRIDE counts for a file whose owner and group have names
        int fd = CHECK_OK(open("own", O_RDWR));
        close(fd);
        CHECK_OK(unlink("own"));
        CHECK_OK(unlink("link"));
    }
    CHECK_EXIT(pid, 0);
}

// What a root outside owns stays his, whatever capabilities there are inside.
TEST(nothing_outside_is_reached)
{
    pid_t pid;
    int keep = -1;
    bool root = is_root();
    if (refused()) return;
    int segment = root ? CHECK_OK(shmget(IPC_PRIVATE, PAGE, IPC_CREAT | 0600)) : -1;
    if (root) {
        write_file("secret", "x");
        CHECK_OK(chmod("secret", 0600));
        CHECK_OK(mkdir("kept", 0755));
        keep = CHECK_OK(open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC));
    }
    IN_USER(pid)
    {
        struct rlimit limit;
        struct ifreq request = {.ifr_name = "lo"};
        int outer = CHECK_OK(open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC));
        int mounts = CHECK_OK(open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC));
        pid_t outside = getppid();
        CHECK_OK(getrlimit(RLIMIT_CORE, &limit));
        limit.rlim_cur = limit.rlim_max = 4096;
        CHECK_OK(setrlimit(RLIMIT_CORE, &limit));
        enter(0);
        if (root) {
            CHECK_ERRNO(open("secret", O_RDONLY), EACCES);
            CHECK_ERRNO(chmod("secret", 0666), EPERM);
            CHECK_ERRNO(chown("secret", 0, 0), EPERM);
            CHECK_ERRNO(truncate("secret", 0), EACCES);
            CHECK_ERRNO(open("kept/new", O_WRONLY | O_CREAT, 0600), EACCES);
            CHECK_ERRNO(kill(outside, 0), EPERM);
            CHECK_ERRNO(shmctl(segment, IPC_RMID, NULL), EPERM);
            CHECK_EQ((long)shmat(segment, NULL, 0), -1);
            CHECK_ERRNO(setpriority(PRIO_PROCESS, outside, 5), EPERM);
            CHECK_ERRNO(prlimit(outside, RLIMIT_CORE, &limit, NULL), EPERM);
            CHECK_ERRNO(setns(keep, CLONE_NEWNS), EPERM);
        }
        CHECK_ERRNO(kill(1, 0), EPERM); // not SIGCONT: that is allowed within a session (kill(2)), and 1 may be of ours
        CHECK_ERRNO(open_of(1, "ns/user"), EACCES);
        CHECK_ERRNO(open_of(1, "root"), EACCES);
        CHECK_ERRNO(write_text("/proc/1/uid_map", "0 0 1"), EACCES);
        CHECK_ERRNO(mknod("device", S_IFCHR | 0666, makedev(1, 3)), EPERM);
        CHECK_ERRNO(mount("x", "/tmp", "tmpfs", 0, NULL), EPERM);
        CHECK_ERRNO(umount2("/proc", MNT_DETACH), EPERM);
        CHECK_ERRNO(setns(outer, CLONE_NEWUSER), EPERM);
        CHECK_ERRNO(setns(mounts, CLONE_NEWNS), EPERM);
        CHECK_ERRNO(sethostname("x", 1), EPERM);
        CHECK_ERRNO(setpriority(PRIO_PROCESS, 0, -5), EACCES);
        limit.rlim_max = 8192;
        CHECK_ERRNO(setrlimit(RLIMIT_CORE, &limit), EPERM);
        struct sched_param real = {.sched_priority = 10};
        CHECK_ERRNO(sched_setscheduler(0, SCHED_FIFO, &real), EPERM);
        int fd = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
        CHECK_OK(ioctl(fd, SIOCGIFFLAGS, &request));
        request.ifr_flags &= ~IFF_UP;
        CHECK_ERRNO(ioctl(fd, SIOCSIFFLAGS, &request), EPERM);
        close(fd);
        CHECK_ERRNO(socket(AF_INET, SOCK_RAW, 1), EPERM);
        CHECK_ERRNO(settimeofday(&(struct timeval){0}, NULL), EPERM);
        CHECK_ERRNO(acct("x"), EPERM);
    }
    CHECK_EXIT(pid, 0);
    if (root) {
        CHECK_OK(shmctl(segment, IPC_RMID, NULL));
        CHECK_OK(unlink("secret"));
        CHECK_OK(rmdir("kept"));
        close(keep);
    }
}

// Two namespaces of the same user have no rights over each other's maps, and the user outside has them all.
TEST(its_maker_has_all_rights_and_its_brother_none)
{
    pid_t pid;
    if (refused()) return;
    IN_USER(pid)
    {
        int up[2], down[2];
        char path[64], text[64], mine[64], theirs[64];
        int uid = getuid();
        CHECK_OK(pipe(up));
        CHECK_OK(pipe(down));
        pid_t one, two;
        IN_CHILD(one)
        {
            CHECK_OK(unshare(CLONE_NEWUSER));
            pipe_signal(up[1]);
            pipe_wait(down[0]);
            CHECK_EQ(getuid(), 3); // the map came from outside
        }
        pipe_wait(up[0]);
        snprintf(path, sizeof path, "/proc/%d/uid_map", one);
        snprintf(text, sizeof text, "3 %d 1", uid);
        IN_CHILD(two)
        {
            int before = CHECK_OK(open(path, O_WRONLY)); // opened with the right to write, written without: no
            enter(0);
            CHECK_ERRNO(write_text(path, "3 0 1"), EPERM);
            CHECK_ERRNO(open_of(one, "ns/user"), EACCES);
            CHECK_OK(kill(one, 0)); // the same user
            close(before);
        }
        CHECK_EXIT(two, 0);
        int fd = CHECK_OK(open_of(one, "ns/user"));
        IN_CHILD(two)
        {
            CHECK_OK(setns(fd, CLONE_NEWUSER));
            CHECK_ERRNO(setns(fd, 0), EINVAL); // its own
            CHECK(effective() >> 21 & 1);
            link_of(getpid(), "user", mine, sizeof mine);
            link_of(one, "user", theirs, sizeof theirs);
            CHECK_STR(mine, theirs);
        }
        CHECK_EXIT(two, 0);
        CHECK_ERRNO(setns(fd, CLONE_NEWNS), EINVAL);
        CHECK_OK(write_text(path, text));
        pipe_signal(down[1]);
        CHECK_EXIT(one, 0);
        IN_CHILD(two) CHECK_OK(setns(fd, 0)); // the descriptor keeps it
        CHECK_EXIT(two, 0);
    }
    CHECK_EXIT(pid, 0);
}

TEST(who_may_not_make_one)
{
    pid_t pid;
    if (refused()) return;
    IN_USER(pid)
    {
        CHECK_ERRNO(syscall(SYS_clone, CLONE_NEWUSER | CLONE_FS | SIGCHLD, 0, 0, 0, 0), EINVAL);
        CHECK_ERRNO(syscall(SYS_clone, CLONE_NEWNS | SIGCHLD, 0, 0, 0, 0), EPERM);
        CHECK_ERRNO(unshare(CLONE_NEWNS), EPERM);
        CHECK_ERRNO(unshare(CLONE_NEWNET), EPERM);
        CHECK_ERRNO(setns(1, 0), EINVAL);
        CHECK_ERRNO(setns(-1, 0), EBADF);
        pid_t inner = CHECK_OK(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0));
        if (inner == 0) _exit(getuid() != 65534 || !effective());
        CHECK_EXIT(inner, 0);
        enter(0);
        CHECK_OK(mkdir("root", 0700));
        CHECK_OK(chroot("root")); // CAP_SYS_CHROOT, here
        CHECK_ERRNO(unshare(CLONE_NEWUSER), EPERM);
    }
    CHECK_EXIT(pid, 0);
    CHECK_OK(rmdir("root"));
}

static void *sleeper(void *fd)
{
    char byte;
    return (void *)read(*(int *)fd, &byte, 1);
}

TEST(not_with_threads)
{
    pid_t pid;
    if (refused()) return;
    IN_USER(pid)
    {
        int fds[2];
        pthread_t thread;
        CHECK_OK(pipe(fds));
        pthread_create(&thread, NULL, sleeper, &fds[0]);
        CHECK_ERRNO(unshare(CLONE_NEWUSER), EINVAL);
        int fd = CHECK_OK(open("/proc/self/ns/user", O_RDONLY));
        CHECK_ERRNO(setns(fd, 0), EINVAL);
        pipe_signal(fds[1]);
        pthread_join(thread, NULL);
    }
    CHECK_EXIT(pid, 0);
}

TEST(one_in_the_other)
{
    pid_t pid;
    if (refused()) return;
    IN_USER(pid)
    {
        int depth = 0, uid = getuid(), gid = getgid();
        char text[64];
        while (depth < 40 && unshare(CLONE_NEWUSER) == 0) {
            snprintf(text, sizeof text, "0 %d 1", depth == 0 ? uid : 0);
            CHECK_OK(write_text("/proc/self/uid_map", text));
            CHECK_OK(write_text("/proc/self/setgroups", "deny"));
            snprintf(text, sizeof text, "0 %d 1", depth == 0 ? gid : 0);
            CHECK_OK(write_text("/proc/self/gid_map", text));
            depth++;
        }
        CHECK_EQ(errno, ENOSPC);
        CHECK(depth > 1 && depth <= 33);
        CHECK_EQ(getuid(), 0);
    }
    CHECK_EXIT(pid, 0);
}

TEST(ioctls)
{
    pid_t pid;
    if (refused()) return;
    IN_USER(pid)
    {
        uid_t owner = 1;
        struct stat one, two;
        int outer = CHECK_OK(open("/proc/self/ns/user", O_RDONLY));
        CHECK_EQ(ioctl(outer, NS_GET_NSTYPE), CLONE_NEWUSER);
        CHECK_ERRNO(ioctl(outer, NS_GET_PARENT), EPERM);
        enter(CLONE_NEWNS);
        int inner = CHECK_OK(open("/proc/self/ns/user", O_RDONLY));
        int mounts = CHECK_OK(open("/proc/self/ns/mnt", O_RDONLY));
        CHECK_EQ(ioctl(mounts, NS_GET_NSTYPE), CLONE_NEWNS);
        CHECK_OK(ioctl(inner, NS_GET_OWNER_UID, &owner));
        CHECK_EQ(owner, 0);
        CHECK_ERRNO(ioctl(inner, NS_GET_PARENT), EPERM); // it is above
        CHECK_ERRNO(ioctl(mounts, NS_GET_PARENT), EINVAL);
        int of = CHECK_OK(ioctl(mounts, NS_GET_USERNS));
        CHECK_OK(fstat(of, &one));
        CHECK_OK(fstat(inner, &two));
        CHECK_EQ(one.st_ino, two.st_ino);
        CHECK_EQ(one.st_mode & S_IFMT, S_IFREG);
        CHECK_ERRNO(ioctl(inner, 0xb7ff), ENOTTY);
    }
    CHECK_EXIT(pid, 0);
}

TEST(credentials_on_sockets)
{
    pid_t pid;
    if (refused()) return;
    IN_USER(pid)
    {
        int fds[2], on = 1, outer = getuid();
        pid_t one;
        CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds));
        CHECK_OK(setsockopt(fds[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
        struct ucred who = {0};
        union { char room[CMSG_SPACE(sizeof who)]; struct cmsghdr align; } control = {0};
        struct iovec byte = {.iov_base = "x", .iov_len = 1};
        struct msghdr message = {.msg_iov = &byte, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
        IN_CHILD(one)
        {
            enter(0);
            struct cmsghdr *head = CMSG_FIRSTHDR(&message);
            head->cmsg_level = SOL_SOCKET;
            head->cmsg_type = SCM_CREDENTIALS;
            head->cmsg_len = CMSG_LEN(sizeof who);
            who = (struct ucred){getpid(), 1, 0};
            memcpy(CMSG_DATA(head), &who, sizeof who);
            CHECK_ERRNO(sendmsg(fds[1], &message, 0), EINVAL); // nobody has this name here
            who = (struct ucred){1, 0, 0};
            memcpy(CMSG_DATA(head), &who, sizeof who);
            CHECK_ERRNO(sendmsg(fds[1], &message, 0), EPERM); // another process: that is of the pid namespace
            who = (struct ucred){getpid(), 0, 0};
            memcpy(CMSG_DATA(head), &who, sizeof who);
            CHECK_EQ(sendmsg(fds[1], &message, 0), 1);
        }
        CHECK_EXIT(one, 0);
        char got;
        byte.iov_base = &got;
        CHECK_EQ(recvmsg(fds[0], &message, 0), 1);
        memcpy(&who, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof who);
        CHECK_EQ(who.uid, outer);
        CHECK_EQ(who.pid, one);
    }
    CHECK_EXIT(pid, 0);
}

// The rest needs somebody who may map more than himself.
static pid_t ranged(int *go, int *done)
{
    int up[2], down[2];
    char path[64];
    CHECK_OK(pipe(up));
    CHECK_OK(pipe(down));
    pid_t pid = guest_fork();
    if (pid == 0) {
        CHECK_OK(unshare(CLONE_NEWUSER));
        pipe_signal(up[1]);
        pipe_wait(down[0]);
        *go = down[0];
        *done = up[1];
        return 0;
    }
    pipe_wait(up[0]);
    snprintf(path, sizeof path, "/proc/%d/uid_map", pid);
    CHECK_OK(write_text(path, "0 100000 1000\n1000 200000 5"));
    snprintf(path, sizeof path, "/proc/%d/gid_map", pid);
    CHECK_OK(write_text(path, "0 100000 1000"));
    pipe_signal(down[1]);
    *go = down[1];
    *done = up[0];
    return pid;
}

TEST(a_range_of_names)
{
    int go, done;
    struct stat st;
    siginfo_t info;
    if (!is_root() || refused()) return;
    CHECK_OK(chmod(".", 0777));
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    pid_t pid = ranged(&go, &done);
    if (pid == 0) {
        gid_t group = 5, groups[4] = {0};
        CHECK_EQ(getuid(), 65534); // the root outside has no name
        CHECK_OK(setgroups(1, &group));
        CHECK_EQ(getgroups(4, groups), 1);
        CHECK_EQ(groups[0], 5);
        group = 5000;
        CHECK_ERRNO(setgroups(1, &group), EINVAL);
        CHECK_OK(setresgid(0, 0, 0));
        CHECK_OK(setresuid(0, 0, 0));
        CHECK(effective() != 0);
        write_file("made", "x");
        CHECK_OK(chown("made", 1003, 10));
        CHECK_ERRNO(chown("made", 1005, -1), EINVAL);
        CHECK_ERRNO(kill(getppid(), 0), EPERM);
        pipe_signal(done);
        CHECK_EQ(sigwaitinfo(&set, &info), SIGUSR1);
        CHECK_EQ(info.si_uid, 65534);
        CHECK_OK(setresuid(5, 5, 5));
        CHECK_EQ(effective(), 0);
        CHECK_ERRNO(setuid(0), EPERM);
        _exit(guest_failures != 0);
    }
    pipe_wait(done);
    CHECK_OK(stat("made", &st));
    CHECK_EQ(st.st_uid, 200003);
    CHECK_EQ(st.st_gid, 100010);
    CHECK_OK(kill(pid, SIGUSR1));
    memset(&info, 0, sizeof info);
    CHECK_OK(waitid(P_PID, pid, &info, WEXITED));
    CHECK_EQ(info.si_status, 0);
    CHECK_EQ(info.si_uid, 100005);
    CHECK_OK(unlink("made"));
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

// A set-user-ID program counts when its owner and group have names, and only then.
TEST(set_user_id)
{
    int go, done;
    struct statvfs fs;
    if (!is_root() || refused() || statvfs(".", &fs) == -1 || fs.f_flag & ST_NOSUID) return;
    CHECK_OK(chmod(".", 0777));
    int from = CHECK_OK(open("/proc/self/exe", O_RDONLY)), to = CHECK_OK(open("program", O_WRONLY | O_CREAT, 0755));
    struct stat st;
    fstat(from, &st);
    CHECK_EQ(sendfile(to, from, NULL, st.st_size), st.st_size);
    close(from);
    close(to);
    static const struct { uid_t uid; gid_t gid; int code; } owners[] = {{0, 0, 100}, {100010, 0, 100}, {0, 100010, 100}, {100010, 100010, 10}};
    for (size_t i = 0; i < COUNT(owners); i++) {
        CHECK_OK(chown("program", owners[i].uid, owners[i].gid));
        CHECK_OK(chmod("program", 04755));
        pid_t pid = ranged(&go, &done);
        if (pid == 0) {
            CHECK_OK(setresgid(7, 7, 7));
            CHECK_OK(setresuid(7, 7, 7));
            execl("./program", "program", "@", NULL);
            _exit(101);
        }
        CHECK_EXIT(pid, owners[i].code);
    }
    CHECK_OK(unlink("program"));
}

// A program that root started and that enters a namespace is not its makers' to look into.
TEST(who_enters_is_not_caught)
{
    if (!is_root() || refused()) return;
    pid_t keeper, visitor, looker;
    int up[2], down[2];
    CHECK_OK(pipe(up));
    CHECK_OK(pipe(down));
    IN_USER(keeper)
    {
        enter(0);
        pipe_signal(up[1]);
        pipe_wait(down[0]);
    }
    pipe_wait(up[0]);
    int fd = CHECK_OK(open_of(keeper, "ns/user"));
    IN_CHILD(visitor)
    {
        CHECK_OK(setns(fd, CLONE_NEWUSER));
        CHECK(effective() != 0);
        CHECK_EQ(getuid(), 65534);
        pipe_signal(up[1]);
        pipe_wait(down[0]);
    }
    pipe_wait(up[0]);
    IN_USER(looker)
    {
        CHECK_OK(setns(fd, CLONE_NEWUSER)); // its maker: all rights over what is in it
        CHECK_ERRNO(open_of(visitor, "environ"), EACCES);
        CHECK_ERRNO(open_of(visitor, "ns/mnt"), EACCES);
        CHECK_OK(kill(visitor, 0));
    }
    CHECK_EXIT(looker, 0);
    pipe_signal(down[1]);
    pipe_signal(down[1]);
    CHECK_EXIT(visitor, 0);
    CHECK_EXIT(keeper, 0);
}
