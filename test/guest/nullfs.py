"""nullfs as DragonFly's users know it (mount_null(8)): a second place for a tree. Prints a line for each property, for JailSystemTests."""
import ctypes, errno, fcntl, mmap, os, shutil, signal, subprocess, time

libc = ctypes.CDLL(None, use_errno=True)
RDONLY, NOSUID, NODEV, NOEXEC, REMOUNT, BIND = 1, 2, 4, 8, 32, 4096


def mount(source, target, kind, flags=0):
    if libc.mount(source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), None) != 0:
        raise OSError(ctypes.get_errno(), "mount")


def umount(target):
    if libc.umount2(target.encode(), 0) != 0:
        raise OSError(ctypes.get_errno(), "umount")


def outcome(call):
    try:
        call()
    except OSError as failure:
        return errno.errorcode[failure.errno]
    return "OK"


def tell(name, *values):
    print(name, *values, flush=True)


for directory in ("/base/sub", "/alias", "/stack", "/ro", "/roro"):
    os.makedirs(directory)
open("/base/f", "w").write("x" * 8192)

mount("/base", "/alias", "null")
one, two = os.stat("/base/f"), os.stat("/alias/f")
tell("N1 inode", one.st_ino == two.st_ino, "device", one.st_dev == two.st_dev)
os.chdir("/alias/sub")
tell("N1 getcwd", os.getcwd())
os.chdir("/")
low, high = os.open("/base/f", os.O_RDWR), os.open("/alias/f", os.O_RDWR)
shown = mmap.mmap(high, 8192)
os.pwrite(low, b"new", 0)
shown[4096:4099] = b"map"
tell("N1 coherent", shown[:3], os.pread(high, 3, 0), os.pread(low, 3, 4096))
fcntl.flock(low, fcntl.LOCK_EX)
tell("N1 flock", outcome(lambda: fcntl.flock(high, fcntl.LOCK_EX | fcntl.LOCK_NB)))
ready, go = os.pipe()
holder = os.fork()
if holder == 0:
    fcntl.lockf(os.open("/alias/f", os.O_RDWR), fcntl.LOCK_EX)
    os.write(go, b"x")
    time.sleep(1000)
os.read(ready, 1)
tell("N1 fcntl", outcome(lambda: fcntl.lockf(low, fcntl.LOCK_EX | fcntl.LOCK_NB)))
os.kill(holder, signal.SIGKILL)
os.wait()
watch = libc.inotify_init1(0)
libc.inotify_add_watch(watch, b"/base", 0x100)  # IN_CREATE
open("/alias/born", "w").close()
tell("N1 inotify", b"born" in os.read(watch, 1000))

mount("/base", "/stack", "null")  # of its own: nothing is open in it, what is mounted there alone keeps it
mount("tmpfs", "/stack/sub", "tmpfs")
open("/stack/sub/t", "w").close()
tell("N7 stacked", os.listdir("/base/sub"), os.listdir("/stack/sub"))
tell("N7 order", outcome(lambda: umount("/stack")), outcome(lambda: umount("/stack/sub")))
umount("/stack")

mount("/base", "/ro", "null", RDONLY | NOSUID | NODEV | NOEXEC)
mount("/ro", "/roro", "null")
changes = [
    lambda at: os.open(at + "/f", os.O_WRONLY | os.O_TRUNC), lambda at: os.chmod(at + "/f", 0), lambda at: os.utime(at + "/f"),
    lambda at: os.setxattr(at + "/f", "user.b", b""), lambda at: os.unlink(at + "/f"), lambda at: os.rename(at + "/f", at + "/g"),
    lambda at: os.link(at + "/f", at + "/g"), lambda at: os.mkdir(at + "/d"), lambda at: os.open(at + "/f", os.O_RDWR)]
tell("N2 changes", *{outcome(lambda: change(at)) for at in ("/ro", "/roro") for change in changes})
tell("N2 across", outcome(lambda: os.rename("/base/f", "/alias/g")), outcome(lambda: os.link("/base/f", "/alias/g")))
shutil.copy("/bin/true", "/base/true")
tell("N2 programs", *(outcome(lambda: subprocess.run([at + "/true"])) for at in ("/base", "/ro", "/roro")))
libc.mount(None, b"/ro", None, ctypes.c_ulong(REMOUNT | BIND), None)
tell("N2 update", outcome(lambda: os.utime("/ro/f")), outcome(lambda: os.utime("/roro/f")))

here, there = os.statvfs("/base"), os.statvfs("/alias")
tell("N4 numbers", here[:7] == there[:7])


def fsid(path):
    buffer = ctypes.create_string_buffer(200)
    libc.statfs(path.encode(), buffer)
    return buffer.raw[56:64]


before = fsid("/alias")
tell("N5 busy", outcome(lambda: umount("/alias")))
shown.close()
os.close(high)
tell("N5 protected", *(outcome(call) for call in (lambda: os.rmdir("/alias"), lambda: os.rename("/alias", "/x"), lambda: os.rmdir("/base"))))
umount("/alias")
mount("/base", "/alias", "null")
tell("N4 own and stable", fsid("/alias") != fsid("/base"), fsid("/alias") == before)

count = len(open("/proc/self/mountinfo").readlines())
for round in range(2000):
    mount("/base", "/alias", "null")
    umount("/alias")
tell("N3 gone", len(open("/proc/self/mountinfo").readlines()) - count)
