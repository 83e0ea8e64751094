// sysvipc(7): shared memory, semaphores and message queues.
#define GUEST_HELPER helper
#include "guest.h"
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

union semun { int val; struct semid_ds *buf; unsigned short *array; };
struct message { long type; char text[32]; };

static unsigned long attaches(int id)
{
    struct shmid_ds ds;
    CHECK_OK(shmctl(id, IPC_STAT, &ds));
    return ds.shm_nattch;
}

// "@attached ID N": the segment has N attachments, none of them this program's.
static int helper(int argc, char **argv)
{
    CHECK_EQ(attaches(atoi(argv[2])), atoi(argv[3]));
    return guest_failures != 0 || argc != 4;
}

TEST(shared_memory)
{
    struct shmid_ds ds;
    pid_t pid;
    int id = CHECK_OK(shmget(IPC_PRIVATE, 10000, IPC_CREAT | 0600));
    int *p = shmat(id, NULL, 0);
    CHECK(p != (void *)-1);
    CHECK_EQ(p[0], 0);
    IN_CHILD(pid) {
        p[0] = 41; // attached over fork
        int *q = shmat(id, NULL, 0);
        CHECK(q != p);
        q[1] = 42;
        const int *r = shmat(id, NULL, SHM_RDONLY);
        CHECK_EQ(r[1], 42);
        CHECK_OK(shmdt(q));
    }
    CHECK_EXIT(pid, 0);
    CHECK(p[0] == 41 && p[1] == 42);
    CHECK_OK(shmctl(id, IPC_STAT, &ds));
    CHECK(ds.shm_nattch == 1 && ds.shm_segsz == 10000 && ds.shm_cpid == getpid());
    CHECK_OK(shmctl(id, IPC_RMID, NULL)); // lives until the last detach
    p[0] = 43;
    CHECK_EQ(p[0], 43);
    CHECK_OK(shmdt(p));
    CHECK_ERRNO(shmat(id, NULL, 0) == (void *)-1 ? -1 : 0, EINVAL);
    CHECK_ERRNO(shmdt(p), EINVAL);
}

TEST(attach_counts)
{
    int id = CHECK_OK(shmget(IPC_PRIVATE, 3 * PAGE, IPC_CREAT | 0600)), to_parent[2], to_child[2];
    char *p = shmat(id, NULL, 0), *q = shmat(id, NULL, SHM_RDONLY), number[16];
    pid_t pid;
    CHECK_OK(pipe(to_parent));
    CHECK_OK(pipe(to_child));
    CHECK_EQ(attaches(id), 2);
    IN_CHILD(pid) {
        CHECK_EQ(attaches(id), 4); // two more by fork
        CHECK_OK(shmdt(q));
        pipe_signal(to_parent[1]);
        pipe_wait(to_child[0]);
        snprintf(number, sizeof number, "%d", id);
        execl("/proc/self/exe", "sysvipc", "@attached", number, "2", NULL); // exec detaches
    }
    pipe_wait(to_parent[0]);
    CHECK_EQ(attaches(id), 3);
    pipe_signal(to_child[1]);
    CHECK_EXIT(pid, 0);
    CHECK_EQ(attaches(id), 2);
    CHECK_OK(munmap(q, 3 * PAGE)); // as good as shmdt
    CHECK_EQ(attaches(id), 1);
    CHECK_ERRNO(shmdt(q), EINVAL);
    CHECK_OK(munmap(p + PAGE, PAGE)); // two parts now
    CHECK_EQ(attaches(id), 2);
    CHECK_OK(shmctl(id, IPC_RMID, NULL));
    struct shmid_ds ds;
    CHECK_OK(shmctl(id, IPC_STAT, &ds));
    CHECK(ds.shm_perm.mode & SHM_DEST);
    p[0] = p[2 * PAGE] = 1;
    CHECK_OK(shmdt(p)); // both parts
    CHECK_ERRNO(shmctl(id, IPC_STAT, &ds), EINVAL);
    for (int i = 0; i < 2; i++) close(to_parent[i]), close(to_child[i]);
}

TEST(removed_with_its_last_process)
{
    struct shmid_ds ds;
    int id = CHECK_OK(shmget(IPC_PRIVATE, PAGE, IPC_CREAT | 0600)), fds[2];
    pid_t pid;
    CHECK_OK(pipe(fds));
    IN_CHILD(pid) {
        char *p = shmat(id, NULL, 0);
        CHECK_OK(shmctl(id, IPC_RMID, NULL));
        pipe_signal(fds[1]);
        p[0] = 7;
        pause();
    }
    pipe_wait(fds[0]);
    char *p = shmat(id, NULL, 0); // the id is still good
    CHECK(p != (void *)-1);
    CHECK_OK(shmdt(p));
    kill(pid, SIGKILL);
    CHECK_KILLED(pid, SIGKILL);
    CHECK_ERRNO(shmctl(id, IPC_STAT, &ds), EINVAL);
    close(fds[0]), close(fds[1]);
}

TEST(attach_addresses)
{
    int id = CHECK_OK(shmget(IPC_PRIVATE, PAGE + 1, IPC_CREAT | 0600));
    char *place = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pid_t pid;
    CHECK_ERRNO(shmat(id, place, 0) == (void *)-1 ? -1 : 0, EINVAL); // something is there
    CHECK(shmat(id, place, SHM_REMAP) == place);
    CHECK_OK(shmdt(place));
    CHECK(shmat(id, place, 0) == place); // free now
    CHECK_OK(shmdt(place));
    CHECK_ERRNO(shmat(id, place + 5, 0) == (void *)-1 ? -1 : 0, EINVAL);
    CHECK(shmat(id, place + 5, SHM_RND) == place); // rounded down
    strcpy(place, "hello");
    CHECK_ERRNO(shmat(id, NULL, SHM_REMAP) == (void *)-1 ? -1 : 0, EINVAL);
    CHECK_ERRNO(shmat(-1, NULL, 0) == (void *)-1 ? -1 : 0, EINVAL);
    CHECK_ERRNO(shmdt(place + 1), EINVAL);
    char *r = shmat(id, NULL, SHM_RDONLY);
    CHECK_STR(r, "hello");
    CHECK_ERRNO(mprotect(r, PAGE, PROT_READ | PROT_WRITE), EACCES);
    IN_CHILD(pid) *(volatile char *)r = 1;
    CHECK_KILLED(pid, SIGSEGV);
    CHECK_OK(shmdt(r));
    CHECK_OK(shmdt(place));
    CHECK_OK(shmctl(id, IPC_RMID, NULL));
    munmap(place, 4 * PAGE);
}

TEST(owners_and_lists)
{
    struct shmid_ds ds;
    struct shm_info info;
    struct shminfo limits;
    char text[8192], line[32];
    int id = CHECK_OK(shmget(IPC_PRIVATE, PAGE, IPC_CREAT | 0640)), found = -1;
    CHECK_OK(shmctl(id, IPC_STAT, &ds));
    CHECK(ds.shm_perm.uid == geteuid() && ds.shm_perm.cgid == getegid() && (ds.shm_perm.mode & 0777) == 0640);
    ds.shm_perm.mode = 0444;
    CHECK_OK(shmctl(id, IPC_SET, &ds));
    CHECK_OK(shmctl(id, IPC_STAT, &ds));
    CHECK_EQ(ds.shm_perm.mode & 0777, 0444);
    int highest = CHECK_OK(shmctl(0, SHM_INFO, (void *)&info));
    CHECK(info.used_ids >= 1);
    for (int i = 0; i <= highest; i++)
        if (shmctl(i, SHM_STAT, &ds) == id) found = i;
    CHECK(found != -1);
    CHECK_OK(shmctl(0, IPC_INFO, (void *)&limits));
    CHECK(limits.shmmin == 1 && limits.shmmax > 0);
    CHECK(read_file("/proc/sysvipc/shm", text, sizeof text) > 0);
    snprintf(line, sizeof line, " %10d   444 ", id);
    CHECK(strstr(text, line) != NULL);
    CHECK_ERRNO(shmctl(id, IPC_STAT, BAD_POINTER), EFAULT);
    CHECK_ERRNO(shmctl(id, 77, NULL), EINVAL);
    CHECK_ERRNO(shmctl(-1, IPC_STAT, &ds), EINVAL);
    if (is_root()) {
        pid_t pid;
        IN_CHILD(pid) {
            become_nobody();
            CHECK_ERRNO(shmat(id, NULL, 0) == (void *)-1 ? -1 : 0, EACCES); // read only for others
            char *p = shmat(id, NULL, SHM_RDONLY);
            CHECK(p != (void *)-1);
            CHECK_ERRNO(shmctl(id, IPC_SET, &ds), EPERM);
        }
        CHECK_EXIT(pid, 0);
    }
    CHECK_OK(shmctl(id, IPC_RMID, NULL));
}

TEST(keys)
{
    key_t key = 0x47000000 | (getpid() & 0xffffff);
    CHECK_ERRNO(shmget(key, 100, 0600), ENOENT);
    int id = CHECK_OK(shmget(key, 100, IPC_CREAT | IPC_EXCL | 0600));
    CHECK_EQ(shmget(key, 50, 0), id);
    CHECK_ERRNO(shmget(key, 100000, 0), EINVAL); // larger than it is
    CHECK_ERRNO(shmget(key, 100, IPC_CREAT | IPC_EXCL), EEXIST);
    pid_t pid;
    if (is_root()) {
        IN_CHILD(pid) {
            become_nobody();
            CHECK_ERRNO(shmget(key, 100, 0600), EACCES);
            CHECK_ERRNO(shmctl(id, IPC_RMID, NULL), EPERM);
        }
        CHECK_EXIT(pid, 0);
    }
    CHECK_OK(shmctl(id, IPC_RMID, NULL));
    CHECK_ERRNO(shmctl(id, IPC_RMID, NULL), EINVAL);
    CHECK_ERRNO(shmget(IPC_PRIVATE, 0, IPC_CREAT | 0600), EINVAL);
}

TEST(semaphores)
{
    int id = CHECK_OK(semget(IPC_PRIVATE, 3, IPC_CREAT | 0600));
    unsigned short values[3] = {1, 2, 0};
    struct sembuf take = {0, -1, IPC_NOWAIT}, give = {2, 1, 0}, both[2] = {{0, -1, IPC_NOWAIT}, {2, -1, IPC_NOWAIT}};
    pid_t pid;
    CHECK_OK(semctl(id, 0, SETALL, (union semun){.array = values}));
    CHECK_EQ(semctl(id, 1, GETVAL), 2);
    CHECK_ERRNO(semop(id, both, 2), EAGAIN); // all or nothing
    CHECK_EQ(semctl(id, 0, GETVAL), 1);
    CHECK_OK(semop(id, &take, 1));
    CHECK_ERRNO(semop(id, &take, 1), EAGAIN);
    IN_CHILD(pid) {
        struct sembuf wait = {2, -1, 0};
        CHECK_OK(semop(id, &wait, 1));
    }
    wait_until_blocked(pid);
    CHECK_EQ(semctl(id, 2, GETNCNT), 1);
    CHECK_OK(semop(id, &give, 1));
    CHECK_EXIT(pid, 0);
    CHECK_EQ(semctl(id, 2, GETPID), pid);
    IN_CHILD(pid) {
        struct sembuf undo = {1, -2, SEM_UNDO}; // given back at exit
        CHECK_OK(semop(id, &undo, 1));
        CHECK_EQ(semctl(id, 1, GETVAL), 0);
    }
    CHECK_EXIT(pid, 0);
    CHECK_EQ(semctl(id, 1, GETVAL), 2);
    struct sembuf zero = {1, 0, 0};
    struct timespec limit = {0, 5000000};
    CHECK_ERRNO(semtimedop(id, &zero, 1, &limit), EAGAIN);
    CHECK_ERRNO(semop(id, &(struct sembuf){3, 1, 0}, 1), EFBIG);
    CHECK_ERRNO(semctl(id, 0, SETVAL, (union semun){.val = 40000}), ERANGE);
    IN_CHILD(pid) {
        struct sembuf wait = {2, -1, 0};
        CHECK_ERRNO(semop(id, &wait, 1), EIDRM);
    }
    wait_until_blocked(pid);
    CHECK_OK(semctl(id, 0, IPC_RMID));
    CHECK_EXIT(pid, 0);
    CHECK_ERRNO(semop(id, &take, 1), EINVAL);
}

TEST(semaphore_undo)
{
    int id = CHECK_OK(semget(IPC_PRIVATE, 2, IPC_CREAT | 0600)), fds[2];
    pid_t pid, other;
    CHECK_OK(pipe(fds));
    CHECK_OK(semctl(id, 0, SETVAL, (union semun){.val = 5}));
    IN_CHILD(pid) {
        struct sembuf take = {0, -3, SEM_UNDO}, give = {0, 1, SEM_UNDO};
        CHECK_OK(semop(id, &take, 1));
        CHECK_OK(semop(id, &give, 1));
        IN_CHILD(other) {} // a child has no adjustments
        CHECK_EXIT(other, 0);
        CHECK_EQ(semctl(id, 0, GETVAL), 3);
    }
    CHECK_EXIT(pid, 0);
    CHECK_EQ(semctl(id, 0, GETVAL), 5);
    IN_CHILD(pid) {
        struct sembuf take = {0, -3, SEM_UNDO};
        CHECK_OK(semop(id, &take, 1));
        CHECK_OK(semctl(id, 0, SETVAL, (union semun){.val = 1})); // clears the adjustment
    }
    CHECK_EXIT(pid, 0);
    CHECK_EQ(semctl(id, 0, GETVAL), 1);
    IN_CHILD(pid) { // waits for zero until the holder dies
        struct sembuf zero = {0, 0, 0}, take = {1, -1, 0};
        CHECK_OK(semop(id, &zero, 1));
        CHECK_OK(semop(id, &take, 1));
    }
    wait_until_blocked(pid);
    CHECK_EQ(semctl(id, 0, GETZCNT), 1);
    CHECK_EQ(semctl(id, 0, GETNCNT), 0);
    IN_CHILD(other) {
        struct sembuf give = {1, -1, SEM_UNDO};
        CHECK_OK(semctl(id, 1, SETVAL, (union semun){.val = 1}));
        CHECK_OK(semop(id, &give, 1));
        CHECK_OK(semctl(id, 0, SETVAL, (union semun){.val = 0}));
    }
    CHECK_EXIT(other, 0); // its end gives the second semaphore back
    CHECK_EXIT(pid, 0);
    CHECK_EQ(semctl(id, 1, GETVAL), 0);
    close(fds[0]), close(fds[1]);
    CHECK_OK(semctl(id, 0, IPC_RMID));
}

static void on_signal(int signal) { (void)signal; }

TEST(semaphore_errors)
{
    int id = CHECK_OK(semget(IPC_PRIVATE, 2, IPC_CREAT | 0600));
    struct sembuf one = {0, 1, 0}, many[600] = {{0}}, high = {0, 32767, 0};
    unsigned short values[2];
    pid_t pid;
    CHECK_ERRNO(semop(id, &one, 0), EINVAL);
    CHECK_ERRNO(semop(id, many, 600), E2BIG);
    CHECK_ERRNO(semop(id, BAD_POINTER, 1), EFAULT);
    CHECK_ERRNO(semop(-1, &one, 1), EINVAL);
    CHECK_ERRNO(semtimedop(id, &one, 1, &(struct timespec){0, -1}), EINVAL);
    CHECK_OK(semop(id, &one, 1));
    CHECK_ERRNO(semop(id, &high, 1), ERANGE);
    CHECK_OK(semctl(id, 0, GETALL, (union semun){.array = values}));
    CHECK(values[0] == 1 && values[1] == 0);
    CHECK_ERRNO(semctl(id, 2, GETVAL), EINVAL);
    CHECK_ERRNO(semctl(id, 0, 77), EINVAL);
    CHECK_ERRNO(semget(IPC_PRIVATE, 0, IPC_CREAT | 0600), EINVAL);
    CHECK_ERRNO(semget(IPC_PRIVATE, -1, IPC_CREAT | 0600), EINVAL);
    struct sembuf all[3] = {{0, -1, 0}, {0, 0, 0}, {1, 2, 0}}; // each sees what those before it did
    CHECK_OK(semop(id, all, 3));
    CHECK(semctl(id, 0, GETVAL) == 0 && semctl(id, 1, GETVAL) == 2);
    IN_CHILD(pid) {
        struct sembuf wait = {0, -1, 0};
        struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART}; // never restarted all the same
        sigaction(SIGUSR1, &action, NULL);
        CHECK_ERRNO(semop(id, &wait, 1), EINTR);
    }
    wait_until_blocked(pid);
    kill(pid, SIGUSR1);
    CHECK_EXIT(pid, 0);
    CHECK_EQ(semctl(id, 0, GETNCNT), 0);
    if (is_root()) {
        CHECK_OK(semctl(id, 0, IPC_RMID));
        id = CHECK_OK(semget(IPC_PRIVATE, 2, IPC_CREAT | 0604));
        IN_CHILD(pid) {
            become_nobody();
            CHECK_ERRNO(semop(id, &one, 1), EACCES);
            CHECK_ERRNO(semctl(id, 0, SETVAL, (union semun){.val = 1}), EACCES);
            CHECK_EQ(semctl(id, 0, GETVAL), 0);
            CHECK_ERRNO(semctl(id, 0, IPC_RMID), EPERM);
        }
        CHECK_EXIT(pid, 0);
    }
    CHECK_OK(semctl(id, 0, IPC_RMID));
}

static int put(int id, long type, const char *text, int flags)
{
    struct message m = {type};
    strcpy(m.text, text);
    return msgsnd(id, &m, strlen(text), flags);
}

TEST(message_queue)
{
    struct message m = {0};
    struct msqid_ds ds;
    int id = CHECK_OK(msgget(IPC_PRIVATE, IPC_CREAT | 0600));
    CHECK_ERRNO(msgrcv(id, &m, sizeof m.text, 0, IPC_NOWAIT), ENOMSG);
    CHECK_OK(put(id, 3, "three", 0));
    CHECK_OK(put(id, 1, "one", 0));
    CHECK_OK(put(id, 2, "two", 0));
    CHECK_OK(put(id, 1, "uno", 0));
    CHECK_EQ(msgrcv(id, &m, sizeof m.text, 1, 0), 3); // the first of a type
    CHECK(m.type == 1 && memcmp(m.text, "one", 3) == 0);
    CHECK_EQ(msgrcv(id, &m, sizeof m.text, -2, 0), 3); // the lowest type up to two
    CHECK(m.type == 1 && memcmp(m.text, "uno", 3) == 0);
    CHECK_ERRNO(msgrcv(id, &m, 2, 0, 0), E2BIG);
    CHECK_EQ(msgrcv(id, &m, 2, 0, MSG_NOERROR), 2); // cut
    CHECK_EQ(m.type, 3);
    CHECK_OK(msgctl(id, IPC_STAT, &ds));
    CHECK(ds.msg_qnum == 1 && ds.msg_lspid == getpid());
    CHECK_ERRNO(put(id, 0, "x", 0), EINVAL);
    CHECK_ERRNO(msgsnd(id, &m, -1, 0), EINVAL);
    CHECK_EQ(msgrcv(id, &m, sizeof m.text, 0, 0), 3);
    pid_t pid;
    IN_CHILD(pid) {
        CHECK_EQ(msgrcv(id, &m, sizeof m.text, 9, 0), 5);
        CHECK_ERRNO(msgrcv(id, &m, sizeof m.text, 9, 0), EIDRM);
    }
    wait_until_blocked(pid);
    CHECK_OK(put(id, 9, "hello", 0));
    while (msgctl(id, IPC_STAT, &ds) == 0 && ds.msg_qnum != 0) sched_yield();
    wait_until_blocked(pid);
    CHECK_OK(msgctl(id, IPC_RMID, NULL));
    CHECK_EXIT(pid, 0);
}

TEST(message_choice)
{
    struct message m = {0};
    int id = CHECK_OK(msgget(IPC_PRIVATE, IPC_CREAT | 0600));
    CHECK_OK(put(id, 2, "two", 0));
    CHECK_OK(put(id, 1, "one", 0));
    CHECK_OK(put(id, 1, "", 0));
    CHECK_EQ(msgrcv(id, &m, sizeof m.text, 2, MSG_EXCEPT), 3);
    CHECK_EQ(m.type, 1);
    if (msgrcv(id, &m, sizeof m.text, 1, MSG_COPY | IPC_NOWAIT) != -1 || errno != ENOSYS) {
        CHECK_EQ(msgrcv(id, &m, sizeof m.text, 0, MSG_COPY | IPC_NOWAIT), 3); // a look at a position
        CHECK_EQ(m.type, 2);
        CHECK_ERRNO(msgrcv(id, &m, sizeof m.text, 5, MSG_COPY | IPC_NOWAIT), ENOMSG);
        CHECK_ERRNO(msgrcv(id, &m, sizeof m.text, 0, MSG_COPY), EINVAL);
    }
    CHECK_EQ(msgrcv(id, &m, sizeof m.text, 0, 0), 3);
    CHECK_EQ(m.type, 2);
    CHECK_EQ(msgrcv(id, &m, sizeof m.text, LONG_MIN, 0), 0);
    CHECK_ERRNO(msgsnd(id, BAD_POINTER, 1, 0), EFAULT);
    CHECK_ERRNO(msgsnd(id, &m, 1 << 20, 0), EINVAL);
    CHECK_ERRNO(msgrcv(id, &m, -1, 0, IPC_NOWAIT), EINVAL);
    CHECK_OK(msgctl(id, IPC_RMID, NULL));
    CHECK_ERRNO(put(id, 1, "x", 0), EINVAL);
}

TEST(sender_waits_for_room)
{
    struct message m = {1};
    struct msqid_ds ds;
    pid_t pid;
    int id = CHECK_OK(msgget(IPC_PRIVATE, IPC_CREAT | 0600));
    CHECK_OK(msgctl(id, IPC_STAT, &ds));
    ds.msg_qbytes = 40;
    CHECK_OK(msgctl(id, IPC_SET, &ds));
    CHECK_OK(msgsnd(id, &m, 32, 0));
    IN_CHILD(pid) CHECK_OK(put(id, 2, "0123456789", 0));
    wait_until_blocked(pid);
    CHECK_EQ(msgrcv(id, &m, sizeof m.text, 0, 0), 32);
    CHECK_EXIT(pid, 0);
    CHECK_EQ(msgrcv(id, &m, sizeof m.text, 0, 0), 10);
    CHECK_OK(msgctl(id, IPC_RMID, NULL));
}

TEST(queue_full)
{
    struct message m = {1};
    struct msqid_ds ds;
    int id = CHECK_OK(msgget(IPC_PRIVATE, IPC_CREAT | 0600)), n = 0;
    CHECK_OK(msgctl(id, IPC_STAT, &ds));
    ds.msg_qbytes = 100;
    CHECK_OK(msgctl(id, IPC_SET, &ds));
    while (msgsnd(id, &m, 32, IPC_NOWAIT) == 0 && n < 100) n++;
    CHECK_EQ(errno, EAGAIN);
    CHECK_EQ(n, 3);
    CHECK_OK(msgctl(id, IPC_RMID, NULL));
}
