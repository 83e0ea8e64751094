"""chroot(2) in a jail: what it changes, who may, and where every known way out of it ends. Prints a line for each, for ChrootTests."""
import array, ctypes, errno, os, shutil, socket, subprocess, sys

libc = ctypes.CDLL(None, use_errno=True)
jail_root = os.stat("/")


def outcome(call):
    try:
        call()
    except OSError as failure:
        return errno.errorcode[failure.errno]
    return "OK"


def is_jail_root():
    here = os.stat("/")
    return (here.st_dev, here.st_ino) == (jail_root.st_dev, jail_root.st_ino)


def climb():
    for _ in range(20):
        if outcome(lambda: os.chdir("..")) != "OK":
            return
    os.chroot(".")


def tell(name, work):
    """In a process of its own, which may lose its way."""
    sys.stdout.flush()
    if os.fork() == 0:
        print(name, *work(), flush=True)
        os._exit(0)
    os.wait()


os.makedirs("/c/d")
os.makedirs("/c/sub")
os.makedirs("/c/shut/x")
open("/c/file", "w").close()
os.symlink("/sub", "/c/link")
os.symlink("loop", "/c/loop")
os.chmod("/c/shut", 0)


def changes():
    os.chdir("/c/d")
    before = os.stat(".").st_ino
    os.chroot("/c")
    return os.stat(".").st_ino == before, os.stat("/").st_ino == os.stat("/..").st_ino, sorted(os.listdir("/")), os.listdir("/link")


tell("CH1 root", changes)
tell("CH1 errors", lambda: (outcome(lambda: os.chroot(path)) for path in ("/c/file", "/c/none", "/c/loop", "/c/" + "x" * 256)))
tell("CH1 bad address", lambda: (libc.chroot(ctypes.c_void_p(1)), errno.errorcode[ctypes.get_errno()]))


def unprivileged():
    os.setuid(1000)
    return outcome(lambda: os.chroot("/c")), outcome(lambda: os.chroot("/c/shut/x"))


def set_user_id():
    """Without new privileges a set-user-id program is one like any other."""
    shutil.copy("/usr/bin/id", "/c/id")
    os.chmod("/c/id", 0o4755)
    shutil.copytree("/lib64", "/c/lib64", symlinks=False)
    os.makedirs("/c/lib")
    for line in subprocess.run(["ldd", "/usr/bin/id"], capture_output=True, text=True).stdout.splitlines():
        words = line.split()
        if len(words) > 2 and words[2].startswith("/"):
            shutil.copy(words[2], "/c/lib")
    os.chroot("/c")
    os.chdir("/")
    libc.prctl(38, 1, 0, 0, 0)
    os.setgid(1000)
    os.setuid(1000)
    return (subprocess.run(["/id", "-u"], capture_output=True, text=True, env={"LD_LIBRARY_PATH": "/lib"}).stdout.strip(),)


tell("CH2 nobody", unprivileged)
tell("CH2 set-user-id", set_user_id)


def open_directory():
    kept = os.open("/", os.O_RDONLY)
    os.chroot("/c")
    os.fchdir(kept)
    climb()
    return (is_jail_root(),)


def second_chroot():
    os.chroot("/c")
    os.chdir("/")
    os.chroot("d")
    climb()
    return (is_jail_root(),)


def moved_out():
    os.makedirs("/c/in/deep")
    os.makedirs("/out")
    tell_parent, parent = socket.socketpair()
    if os.fork() == 0:
        os.chroot("/c")
        os.chdir("/in/deep")
        tell_parent.send(b"x")
        tell_parent.recv(1)
        climb()
        tell_parent.send(b"1" if is_jail_root() or os.path.exists("/file") else b"0")
        os._exit(0)
    parent.recv(1)
    os.rename("/c/in", "/out/in")
    parent.send(b"x")
    return (parent.recv(1).decode(),)


def device():
    return outcome(lambda: os.mknod("/c/sda", 0o60600, os.makedev(8, 0))), outcome(lambda: os.open("/c/sda", os.O_RDWR))


def root_of_another():
    other = subprocess.Popen(["sleep", "1000"])
    os.makedirs("/c/proc", exist_ok=True)
    libc.mount(b"proc", b"/c/proc", b"proc", 0, None)
    os.chroot("/c")
    os.chdir("/")
    os.chdir("/proc/%d/root" % other.pid)
    climb()
    other.kill()
    return (is_jail_root(),)


def received():
    one, two = socket.socketpair()
    if os.fork() == 0:
        os.chroot("/c")
        os.chdir("/")
        os.fchdir(socket.recv_fds(two, 1, 1)[1][0])
        climb()
        print("CH3 received", is_jail_root(), flush=True)
        os._exit(0)
    socket.send_fds(one, [b"x"], [os.open("/", os.O_RDONLY)])
    os.wait()
    return ()


tell("CH3 open directory", open_directory)
tell("CH3 second chroot", second_chroot)
tell("CH3 moved out", moved_out)
tell("CH3 device", device)
tell("CH3 root of another", root_of_another)
received()
