using Dragonet.Abi;
using Dragonet.Platform.Linux.Channels;
using Dragonet.Platform.Linux.Interop;
using Dragonet.Platform.Linux.Stub;

namespace Dragonet.Platform.Linux.Guests;

/// <summary>The process that every guest process is a clone of. It holds the stub and nothing else, and never runs guest code.</summary>
internal sealed unsafe class Zygote : IDisposable
{
    private readonly HostFd _socket;

    private Zygote(int pid, HostFd socket)
    {
        Pid = pid;
        _socket = socket;
    }

    /// <summary>Host pid.</summary>
    internal int Pid { get; }

    /// <summary>Where new children report.</summary>
    internal HostFd Socket => _socket;

    /// <summary>Starts it. The calling thread must live as long as the kernel: the host kills the zygote when it ends.</summary>
    internal static Zygote Start(bool strict, ChannelCode? channels, bool sessions)
    {
        var flags = Seccomp.FilterNewListener | Seccomp.FilterSpecAllow | Seccomp.FilterWaitKillable;
        var image = StubImage.Build((int)Host.Call(Nr.getpid), strict, flags, channels, sessions);
        var (pid, socket) = MachineProgram.Start(image, "dragonet-guest", StubLayout.SocketFd, ownSession: sessions);
        return new Zygote(pid, socket);
    }

    /// <summary>Asks for one more blank child.</summary>
    internal void Request()
    {
        byte one = 1;
        // SAFETY: one byte on the stack. MSG_NOSIGNAL.
        _ = Host.Call(Nr.sendto, _socket.Number, (long)&one, 1, 0x4000, 0, 0);
    }

    /// <summary>Takes the report of a new child: its pid and its listener.</summary>
    internal bool TakeChild(out int pid, out HostFd? listener, out Errno error)
    {
        listener = MachineProgram.Receive(_socket, out var payload, out error);
        pid = (int)payload;
        return listener is not null;
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();
}
