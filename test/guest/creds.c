// credentials(7), setresuid(2), setgroups(2), capabilities(7), prctl(2)'s no_new_privs and keepcaps.
#include "guest.h"
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>

struct caps { uint64_t effective, permitted, inheritable; };
static struct caps caps(void)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct d[2] = {{0}};
    CHECK_OK(syscall(SYS_capget, &header, d));
    return (struct caps){d[0].effective | (uint64_t)d[1].effective << 32, d[0].permitted | (uint64_t)d[1].permitted << 32,
        d[0].inheritable | (uint64_t)d[1].inheritable << 32};
}
static int set_caps(struct caps c)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct d[2] = {{c.effective, c.permitted, c.inheritable}, {c.effective >> 32, c.permitted >> 32, c.inheritable >> 32}};
    return syscall(SYS_capset, &header, d);
}
static void check_uids(uid_t r, uid_t e, uid_t s)
{
    uid_t a, b, c;
    CHECK_OK(getresuid(&a, &b, &c));
    CHECK(a == r && b == e && c == s);
}

TEST(ids_agree)
{
    uid_t a, b, c;
    gid_t x, y, z;
    CHECK_OK(getresuid(&a, &b, &c));
    CHECK_OK(getresgid(&x, &y, &z));
    CHECK(a == getuid() && b == geteuid() && x == getgid() && y == getegid());
    CHECK_EQ(setfsuid(-1), b); // setfsuid(2): gives the current one, changes nothing
    CHECK_EQ(setfsgid(-1), y);
    CHECK_ERRNO(syscall(SYS_getresuid, BAD_POINTER, &b, &c), EFAULT);
}

// All of these act through the raw calls: the C library would also tell the other threads, of which there are none.
TEST(root_can_become_anyone)
{
    pid_t pid;
    if (!is_root()) return;
    IN_CHILD(pid) {
        CHECK_OK(setresuid(1000, 2000, 3000));
        check_uids(1000, 2000, 3000);
        CHECK_OK(seteuid(3000)); // any of the three
        check_uids(1000, 3000, 3000);
        CHECK_OK(setresuid(-1, 1000, -1));
        check_uids(1000, 1000, 3000);
        CHECK_ERRNO(setresuid(2000, -1, -1), EPERM);
        CHECK_ERRNO(seteuid(0), EPERM);
    }
    CHECK_EXIT(pid, 0);
    IN_CHILD(pid) {
        CHECK_OK(seteuid(1000)); // temporarily
        CHECK_EQ(caps().effective, 0);
        CHECK(caps().permitted != 0);
        CHECK_OK(seteuid(0)); // and back
        CHECK(caps().effective != 0);
        CHECK_OK(setuid(1000)); // for good
        check_uids(1000, 1000, 1000);
        CHECK(caps().effective == 0 && caps().permitted == 0);
        CHECK_ERRNO(setuid(0), EPERM);
    }
    CHECK_EXIT(pid, 0);
    IN_CHILD(pid) {
        CHECK_OK(setreuid(1000, 2000));
        check_uids(1000, 2000, 2000); // setreuid(2): saved := effective
        CHECK_OK(setreuid(2000, 1000));
        check_uids(2000, 1000, 1000);
    }
    CHECK_EXIT(pid, 0);
    CHECK_OK(chmod(".", 0777)); // before the child, which makes a file as somebody else
    IN_CHILD(pid) {
        CHECK_OK(setresgid(10, 20, 30));
        CHECK_OK(setregid(20, 10));
        CHECK_OK(setgid(77));
        CHECK_EQ(getegid(), 77);
        CHECK_EQ(setfsuid(1234), 0);
        CHECK_EQ(setfsuid(-1), 1234);
        write_file("fs", "");
        struct stat st;
        CHECK_OK(stat("fs", &st));
        CHECK_EQ(st.st_uid, 1234); // new files belong to the file-system user
        CHECK_OK(unlink("fs"));
    }
    CHECK_EXIT(pid, 0);
}

TEST(ordinary_user)
{
    pid_t pid;
    IN_CHILD(pid) {
        become_nobody();
        uid_t me = geteuid();
        gid_t group = getegid(), other = group + 1;
        CHECK_ERRNO(setuid(0), EPERM);
        CHECK_ERRNO(setuid(me + 1), EPERM);
        CHECK_ERRNO(setreuid(0, 0), EPERM);
        CHECK_ERRNO(setresuid(me, 0, me), EPERM);
        CHECK_ERRNO(setgid(0), EPERM);
        CHECK_ERRNO(setresgid(group, group, 0), EPERM);
        CHECK_ERRNO(syscall(SYS_setgroups, 1, &other), EPERM);
        CHECK_OK(setuid(me));
        CHECK_OK(setresuid(me, me, me));
        CHECK_OK(setresuid(-1, -1, -1));
        CHECK(caps().effective == 0 && caps().permitted == 0);
        CHECK_ERRNO(set_caps((struct caps){1, 1, 0}), EPERM);
        CHECK_OK(set_caps((struct caps){0, 0, 0}));
    }
    CHECK_EXIT(pid, 0);
}

TEST(groups)
{
    pid_t pid;
    gid_t list[64];
    int n = CHECK_OK(getgroups(0, NULL));
    CHECK_EQ(getgroups(64, list), n);
    CHECK_ERRNO(getgroups(-1, list), EINVAL);
    if (n > 1) CHECK_ERRNO(getgroups(1, list), EINVAL);
    if (!is_root()) return;
    IN_CHILD(pid) {
        gid_t set[3] = {300, 100, 200};
        CHECK_OK(syscall(SYS_setgroups, 3, set));
        CHECK_EQ(getgroups(64, list), 3);
        CHECK(list[0] == 100 && list[1] == 200 && list[2] == 300); // the kernel keeps them sorted
        CHECK_OK(mkdir("g", 0));
        CHECK_OK(chmod("g", 0070));
        CHECK_OK(chown("g", 5, 200));
        CHECK_OK(chmod(".", 0777));
        CHECK_OK(setresuid(1000, 1000, 1000));
        CHECK_OK(access("g", R_OK | W_OK | X_OK)); // through a supplementary group
        pid_t inner;
        IN_CHILD(inner) CHECK_EQ(getgroups(64, list), 3);
        CHECK_EXIT(inner, 0);
    }
    CHECK_EXIT(pid, 0);
    CHECK_OK(rmdir("g"));
    CHECK_ERRNO(syscall(SYS_setgroups, 65537, list), EINVAL);
    CHECK_ERRNO(syscall(SYS_setgroups, 1, BAD_POINTER), EFAULT);
}

TEST(capget_rules)
{
    struct __user_cap_header_struct header = {0x12345678, 0};
    struct __user_cap_data_struct data[2];
    CHECK_ERRNO(syscall(SYS_capget, &header, data), EINVAL);
    CHECK_EQ(header.version, _LINUX_CAPABILITY_VERSION_3); // tells the version it knows
    header.pid = 0x3ffffff;
    CHECK_ERRNO(syscall(SYS_capget, &header, data), ESRCH);
    CHECK_ERRNO(syscall(SYS_capget, BAD_POINTER, data), EFAULT);
}

TEST(dropping_one_capability)
{
    pid_t pid;
    if (!is_root()) return;
    write_file("f", "");
    CHECK_OK(chmod("f", 0));
    CHECK_OK(chown("f", 1, 1));
    IN_CHILD(pid) {
        struct caps c = caps();
        uint64_t dac = 1ULL << CAP_DAC_OVERRIDE | 1ULL << CAP_DAC_READ_SEARCH;
        c.effective &= ~dac;
        CHECK_OK(set_caps(c));
        CHECK_ERRNO(open("f", O_RDONLY), EACCES);
        c.effective |= dac;
        CHECK_OK(set_caps(c)); // still permitted
        CHECK_OK(open("f", O_RDONLY));
        c.permitted &= ~dac;
        c.effective &= ~dac;
        CHECK_OK(set_caps(c));
        c.permitted |= dac;
        CHECK_ERRNO(set_caps(c), EPERM); // gone for good
    }
    CHECK_EXIT(pid, 0);
    CHECK_OK(unlink("f"));
}

TEST(keep_capabilities)
{
    pid_t pid;
    if (!is_root()) return;
    IN_CHILD(pid) {
        CHECK_EQ(prctl(PR_GET_KEEPCAPS), 0);
        CHECK_OK(prctl(PR_SET_KEEPCAPS, 1));
        CHECK_OK(setresuid(1000, 1000, 1000));
        CHECK_EQ(caps().effective, 0);
        CHECK(caps().permitted != 0);
    }
    CHECK_EXIT(pid, 0);
    CHECK_ERRNO(prctl(PR_SET_KEEPCAPS, 2), EINVAL);
}

TEST(secure_bits_and_bounding_set)
{
    pid_t pid;
    CHECK_EQ(prctl(PR_GET_SECUREBITS), 0);
    CHECK(prctl(PR_CAPBSET_READ, CAP_CHOWN) >= 0);
    CHECK_ERRNO(prctl(PR_CAPBSET_READ, 9999), EINVAL);
    IN_CHILD(pid) {
        if (is_root()) {
            CHECK_OK(prctl(PR_CAPBSET_DROP, CAP_SYS_TIME));
            CHECK_EQ(prctl(PR_CAPBSET_READ, CAP_SYS_TIME), 0);
            CHECK_OK(prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP));
            CHECK_OK(setresuid(1000, 1000, 1000));
            CHECK(caps().effective != 0); // the change of user does not touch them
        } else {
            CHECK_ERRNO(prctl(PR_CAPBSET_DROP, CAP_SYS_TIME), EPERM);
            CHECK_ERRNO(prctl(PR_SET_SECUREBITS, SECBIT_NOROOT), EPERM);
        }
    }
    CHECK_EXIT(pid, 0);
}

TEST(no_new_privileges)
{
    pid_t pid;
    IN_CHILD(pid) {
        CHECK_OK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
        CHECK_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
        CHECK_ERRNO(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), EINVAL); // one way
        CHECK_ERRNO(prctl(PR_SET_NO_NEW_PRIVS, 1, 1, 0, 0), EINVAL);
        pid_t inner;
        IN_CHILD(inner) CHECK_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
        CHECK_EXIT(inner, 0);
    }
    CHECK_EXIT(pid, 0);
}
