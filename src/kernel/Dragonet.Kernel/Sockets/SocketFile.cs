using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Kernel;

/// <summary>
/// A socket of any family (socket(7)). Like every file it never sleeps: what cannot proceed answers EAGAIN, and the caller waits
/// for <see cref="OpenFile.Poll"/>. The defaults answer what Linux answers for a family without the operation. Thread-safe.
/// </summary>
public abstract class SocketFile : OpenFile
{
    protected SocketFile(AddressFamily domain, SocketType type, int protocol, OpenFlags flags, ulong number)
        : base(OpenFlags.O_RDWR | (flags & OpenFlags.O_NONBLOCK))
    {
        Domain = domain;
        Type = type;
        Protocol = protocol;
        Number = number;
        Options = new SocketOptions { CanPeekAt = domain is AddressFamily.AF_UNIX or AddressFamily.AF_INET or AddressFamily.AF_INET6 && type != SocketType.SOCK_RAW };
    }

    /// <inheritdoc/>
    public override bool SupportsAsync => true;

    public AddressFamily Domain { get; }

    public SocketType Type { get; }

    public int Protocol { get; }

    /// <summary>The inode number.</summary>
    public ulong Number { get; }

    /// <summary>Options of level SOL_SOCKET.</summary>
    public SocketOptions Options { get; }

    /// <summary>SO_ACCEPTCONN.</summary>
    public virtual bool IsListening => false;

    /// <inheritdoc/>
    public override string Description => $"socket:[{Number}]";

    /// <summary>bind(2).</summary>
    public virtual Errno Bind(Task task, ReadOnlySpan<byte> address) => Errno.EOPNOTSUPP;

    /// <summary>listen(2).</summary>
    public virtual Errno Listen(Task task, int backlog) => Errno.EOPNOTSUPP;

    /// <summary>accept(2): EAGAIN when nobody has called; wait for POLLIN.</summary>
    public virtual Result<SocketFile> Accept(Task task, OpenFlags flags) => Errno.EOPNOTSUPP;

    /// <summary>connect(2). EAGAIN (local) or EINPROGRESS (on its way) when it must wait: see <see cref="GetConnectQueue"/>.</summary>
    public virtual Errno Connect(Task task, ReadOnlySpan<byte> address) => Errno.EOPNOTSUPP;

    /// <summary>Where a connect that answered EAGAIN waits; null to wait for POLLOUT of the socket itself.</summary>
    public virtual WaitQueue? GetConnectQueue(Task task, ReadOnlySpan<byte> address) => null;

    /// <summary>Where a sender that got EAGAIN waits; null to wait for POLLOUT of the socket itself.</summary>
    public virtual WaitQueue? GetSendQueue(ICaller caller, byte[]? address) => null;

    /// <summary>getsockname(2).</summary>
    public virtual Result<byte[]> GetName() => Errno.EOPNOTSUPP;

    /// <summary>getpeername(2).</summary>
    public virtual Result<byte[]> GetPeerName() => Errno.ENOTCONN;

    /// <summary>shutdown(2).</summary>
    public virtual Errno Shutdown(ShutdownHow how) => Errno.EOPNOTSUPP;

    /// <summary>send(2). A stream may take less than all; a message is all or nothing.</summary>
    public abstract Result<int> Send(ICaller caller, ReadOnlySpan<byte> data, in SendRequest request);

    /// <summary>How many of so many bytes <see cref="Send"/> would take now, or its error; all of them where only it can tell.</summary>
    public virtual Result<int> GetRoom(ICaller caller, int count, in SendRequest request) => GetRoom(count);

    /// <summary>recv(2); 0 at the end of a stream.</summary>
    /// <param name="caller">Who asks.</param>
    /// <param name="buffer">Receives the data.</param>
    /// <param name="flags">MSG_PEEK and MSG_TRUNC matter here.</param>
    /// <param name="received">Everything else.</param>
    public abstract Result<int> Receive(ICaller caller, Span<byte> buffer, MsgFlags flags, out Received received);

    /// <summary>SO_ERROR: the pending error, which is cleared.</summary>
    public virtual Errno TakeError() => Errno.OK;

    /// <summary>setsockopt(2) of other levels, and of SOL_SOCKET options that concern the family. ENOPROTOOPT when unknown.</summary>
    public virtual Errno SetOption(Task task, int level, int name, ReadOnlySpan<byte> value) =>
        level == SocketOption.SOL_SOCKET ? Options.Set(task, name, value) : Errno.EOPNOTSUPP;

    /// <summary>setsockopt(2) of an option that answers.</summary>
    /// <param name="task">Who sets it.</param>
    /// <param name="level">The level.</param>
    /// <param name="name">The option.</param>
    /// <param name="value">Its value.</param>
    /// <param name="isAnswered">The value was changed for the program to see.</param>
    public virtual Errno SetOption(Task task, int level, int name, Span<byte> value, out bool isAnswered)
    {
        isAnswered = false;
        return SetOption(task, level, name, value);
    }

    /// <summary>getsockopt(2).</summary>
    public virtual Result<byte[]> GetOption(Task task, int level, int name) =>
        level == SocketOption.SOL_SOCKET ? Options.Get(this, name) : Errno.EOPNOTSUPP;

    /// <summary>getsockopt(2) of an option that looks at what is in the buffer.</summary>
    public virtual Result<byte[]> GetOption(Task task, int level, int name, ReadOnlySpan<byte> given) => GetOption(task, level, name);

    /// <summary>After the last close: what was sent has not arrived, and SO_LINGER says that close(2) waits for it (socket(7)).</summary>
    public virtual bool IsLingering(PollWait wait) => false;

    /// <inheritdoc/>
    public override long? GetWaitTimeout(PollEvents events) =>
        ((events & PollEvents.POLLIN) != 0 ? Options.ReceiveTimeout : Options.SendTimeout) is > 0 and var timeout ? timeout : null;

    /// <inheritdoc/>
    public override Result<int> Read(ICaller caller, Span<byte> destination)
    {
        var count = Receive(caller, destination, MsgFlags.None, out var received);
        if (received.Rights is { } rights)
        {
            // Nobody asked for them (unix(7)).
            foreach (var file in rights)
            {
                file.Release();
            }
        }

        return count;
    }

    /// <inheritdoc/>
    public override Result<int> Write(ICaller caller, ReadOnlySpan<byte> source) => Send(caller, source, new SendRequest(MsgFlags.None));

    /// <inheritdoc/>
    public override Result<InodeAttributes> GetAttributes() =>
        new InodeAttributes { Device = 8, Number = Number, Mode = 0xc1ff, Links = 1, BlockSize = 4096 };
}
