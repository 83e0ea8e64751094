// sched(7): affinity, priorities, policies, getcpu(2).
#define GUEST_HELPER helper
#include "guest.h"
#include <sys/sysinfo.h>

// "@on N": runs on processor N and no other.
static int helper(int argc, char **argv)
{
    cpu_set_t now;
    int only = argc == 3 ? atoi(argv[2]) : -1;
    CHECK_OK(sched_getaffinity(0, sizeof now, &now));
    CHECK(CPU_COUNT(&now) == 1 && CPU_ISSET(only, &now));
    for (int i = 0; i < 10; i++) {
        CHECK_EQ(sched_getcpu(), only);
        sched_yield();
    }
    return guest_failures != 0;
}

static int allowed(int which) // the first or the last processor
{
    cpu_set_t set;
    int last = -1;
    CHECK_OK(sched_getaffinity(0, sizeof set, &set));
    for (int i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &set)) {
            last = i;
            if (which == 0) break;
        }
    return last;
}

static void *check_cpu(void *only)
{
    for (int i = 0; i < 10; i++) {
        CHECK_EQ(sched_getcpu(), (intptr_t)only);
        sched_yield();
    }
    return NULL;
}

TEST(affinity_is_inherited)
{
    pid_t pid;
    for (int which = 0; which < 2; which++) {
        IN_CHILD(pid) {
            cpu_set_t set;
            pthread_t thread;
            int only = allowed(which);
            char number[16];
            CPU_ZERO(&set);
            CPU_SET(only, &set);
            CHECK_OK(sched_setaffinity(getpid(), sizeof set, &set));
            CHECK_EQ(pthread_create(&thread, NULL, check_cpu, (void *)(intptr_t)only), 0);
            CHECK_EQ(pthread_join(thread, NULL), 0);
            snprintf(number, sizeof number, "%d", only);
            char text[4096], line[64], *at;
            read_file("/proc/self/status", text, sizeof text);
            snprintf(line, sizeof line, "Cpus_allowed_list:\t%d\n", only);
            CHECK((at = strstr(text, "Cpus_allowed_list:")) && strncmp(at, line, strlen(line)) == 0);
            execl("/proc/self/exe", "sched", "@on", number, NULL);
            CHECK(false);
        }
        CHECK_EXIT(pid, 0);
    }
}

TEST(affinity_of_another)
{
    cpu_set_t set;
    int to_child[2], from_child[2], only = allowed(1);
    pid_t pid;
    CHECK_OK(pipe(to_child));
    CHECK_OK(pipe(from_child));
    IN_CHILD(pid) {
        pipe_signal(from_child[1]);
        pipe_wait(to_child[0]);
        check_cpu((void *)(intptr_t)only);
    }
    pipe_wait(from_child[0]);
    CPU_ZERO(&set);
    CPU_SET(only, &set);
    CHECK_OK(sched_setaffinity(pid, sizeof set, &set));
    pipe_signal(to_child[1]);
    CHECK_EXIT(pid, 0);
    for (int i = 0; i < 2; i++) close(to_child[i]), close(from_child[i]);
    if (is_root()) {
        IN_CHILD(pid) {
            become_nobody();
            CHECK_ERRNO(sched_setaffinity(getppid(), sizeof set, &set), EPERM);
        }
        CHECK_EXIT(pid, 0);
    }
}

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
    CHECK_ERRNO(syscall(SYS_sched_getattr, 0, NULL, sizeof attributes, 0), EINVAL);
    CHECK_ERRNO(syscall(SYS_sched_getattr, 0x3ffffff, &attributes, sizeof attributes, 0), ESRCH);
}

TEST(set_attributes)
{
    struct attributes now = {0}, larger[2] = {{0}};
    pid_t pid, other;
    IN_CHILD(pid) {
        struct attributes batch = {.size = sizeof batch, .sched_policy = SCHED_BATCH, .nice = 12, .flags = 1}; // SCHED_FLAG_RESET_ON_FORK
        CHECK_OK(syscall(SYS_sched_setattr, 0, &batch, 0));
        CHECK_OK(syscall(SYS_sched_getattr, 0, &now, sizeof now, 0));
        CHECK(now.size == sizeof now && now.sched_policy == SCHED_BATCH && now.nice == 12 && now.flags == 1);
        CHECK_EQ(sched_getscheduler(0), SCHED_BATCH | SCHED_RESET_ON_FORK);
        CHECK_EQ(getpriority(PRIO_PROCESS, 0), 12);
        IN_CHILD(other) CHECK_EQ(sched_getscheduler(0), SCHED_BATCH); // the flag is not inherited
        CHECK_EXIT(other, 0);
        larger[0] = batch;
        larger[0].size = sizeof larger;
        CHECK_OK(syscall(SYS_sched_setattr, 0, larger, 0)); // what is unknown is zero
        larger[1].size = 1;
        larger[1].flags = 1;
        CHECK_ERRNO(syscall(SYS_sched_setattr, 0, larger, 0), E2BIG);
        CHECK(larger[0].size >= sizeof now); // the size that the kernel knows
        batch.size = 20;
        CHECK_ERRNO(syscall(SYS_sched_setattr, 0, &batch, 0), E2BIG);
        batch.size = sizeof batch;
        batch.priority = 3;
        CHECK_ERRNO(syscall(SYS_sched_setattr, 0, &batch, 0), EINVAL);
        batch.priority = 0;
        batch.sched_policy = 77;
        CHECK_ERRNO(syscall(SYS_sched_setattr, 0, &batch, 0), EINVAL);
        batch.flags = 1 | 8; // SCHED_FLAG_KEEP_POLICY
        batch.nice = 13;
        CHECK_OK(syscall(SYS_sched_setattr, 0, &batch, 0));
        CHECK_EQ(sched_getscheduler(0), SCHED_BATCH | SCHED_RESET_ON_FORK);
        batch.flags = 1ull << 40;
        CHECK_ERRNO(syscall(SYS_sched_setattr, 0, &batch, 0), EINVAL);
        CHECK_ERRNO(syscall(SYS_sched_setattr, 0x3ffffff, &now, 0), ESRCH);
        CHECK_ERRNO(syscall(SYS_sched_setattr, 0, BAD_POINTER, 0), EFAULT);
        become_nobody();
        setrlimit(RLIMIT_NICE, &(struct rlimit){0, 0});
        now.nice = 3;
        CHECK_ERRNO(syscall(SYS_sched_setattr, 0, &now, 0), EPERM); // needs RLIMIT_NICE
        now.nice = 13;
        now.flags = 0;
        CHECK_ERRNO(syscall(SYS_sched_setattr, 0, &now, 0), EPERM); // SCHED_RESET_ON_FORK stays
        now.flags = 1;
        now.sched_policy = SCHED_IDLE;
        CHECK_OK(syscall(SYS_sched_setattr, 0, &now, 0));
        now.sched_policy = SCHED_OTHER;
        CHECK_ERRNO(syscall(SYS_sched_setattr, 0, &now, 0), EPERM); // leaving SCHED_IDLE is a raise
    }
    CHECK_EXIT(pid, 0);
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
