// sched(7): affinity, priorities, policies, getcpu(2).
#include "guest.h"
#include <sys/sysinfo.h>

TEST(affinity)
{
    cpu_set_t set, old, now;
    pid_t pid;
    CHECK_OK(sched_getaffinity(0, sizeof old, &old));
    int count = CPU_COUNT(&old), first = -1;
    CHECK(count >= 1);
    CHECK(sysconf(_SC_NPROCESSORS_ONLN) >= count);
    for (int i = 0; i < CPU_SETSIZE && first == -1; i++)
        if (CPU_ISSET(i, &old)) first = i;
    CPU_ZERO(&set);
    CPU_SET(first, &set);
    CHECK_OK(sched_setaffinity(0, sizeof set, &set));
    CHECK_OK(sched_getaffinity(0, sizeof now, &now));
    CHECK(CPU_EQUAL(&now, &set));
    for (int i = 0; i < 10; i++) {
        CHECK_EQ(sched_getcpu(), first);
        sched_yield();
    }
    IN_CHILD(pid) { // inherited
        CHECK_OK(sched_getaffinity(0, sizeof now, &now));
        CHECK(CPU_EQUAL(&now, &set));
    }
    CHECK_EXIT(pid, 0);
    CHECK_OK(sched_setaffinity(0, sizeof old, &old));
    CPU_ZERO(&set);
    CHECK_ERRNO(sched_setaffinity(0, sizeof set, &set), EINVAL); // no processor
    CHECK_ERRNO(syscall(SYS_sched_getaffinity, 0, 1, &set), EINVAL);
    CHECK_ERRNO(sched_getaffinity(0x3ffffff, sizeof set, &set), ESRCH);
    CHECK_ERRNO(syscall(SYS_sched_setaffinity, 0, 128, BAD_POINTER), EFAULT);
    long size = CHECK_OK(syscall(SYS_sched_getaffinity, 0, sizeof set, &set)); // the raw call gives the size
    CHECK(size >= 8 && size % 8 == 0);
}

TEST(nice_values)
{
    pid_t pid;
    IN_CHILD(pid) {
        errno = 0;
        int start = getpriority(PRIO_PROCESS, 0);
        CHECK_EQ(errno, 0);
        if (start > 10) continue;
        CHECK_OK(setpriority(PRIO_PROCESS, 0, 11));
        CHECK_EQ(getpriority(PRIO_PROCESS, getpid()), 11);
        CHECK_EQ(syscall(SYS_getpriority, PRIO_PROCESS, 0), 20 - 11); // the raw call
        CHECK_EQ(nice(3), 14);
        CHECK_OK(setpriority(PRIO_PROCESS, 0, 100)); // clamped
        CHECK_EQ(getpriority(PRIO_PROCESS, 0), 19);
        if (is_root()) {
            CHECK_OK(setpriority(PRIO_PROCESS, 0, -7));
            CHECK_EQ(getpriority(PRIO_PROCESS, 0), -7);
        } else {
            struct rlimit none = {0, 0};
            setrlimit(RLIMIT_NICE, &none);
            CHECK_ERRNO(setpriority(PRIO_PROCESS, 0, 5), EACCES);
            CHECK_ERRNO(setpriority(PRIO_PROCESS, 1, 19), EPERM);
        }
        CHECK_ERRNO(getpriority(77, 0), EINVAL);
        CHECK_ERRNO(getpriority(PRIO_PROCESS, 0x3ffffff), ESRCH);
    }
    CHECK_EXIT(pid, 0);
}

TEST(policies)
{
    pid_t pid;
    struct sched_param p = {0};
    CHECK_EQ(sched_getscheduler(0), SCHED_OTHER);
    CHECK_OK(sched_getparam(0, &p));
    CHECK_EQ(p.sched_priority, 0);
    CHECK_EQ(sched_get_priority_min(SCHED_FIFO), 1);
    CHECK_EQ(sched_get_priority_max(SCHED_FIFO), 99);
    CHECK_EQ(sched_get_priority_max(SCHED_OTHER), 0);
    CHECK_ERRNO(sched_get_priority_max(77), EINVAL);
    IN_CHILD(pid) {
        CHECK_OK(sched_setscheduler(0, SCHED_BATCH, &p));
        CHECK_EQ(sched_getscheduler(0), SCHED_BATCH);
        CHECK_OK(sched_setscheduler(0, SCHED_IDLE, &p));
        CHECK_EQ(sched_getscheduler(0), SCHED_IDLE);
        p.sched_priority = 5;
        CHECK_ERRNO(sched_setscheduler(0, SCHED_OTHER, &p), EINVAL);
        CHECK_ERRNO(sched_setscheduler(0, 77, &p), EINVAL);
        CHECK_ERRNO(sched_setscheduler(0x3ffffff, SCHED_OTHER, &(struct sched_param){0}), ESRCH);
        become_nobody();
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_RTPRIO, &none);
        CHECK_ERRNO(sched_setscheduler(0, SCHED_FIFO, &p), EPERM);
    }
    CHECK_EXIT(pid, 0);
}

// <linux/sched/types.h> does not go together with <sched.h>.
struct attributes { uint32_t size, sched_policy; uint64_t flags; int32_t nice; uint32_t priority; uint64_t runtime, deadline, period; };

TEST(attributes)
{
    struct attributes attributes = {0};
    CHECK_OK(syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0));
    CHECK_EQ(attributes.sched_policy, SCHED_OTHER);
    CHECK_ERRNO(syscall(SYS_sched_getattr, 0, &attributes, 4, 0), EINVAL);
    CHECK_ERRNO(syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 1), EINVAL);
    CHECK_ERRNO(syscall(SYS_sched_setattr, 0, NULL, 0), EINVAL);
}

static volatile int turns, done;
static void *spin(void *unused)
{
    while (!done) sched_yield();
    turns++;
    return unused;
}

TEST(yield_lets_others_run)
{
    pthread_t thread[8];
    for (int i = 0; i < 8; i++) CHECK_EQ(pthread_create(&thread[i], NULL, spin, NULL), 0);
    for (int i = 0; i < 100; i++) CHECK_OK(sched_yield());
    done = 1;
    for (int i = 0; i < 8; i++) CHECK_EQ(pthread_join(thread[i], NULL), 0);
}

TEST(round_robin_interval)
{
    struct timespec t;
    CHECK_OK(sched_rr_get_interval(0, &t));
    CHECK(t.tv_nsec >= 0 && t.tv_nsec < 1000000000);
    CHECK_ERRNO(sched_rr_get_interval(-1, &t), EINVAL);
}

TEST(current_cpu)
{
    unsigned cpu = ~0u, node = ~0u;
    CHECK_OK(syscall(SYS_getcpu, &cpu, &node, NULL));
    CHECK(cpu < (unsigned)get_nprocs_conf());
    CHECK(node < 1024);
    CHECK_OK(syscall(SYS_getcpu, NULL, NULL, NULL));
    CHECK_ERRNO(syscall(SYS_getcpu, BAD_POINTER, NULL, NULL), EFAULT);
}

TEST(preemption)
{
    // Two processes that never give up the processor, on one: both get on.
    cpu_set_t one, old;
    pid_t pid[2];
    CHECK_OK(sched_getaffinity(0, sizeof old, &old));
    CPU_ZERO(&one);
    for (int i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &old)) { CPU_SET(i, &one); break; }
    volatile int *word = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK_OK(sched_setaffinity(0, sizeof one, &one));
    for (int me = 0; me < 2; me++)
        IN_CHILD(pid[me])
            for (int i = 0; i < 10; i++) {
                while (*word % 2 != me) {} // spins until the other has had its turn
                ++*word;
            }
    for (int i = 0; i < 2; i++) CHECK_EXIT(pid[i], 0);
    CHECK_EQ(*word, 20);
    munmap((void *)word, PAGE);
    CHECK_OK(sched_setaffinity(0, sizeof old, &old));
}
