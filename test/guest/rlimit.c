// getrlimit(2), prlimit(2): the limits that bite.
#include "guest.h"
#include <linux/capability.h>

static void limit(int resource, rlim_t soft)
{
    struct rlimit r;
    CHECK_OK(getrlimit(resource, &r));
    r.rlim_cur = soft;
    CHECK_OK(setrlimit(resource, &r));
}

// Containers often run root without CAP_SYS_RESOURCE.
static bool may_raise(void)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {{0}};
    syscall(SYS_capget, &header, data);
    return data[0].effective >> CAP_SYS_RESOURCE & 1;
}

TEST(get_and_set)
{
    pid_t pid;
    struct rlimit r, old;
    for (int i = 0; i < RLIM_NLIMITS; i++) {
        CHECK_OK(getrlimit(i, &r));
        CHECK(r.rlim_cur <= r.rlim_max);
    }
    CHECK_ERRNO(getrlimit(RLIM_NLIMITS, &r), EINVAL);
    CHECK_ERRNO(syscall(SYS_getrlimit, RLIMIT_NOFILE, BAD_POINTER), EFAULT);
    IN_CHILD(pid) {
        CHECK_OK(getrlimit(RLIMIT_NOFILE, &r));
        r.rlim_max = 150;
        r.rlim_cur = 100;
        CHECK_OK(prlimit(0, RLIMIT_NOFILE, &r, &old)); // lowering is free
        CHECK(old.rlim_max > 150);
        CHECK_OK(getrlimit(RLIMIT_NOFILE, &r));
        CHECK(r.rlim_cur == 100 && r.rlim_max == 150);
        r.rlim_cur = 200;
        CHECK_ERRNO(setrlimit(RLIMIT_NOFILE, &r), EINVAL); // soft above hard
        r.rlim_cur = r.rlim_max = 151;
        if (may_raise()) CHECK_OK(setrlimit(RLIMIT_NOFILE, &r));
        else CHECK_ERRNO(setrlimit(RLIMIT_NOFILE, &r), EPERM);
        pid_t inner;
        IN_CHILD(inner) {
            CHECK_OK(getrlimit(RLIMIT_NOFILE, &r));
            CHECK(r.rlim_max <= 151); // inherited
        }
        CHECK_EXIT(inner, 0);
    }
    CHECK_EXIT(pid, 0);
    CHECK_ERRNO(prlimit(0x3ffffff, RLIMIT_NOFILE, NULL, &r), ESRCH);
}

TEST(open_files)
{
    pid_t pid;
    IN_CHILD(pid) {
        int fd, pair[2], last = 2;
        limit(RLIMIT_NOFILE, 20);
        while ((fd = open("/dev/null", O_RDONLY)) != -1) last = fd;
        CHECK_EQ(errno, EMFILE);
        CHECK_EQ(last, 19);
        CHECK_ERRNO(dup(0), EMFILE);
        CHECK_ERRNO(pipe(pair), EMFILE);
        CHECK_ERRNO(socket(AF_UNIX, SOCK_STREAM, 0), EMFILE);
        CHECK_ERRNO(dup2(0, 20), EBADF);
        CHECK_ERRNO(fcntl(0, F_DUPFD, 20), EINVAL);
        CHECK_OK(close(19));
        CHECK_ERRNO(pipe(pair), EMFILE); // needs two: takes none
        CHECK_EQ(open("/dev/null", O_RDONLY), 19);
    }
    CHECK_EXIT(pid, 0);
}

TEST(file_size)
{
    pid_t pid;
    static char data[10000];
    IN_CHILD(pid) {
        int fd = CHECK_OK(open("f", O_RDWR | O_CREAT, 0600));
        signal(SIGXFSZ, SIG_IGN);
        limit(RLIMIT_FSIZE, 8000);
        CHECK_EQ(write(fd, data, sizeof data), 8000); // up to the limit
        CHECK_ERRNO(write(fd, data, 1), EFBIG);
        CHECK_ERRNO(pwrite(fd, data, 1, 9000), EFBIG);
        CHECK_ERRNO(ftruncate(fd, 8001), EFBIG);
        CHECK_OK(ftruncate(fd, 8000));
        CHECK_EQ(pwrite(fd, data, 10, 0), 10);
    }
    CHECK_EXIT(pid, 0);
    IN_CHILD(pid) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        int fd = CHECK_OK(open("f", O_RDWR | O_APPEND));
        limit(RLIMIT_FSIZE, 8000);
        signal(SIGXFSZ, SIG_DFL);
        (void)!write(fd, data, 1);
    }
    CHECK_KILLED(pid, SIGXFSZ);
    CHECK_OK(unlink("f"));
}

TEST(processes)
{
    pid_t pid;
    IN_CHILD(pid) {
        // For a user of its own, so that no other process counts. An ordinary caller may only see that 0 is enough to fail.
        if (is_root()) {
            CHECK_OK(setresgid(61234, 61234, 61234));
            limit(RLIMIT_NPROC, 3);
            CHECK_OK(setresuid(61234, 61234, 61234));
            pid_t child[2], third;
            for (int i = 0; i < 2; i++) IN_CHILD(child[i]) for (;;) pause();
            CHECK_ERRNO(third = fork(), EAGAIN);
            for (int i = 0; i < 2; i++) {
                kill(child[i], SIGKILL);
                CHECK_KILLED(child[i], SIGKILL);
            }
        } else {
            limit(RLIMIT_NPROC, 0);
            CHECK_ERRNO(fork(), EAGAIN);
        }
    }
    CHECK_EXIT(pid, 0);
    IN_CHILD(pid) {
        if (!is_root()) continue;
        pid_t inner;
        limit(RLIMIT_NPROC, 0); // root is not limited
        IN_CHILD(inner) {}
        CHECK_EXIT(inner, 0);
    }
    CHECK_EXIT(pid, 0);
}

TEST(address_space)
{
    pid_t pid;
    IN_CHILD(pid) {
        limit(RLIMIT_AS, 64 << 20);
        errno = 0;
        CHECK(mmap(NULL, 128 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == ENOMEM);
        void *p = mmap(NULL, 16 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHECK(p != MAP_FAILED);
        CHECK(mremap(p, 16 << 20, 128 << 20, MREMAP_MAYMOVE) == MAP_FAILED && errno == ENOMEM);
        CHECK(malloc(128 << 20) == NULL);
    }
    CHECK_EXIT(pid, 0);
}

TEST(data_size)
{
    pid_t pid;
    IN_CHILD(pid) {
        limit(RLIMIT_DATA, 32 << 20);
        errno = 0;
        CHECK(mmap(NULL, 64 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == ENOMEM);
        CHECK(mmap(NULL, 64 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED); // only writable memory counts
        CHECK(sbrk(64 << 20) == (void *)-1 && errno == ENOMEM);
    }
    CHECK_EXIT(pid, 0);
}

__attribute__((noinline)) static int deep(int levels)
{
    volatile char room[1024];
    room[0] = levels;
    return levels == 0 ? 0 : deep(levels - 1) + room[0] * 0;
}

TEST(stack_size)
{
    pid_t pid;
    IN_CHILD(pid) CHECK_EQ(deep(4000), 0); // 4 MiB: the stack grows by itself
    CHECK_EXIT(pid, 0);
    IN_CHILD(pid) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        limit(RLIMIT_STACK, 512 << 10);
        deep(4000);
    }
    CHECK_KILLED(pid, SIGSEGV);
}

TEST(cpu_time)
{
    pid_t pid;
    IN_CHILD(pid) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        limit(RLIMIT_CPU, 1);
        for (;;) {} // one second of work, then SIGXCPU
    }
    CHECK_KILLED(pid, SIGXCPU);
}

static volatile sig_atomic_t warnings;
static void count_warning(int signal) { warnings += signal == SIGXCPU; }

TEST(hard_cpu_time)
{
    pid_t pid;
    IN_CHILD(pid) {
        struct rlimit r = {1, 2};
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        signal(SIGXCPU, count_warning);
        CHECK_OK(setrlimit(RLIMIT_CPU, &r));
        if (fork() > 0) { // inherited by the child, which is judged here
            int status;
            wait(&status);
            if (!WIFSIGNALED(status)) _exit(99);
            kill(getpid(), WTERMSIG(status));
        }
        for (;;) {
            struct timespec t;
            if (warnings == 0 && clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) == 0 && t.tv_sec >= 3) _exit(98); // no warning
        }
    }
    CHECK_KILLED(pid, SIGKILL);
}

TEST(stack_limit_is_given_back)
{
    pid_t pid;
    IN_CHILD(pid) {
        limit(RLIMIT_STACK, 512 << 10);
        limit(RLIMIT_STACK, 8 << 20);
        CHECK_EQ(deep(4000), 0);
    }
    CHECK_EXIT(pid, 0);
}

TEST(nice_and_locked_memory)
{
    pid_t pid;
    IN_CHILD(pid) {
        become_nobody();
        struct rlimit r = {PAGE, PAGE};
        CHECK_OK(setrlimit(RLIMIT_MEMLOCK, &r));
        char *p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHECK_OK(mlock(p, PAGE));
        CHECK_ERRNO(mlock(p, 4 * PAGE), ENOMEM);
        r = (struct rlimit){0, 0};
        CHECK_OK(setrlimit(RLIMIT_NICE, &r));
        CHECK_ERRNO(setpriority(PRIO_PROCESS, 0, -5), EACCES);
    }
    CHECK_EXIT(pid, 0);
}
