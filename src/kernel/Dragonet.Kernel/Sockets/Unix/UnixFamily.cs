using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Kernel;

/// <summary>
/// UNIX sockets of one kernel (unix(7)): connections, and files in flight. Its lock guards who is connected to whom, and the abstract
/// names, which each jail has of its own; data moves under the locks of the receive queues.
/// </summary>
public sealed class UnixFamily : SocketFamily
{
    private readonly Dictionary<UnixSocket, int> _inFlight = [];                            // guarded by _flightLock: sockets in messages, how often
    private readonly Dictionary<uint, int> _flights = [];                                   // guarded by _flightLock: files in messages by sending user
    private readonly Lock _flightLock = new();                                              // a leaf

    /// <inheritdoc/>
    public override AddressFamily Domain => AddressFamily.AF_UNIX;

    internal KernelLock Lock { get; } = new(LockRank.Socket);

    /// <inheritdoc/>
    public override Result<SocketFile> Create(Task task, SocketType type, int protocol, OpenFlags flags)
    {
        if (protocol is not (0 or (int)AddressFamily.AF_UNIX))
        {
            return Errno.EPROTONOSUPPORT;
        }

        if (task.Jail.Buffers.IsExhausted)
        {
            return Errno.ENOBUFS; // socket(2)
        }

        // SOCK_RAW is an old name of SOCK_DGRAM here.
        type = type == SocketType.SOCK_RAW ? SocketType.SOCK_DGRAM : type;
        return type is SocketType.SOCK_STREAM or SocketType.SOCK_DGRAM or SocketType.SOCK_SEQPACKET
            ? new UnixSocket(task.Kernel, this, task.Jail.UnixNames, task.Jail.Buffers, type, flags)
            : Errno.ESOCKTNOSUPPORT;
    }

    /// <inheritdoc/>
    public override Result<(SocketFile First, SocketFile Second)> CreatePair(Task task, SocketType type, int protocol, OpenFlags flags)
    {
        if (!Create(task, type, protocol, flags).Ok(out var first, out var error) || !Create(task, type, protocol, flags).Ok(out var second, out error))
        {
            return error;
        }

        var credentials = UnixSocket.CredentialsOf(task);
        using (Lock.Enter())
        {
            ((UnixSocket)first).JoinLocked((UnixSocket)second, credentials, credentials);
        }

        return (first, second);
    }

    /// <summary>The open sockets of a jail.</summary>
    public static IReadOnlyList<UnixSocketInfo> List(Jail jail)
    {
        ArgumentNullException.ThrowIfNull(jail);
        using (jail.Kernel.Sockets.Unix.Lock.Enter())
        {
            return [.. jail.UnixNames.Sockets.Select(static socket => socket.DescribeLocked())];
        }
    }

    /// <summary>True when a user has too many files in flight (unix(7), ETOOMANYREFS).</summary>
    internal bool IsOverLimit(uint uid, ulong limit)
    {
        lock (_flightLock)
        {
            return (ulong)_flights.GetValueOrDefault(uid) > limit;
        }
    }

    internal void BeginFlight(UnixRights rights) => Count(rights, 1);

    internal void EndFlight(UnixRights rights) => Count(rights, -1);

    /// <summary>
    /// Finds sockets that only messages refer to, messages that no living socket can receive, and discards those messages.
    /// A socket all of whose references are messages is alive if one of these messages is in the queue of a socket that is alive.
    /// </summary>
    /// <param name="closing">A socket that is about to lose the reference of a descriptor, or null.</param>
    internal void CollectGarbage(UnixSocket? closing)
    {
        Dictionary<UnixSocket, int> candidates;
        lock (_flightLock)
        {
            if (_inFlight.Count == 0)
            {
                return;
            }

            candidates = [];
            foreach (var (socket, count) in _inFlight)
            {
                if (socket.References - (socket == closing ? 1 : 0) <= count)
                {
                    candidates.Add(socket, count);
                }
            }
        }

        if (candidates.Count == 0)
        {
            return;
        }

        // What the candidates hold of each other does not keep them alive; what is left over does.
        foreach (var socket in candidates.Keys.ToArray())
        {
            foreach (var held in socket.GetHeldSockets())
            {
                if (candidates.TryGetValue(held, out var left))
                {
                    candidates[held] = left - 1;
                }
            }
        }

        var alive = new Queue<UnixSocket>(candidates.Where(pair => pair.Value > 0).Select(pair => pair.Key));
        while (alive.TryDequeue(out var socket))
        {
            if (!candidates.Remove(socket))
            {
                continue;
            }

            foreach (var held in socket.GetHeldSockets())
            {
                if (candidates.ContainsKey(held))
                {
                    alive.Enqueue(held);
                }
            }
        }

        foreach (var socket in candidates.Keys)
        {
            socket.DiscardMessages();
        }
    }

    private void Count(UnixRights rights, int change)
    {
        lock (_flightLock)
        {
            foreach (var file in rights.Files)
            {
                if (file is UnixSocket socket)
                {
                    Change(_inFlight, socket, change);
                }
            }

            Change(_flights, rights.Uid, change * rights.Files.Length);
        }
    }

    private static void Change<T>(Dictionary<T, int> counts, T key, int change)
        where T : notnull
    {
        var count = counts.GetValueOrDefault(key) + change;
        if (count > 0)
        {
            counts[key] = count;
        }
        else
        {
            _ = counts.Remove(key);
        }
    }
}
