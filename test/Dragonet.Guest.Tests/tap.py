"""A TAP device in the network namespace that this runs in. Frames go through standard input and output, each with its length in two bytes
in front. It ends with its input."""
import fcntl, os, struct, subprocess, sys, threading

tap = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tap, 0x400454CA, struct.pack("16sH22x", b"tap0", 0x1002))  # TUNSETIFF: IFF_TAP | IFF_NO_PI
with open("/proc/sys/net/ipv6/conf/tap0/accept_dad", "w") as file:
    file.write("0")
for command in ("link set lo up", "addr add 10.9.0.1/24 dev tap0", "addr add fd09::1/64 dev tap0", "link set tap0 up"):
    subprocess.run(["ip", *command.split()], check=True)
print("up", file=sys.stderr, flush=True)


def outward():
    while True:
        frame = os.read(tap, 65536)
        os.write(1, struct.pack("<H", len(frame)) + frame)


threading.Thread(target=outward, daemon=True).start()
stream = os.fdopen(0, "rb")
while header := stream.read(2):
    os.write(tap, stream.read(struct.unpack("<H", header)[0]))
os._exit(0)
