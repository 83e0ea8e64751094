// uname(2), sysinfo(2), sethostname(2), getcpu(2), sync(2), and other system-wide answers.
#include "guest.h"
#include <sys/reboot.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

TEST(names)
{
    struct utsname u;
    char name[256];
    CHECK_OK(uname(&u));
    CHECK_STR(u.sysname, "Linux");
    CHECK_STR(u.machine, "x86_64");
    int major = 0, minor = -1;
    CHECK_EQ(sscanf(u.release, "%d.%d", &major, &minor), 2);
    CHECK(major >= 5 && minor >= 0);
    CHECK(u.version[0] == '#');
    CHECK_OK(gethostname(name, sizeof name));
    CHECK_STR(name, u.nodename);
    CHECK_ERRNO(syscall(SYS_uname, BAD_POINTER), EFAULT);
}

TEST(system_information)
{
    struct sysinfo s;
    CHECK_OK(sysinfo(&s));
    CHECK(s.uptime > 0);
    CHECK(s.mem_unit >= 1);
    CHECK(s.totalram * s.mem_unit >= 16UL << 20);
    CHECK(s.freeram <= s.totalram);
    CHECK(s.freeswap <= s.totalswap);
    CHECK(s.procs >= 1);
    struct timespec boot;
    CHECK_OK(clock_gettime(CLOCK_BOOTTIME, &boot));
    CHECK(labs(s.uptime - boot.tv_sec) <= 2);
    CHECK_ERRNO(syscall(SYS_sysinfo, BAD_POINTER), EFAULT);
    CHECK(get_nprocs() >= 1);
    CHECK_EQ(sysconf(_SC_PAGESIZE), PAGE);
    CHECK(sysconf(_SC_PHYS_PAGES) > 4096);
}

TEST(only_root_may)
{
    pid_t pid;
    IN_CHILD(pid) {
        become_nobody();
        CHECK_ERRNO(sethostname("x", 1), EPERM);
        CHECK_ERRNO(setdomainname("x", 1), EPERM);
        CHECK_ERRNO(reboot(RB_AUTOBOOT), EPERM);
        CHECK_ERRNO(syscall(SYS_settimeofday, &(struct timeval){1700000000, 0}, NULL), EPERM);
        CHECK_ERRNO(syscall(SYS_swapon, "/none", 0), EPERM);
        CHECK_ERRNO(syscall(SYS_mount, "none", "/", "tmpfs", 0, NULL), EPERM);
        CHECK_ERRNO(syscall(SYS_umount2, "/", 0), EPERM);
        CHECK_ERRNO(syscall(SYS_pivot_root, "/none", "/none"), EPERM);
        // A kernel may be built without these three.
        CHECK(syscall(SYS_init_module, NULL, 0, "") == -1 && (errno == EPERM || errno == ENOSYS));
        CHECK(syscall(SYS_iopl, 3) == -1 && (errno == EPERM || errno == ENOSYS));
        CHECK(syscall(SYS_ioperm, 0x80, 1, 1) == -1 && (errno == EPERM || errno == ENOSYS));
        CHECK_ERRNO(syscall(SYS_acct, "/none"), EPERM);
    }
    CHECK_EXIT(pid, 0);
}

TEST(host_name_errors)
{
    if (!is_root()) return;
    char name[100];
    memset(name, 'n', sizeof name);
    CHECK_ERRNO(sethostname(name, 65), EINVAL); // __NEW_UTS_LEN is 64
    CHECK_ERRNO(sethostname(name, -1), EINVAL);
    CHECK_ERRNO(syscall(SYS_sethostname, BAD_POINTER, 5), EFAULT);
}

TEST(personality_and_sync)
{
    CHECK_EQ(syscall(SYS_personality, 0xffffffff), 0);
    int fd = CHECK_OK(open(".", O_RDONLY));
    CHECK_OK(syscall(SYS_syncfs, fd));
    CHECK_OK(close(fd));
    CHECK_ERRNO(syscall(SYS_syncfs, -1), EBADF);
}

TEST(compare_with_libc)
{
    CHECK_EQ(sysconf(_SC_CLK_TCK), 100);
    CHECK_EQ(sysconf(_SC_NGROUPS_MAX), 65536);
    CHECK_EQ(pathconf(".", _PC_NAME_MAX), 255);
    CHECK_EQ(pathconf(".", _PC_PATH_MAX), 4096);
    struct rlimit r;
    CHECK_OK(getrlimit(RLIMIT_NOFILE, &r));
    CHECK_EQ(sysconf(_SC_OPEN_MAX), (long)r.rlim_cur);
    CHECK_EQ(getdtablesize(), (int)r.rlim_cur);
}
