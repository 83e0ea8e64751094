// Bad system-call numbers, bad pointers and hostile arguments: an error each time, never a dead process.
#include "guest.h"
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

TEST(unknown_numbers)
{
    static const long numbers[] = {10000, 600, 1023, 0x7fffffff, -1, -2, 0x40000000 + 10000};
    for (size_t i = 0; i < COUNT(numbers); i++) CHECK_ERRNO(syscall(numbers[i], 1, 2, 3, 4, 5, 6), ENOSYS);
    // Numbers that were never implemented on Linux.
    static const long unimplemented[] = {SYS_tuxcall, SYS_vserver, SYS_afs_syscall, SYS_security, SYS_getpmsg, SYS_putpmsg, SYS_create_module,
        SYS_get_kernel_syms, SYS_query_module, SYS_nfsservctl, SYS_epoll_ctl_old, SYS_epoll_wait_old, SYS_uselib, SYS__sysctl};
    for (size_t i = 0; i < COUNT(unimplemented); i++) CHECK_ERRNO(syscall(unimplemented[i], 0, 0, 0, 0, 0, 0), ENOSYS);
}

TEST(upper_half_of_the_number_is_ignored)
{
    // The kernel takes the low 32 bits of rax.
    CHECK_EQ(syscall(0x100000000 + SYS_getpid), getpid());
}

TEST(bad_path_pointers)
{
    static const long calls[] = {SYS_open, SYS_stat, SYS_lstat, SYS_access, SYS_mkdir, SYS_rmdir, SYS_unlink, SYS_chdir, SYS_chmod, SYS_truncate,
        SYS_creat, SYS_readlink, SYS_utime, SYS_utimes, SYS_chown, SYS_lchown, SYS_mknod, SYS_statfs, SYS_rename, SYS_link, SYS_symlink, SYS_chroot};
    void *bad[] = {BAD_POINTER, unmapped_page(), (void *)-1L, (void *)(1UL << 47), (void *)0x8000000000000000UL, NULL};
    for (size_t i = 0; i < COUNT(calls); i++)
        for (size_t b = 0; b < COUNT(bad); b++) {
            errno = 0;
            long result = syscall(calls[i], bad[b], calls[i] == SYS_readlink ? (long)&result : 0L, 16L);
            // utime(NULL) means the working directory on old interfaces only through utimensat: all of these fault.
            if (result != -1 || errno != EFAULT) guest_fail(__FILE__, __LINE__, errno, "call %ld, pointer %p: %ld", calls[i], bad[b], result);
        }
}

TEST(path_running_into_a_hole)
{
    char *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK_OK(munmap(pages + PAGE, PAGE));
    memset(pages, 'a', PAGE); // no NUL before the hole
    CHECK_ERRNO(access(pages + PAGE - 10, F_OK), EFAULT);
    memcpy(pages + PAGE - 2, ".", 2); // ends exactly at the hole
    CHECK_OK(access(pages + PAGE - 2, F_OK));
    CHECK_OK(munmap(pages, PAGE));
}

TEST(bad_result_pointers)
{
    void *bad = unmapped_page();
    int fd = CHECK_OK(open("/dev/zero", O_RDWR)), pair[2], listener, ep = CHECK_OK(epoll_create1(0));
    struct sockaddr_un name = {AF_UNIX};
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    listener = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
    CHECK_OK(bind(listener, (void *)&name, 2));
    const struct { long number, a, b, c, d, e; } calls[] = {
        {SYS_read, fd, (long)bad, 10}, {SYS_pread64, fd, (long)bad, 10}, {SYS_readv, fd, (long)bad, 1}, {SYS_writev, fd, (long)bad, 1},
        {SYS_preadv, fd, (long)bad, 1}, {SYS_fstat, fd, (long)bad}, {SYS_fstatfs, fd, (long)bad}, {SYS_pipe, (long)bad}, {SYS_pipe2, (long)bad, 0},
        {SYS_getcwd, (long)bad, 100}, {SYS_uname, (long)bad}, {SYS_sysinfo, (long)bad}, {SYS_times, (long)bad}, {SYS_getrusage, 0, (long)bad},
        {SYS_getrlimit, RLIMIT_NOFILE, (long)bad}, {SYS_setrlimit, RLIMIT_NOFILE, (long)bad}, {SYS_prlimit64, 0, RLIMIT_NOFILE, (long)bad, 0},
        {SYS_gettimeofday, (long)bad, 0}, {SYS_clock_gettime, 0, (long)bad}, {SYS_clock_getres, 0, (long)bad}, {SYS_nanosleep, (long)bad, 0},
        {SYS_rt_sigaction, SIGUSR1, (long)bad, 0, 8}, {SYS_rt_sigaction, SIGUSR1, 0, (long)bad, 8}, {SYS_rt_sigprocmask, SIG_BLOCK, (long)bad, 0, 8},
        {SYS_rt_sigpending, (long)bad, 8}, {SYS_rt_sigsuspend, (long)bad, 8}, {SYS_sigaltstack, (long)bad, 0}, {SYS_getitimer, 0, (long)bad},
        {SYS_setitimer, 0, (long)bad, 0}, {SYS_poll, (long)bad, 1, 0}, {SYS_select, 1, (long)bad, 0, 0, 0}, {SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, (long)bad},
        {SYS_bind, pair[0], (long)bad, 20}, {SYS_getsockname, pair[0], (long)bad, (long)bad}, {SYS_getsockopt, pair[0], SOL_SOCKET, SO_TYPE, (long)bad, (long)bad},
        {SYS_setsockopt, pair[0], SOL_SOCKET, SO_SNDBUF, (long)bad, 4}, {SYS_sendmsg, pair[0], (long)bad, 0}, {SYS_sendto, pair[0], (long)bad, 10, 0, 0},
        {SYS_epoll_ctl, ep, EPOLL_CTL_ADD, fd, (long)bad}, {SYS_getresuid, (long)bad, (long)bad, (long)bad}, {SYS_getgroups, 100, (long)bad},
        {SYS_sched_setparam, 0, (long)bad}, {SYS_sched_getaffinity, 0, 128, (long)bad}, {SYS_getrandom, (long)bad, 10, 0},
        {SYS_futex, (long)bad, 0, 0, 0}, {SYS_memfd_create, (long)bad, 0}, {SYS_execve, (long)bad, 0, 0}, {SYS_getdents64, CHECK_OK(open(".", O_RDONLY)), (long)bad, 1000},
        {SYS_arch_prctl, 0x1003, (long)bad}, {SYS_getcpu, (long)bad, 0, 0}, {SYS_openat2, AT_FDCWD, (long)".", (long)bad, 24},
        {SYS_statx, AT_FDCWD, (long)".", 0, 0x7ff, (long)bad}, {SYS_timer_create, 0, 0, (long)bad}, {SYS_sendfile, fd, fd, (long)bad, 10}};
    for (size_t i = 0; i < COUNT(calls); i++) {
        errno = 0;
        long result = syscall(calls[i].number, calls[i].a, calls[i].b, calls[i].c, calls[i].d, calls[i].e, 0);
        // A zero-filled descriptor of getgroups succeeds when there are no groups at all.
        if (calls[i].number == SYS_getgroups && result == 0) continue;
        if (result != -1 || errno != EFAULT) guest_fail(__FILE__, __LINE__, errno, "entry %zu, call %ld: %ld", i, calls[i].number, result);
    }
    CHECK_OK(close_range(fd, ~0U, 0));
}

TEST(huge_counts)
{
    char byte = 'x';
    struct iovec io = {&byte, SIZE_MAX};
    int fd = CHECK_OK(open("f", O_RDWR | O_CREAT, 0600)), zero = CHECK_OK(open("/dev/zero", O_RDONLY));
    CHECK_ERRNO(write(fd, &byte, SIZE_MAX), EFAULT);
    CHECK_ERRNO(read(fd, &byte, SSIZE_MAX), EFAULT); // although the file is empty: the range is not the user's
    CHECK_ERRNO(writev(fd, &io, 1), EINVAL);
    CHECK_ERRNO(syscall(SYS_readv, fd, &io, 1UL << 20), EINVAL);
    CHECK_ERRNO(syscall(SYS_getdents64, fd, &byte, ~0UL), ENOTDIR);
    CHECK_ERRNO(syscall(SYS_poll, &byte, 0xffffffffUL, 0), EINVAL);
    CHECK_ERRNO(syscall(SYS_setgroups, 0x7fffffff, &byte), is_root() ? EINVAL : EPERM);
    CHECK_ERRNO(lseek(fd, LLONG_MIN, SEEK_CUR), EINVAL);
    errno = 0;
    CHECK(lseek(fd, LLONG_MAX, SEEK_SET) == LLONG_MAX || errno == EINVAL); // the largest file differs between file systems
    CHECK_ERRNO(ftruncate(fd, LLONG_MAX), EFBIG);
    CHECK_ERRNO(pwrite(fd, &byte, 1, LLONG_MAX), EINVAL);
    CHECK_ERRNO(syscall(SYS_mmap, NULL, ~0UL, PROT_READ, MAP_PRIVATE, zero, 0), ENOMEM);
    CHECK_ERRNO(syscall(SYS_munmap, 0, ~0UL), EINVAL);
    CHECK_ERRNO(syscall(SYS_mprotect, 0, ~0UL << 12, PROT_READ), ENOMEM);
    CHECK_OK(close(zero));
    CHECK_OK(close(fd));
    CHECK_OK(unlink("f"));
}

TEST(read_is_cut_at_two_gigabytes)
{
    // read(2): at most 0x7ffff000 bytes at once. /dev/null takes any amount without looking.
    int fd = CHECK_OK(open("/dev/null", O_WRONLY));
    CHECK_EQ(write(fd, BAD_POINTER, 0x100000000), 0x7ffff000);
    CHECK_OK(close(fd));
}

TEST(negative_sizes)
{
    char text[8];
    int pair[2];
    CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
    CHECK_ERRNO(syscall(SYS_getgroups, -1, text), EINVAL);
    CHECK_ERRNO(syscall(SYS_bind, pair[0], text, -1), EINVAL);
    CHECK_ERRNO(syscall(SYS_connect, pair[0], text, -1), EINVAL);
    CHECK_ERRNO(syscall(SYS_setsockopt, pair[0], SOL_SOCKET, SO_SNDBUF, text, -1), EINVAL);
    CHECK_ERRNO(syscall(SYS_sethostname, text, -1), is_root() ? EINVAL : EPERM);
    CHECK_ERRNO(syscall(SYS_sched_setaffinity, 0, -1, BAD_POINTER), EFAULT);
    CHECK_ERRNO(syscall(SYS_epoll_wait, pair[0], text, -1, 0), EINVAL);
    CHECK_ERRNO(syscall(SYS_readlink, ".", text, -1), EINVAL);
    CHECK_ERRNO(syscall(SYS_dup3, 0, -1, 0), EBADF);
    CHECK_ERRNO(syscall(SYS_listen, pair[0], -1), EOPNOTSUPP);
    CHECK_OK(close(pair[0]));
    CHECK_OK(close(pair[1]));
}

TEST(kernel_addresses)
{
    // Neither read nor written, whatever is asked; and the address is not a way to learn what is there.
    static const uintptr_t addresses[] = {0xffffffff81000000, 0xffff888000000000, 0xffffffffff600000, 0xfffffffffffff000};
    int ends[2];
    CHECK_OK(pipe(ends));
    for (size_t i = 0; i < COUNT(addresses); i++) {
        CHECK_ERRNO(write(ends[1], (void *)addresses[i], 8), EFAULT);
        CHECK_ERRNO(syscall(SYS_clock_gettime, 0, addresses[i]), EFAULT);
        CHECK_ERRNO(access((char *)addresses[i], F_OK), EFAULT);
    }
    CHECK_OK(close(ends[0]));
    CHECK_OK(close(ends[1]));
}

TEST(every_number_with_rubbish)
{
    // In a child with nothing to lose, and only with arguments that cannot work: the kernel must answer something.
    static const long skip[] = {SYS_exit, SYS_exit_group, SYS_pause, SYS_rt_sigreturn, SYS_fork, SYS_vfork, SYS_kill, SYS_tkill, SYS_tgkill,
        SYS_rt_sigsuspend, SYS_reboot, SYS_sync, SYS_setsid, SYS_vhangup, SYS_munmap, SYS_munlockall, SYS_mlockall, SYS_restart_syscall, SYS_wait4,
        SYS_waitid, SYS_select, SYS_pselect6, SYS_poll, SYS_ppoll, SYS_clone, SYS_alarm, SYS_setuid, SYS_setgid, SYS_setresuid, SYS_setresgid,
        SYS_setreuid, SYS_setregid, SYS_arch_prctl, SYS_brk, SYS_shutdown, SYS_seccomp, SYS_close, SYS_umask, SYS_sched_yield, SYS_set_tid_address,
        SYS_personality, SYS_iopl, SYS_unshare, SYS_setfsuid, SYS_setfsgid, SYS_close_range, SYS_dup2, SYS_rseq,
        335 /* uretprobe: SIGILL for every caller but its own trampoline */, 336 /* uprobe */};
    pid_t pid;
    IN_CHILD(pid) {
        become_nobody();
        alarm(60);
        for (long number = 0; number < 470; number++) {
            bool skipped = false;
            for (size_t i = 0; i < COUNT(skip); i++) skipped |= skip[i] == number;
            if (skipped) continue;
            long result = syscall(number, -1L, -1L, -1L, -1L, -1L, -1L);
            CHECK(result >= -1 || number == SYS_mmap);
        }
    }
    CHECK_EXIT(pid, 0);
}
