"""The other side of LinuxPeerTests: a TAP device in a network namespace of its own. Frames go through standard input and output, each
with its length in two bytes in front; what happened is told on standard error, a line for each peer that is done."""
import fcntl, hashlib, os, socket, struct, subprocess, sys, threading

tap = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tap, 0x400454CA, struct.pack("16sH22x", b"tap0", 0x1002))  # TUNSETIFF: IFF_TAP | IFF_NO_PI
with open("/proc/sys/net/ipv6/conf/tap0/accept_dad", "w") as file:
    file.write("0")
for command in ("link set lo up", "addr add 10.9.0.1/24 dev tap0", "addr add fd09::1/64 dev tap0 nodad", "link set tap0 up"):
    subprocess.run(["ip", *command.split()], check=True)


def outward():
    while True:
        frame = os.read(tap, 65536)
        os.write(1, struct.pack("<H", len(frame)) + frame)


def inward():
    stream = os.fdopen(0, "rb")
    while header := stream.read(2):
        os.write(tap, stream.read(struct.unpack("<H", header)[0]))
    os._exit(0)


def echo_tcp(family, address):
    with socket.create_server((address, 7), family=family) as server:
        while True:
            threading.Thread(target=echo, args=(server.accept()[0],), daemon=True).start()


def echo(connection):
    with connection:
        while data := connection.recv(65536):
            connection.sendall(data)


def echo_udp(family, address):
    server = socket.socket(family, socket.SOCK_DGRAM)
    server.bind((address, 7))
    while True:
        data, sender = server.recvfrom(65536)
        server.sendto(data, sender)


def call(family, address):
    """Sends a million bytes while they come back, and tells whether they are the same."""
    data = hashlib.shake_128(address.encode()).digest(1_000_000)
    connection = socket.socket(family)
    connection.connect((address, 80))

    def send():
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)

    threading.Thread(target=send, daemon=True).start()
    received = bytearray()
    while part := connection.recv(65536):
        received += part
    print("same" if received == data else f"different: {len(received)} bytes", file=sys.stderr, flush=True)


for target, *arguments in (
    (outward,), (inward,),
    (echo_tcp, socket.AF_INET, "10.9.0.1"), (echo_tcp, socket.AF_INET6, "fd09::1"),
    (echo_udp, socket.AF_INET, "10.9.0.1"), (echo_udp, socket.AF_INET6, "fd09::1"),
):
    threading.Thread(target=target, args=arguments, daemon=True).start()
for family, address in ((socket.AF_INET, "10.9.0.2"), (socket.AF_INET6, "fd09::2")):
    call(family, address)
print("done", file=sys.stderr, flush=True)
threading.Event().wait()
