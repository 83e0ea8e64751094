// sysvipc(7): shared memory, semaphores and message queues.
#include "guest.h"
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

union semun { int val; struct semid_ds *buf; unsigned short *array; };
struct message { long type; char text[32]; };

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
