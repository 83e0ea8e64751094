using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Linux.NetlinkSockets;
using Dragonet.Net;

namespace Dragonet.Linux.Inet;

/// <summary>
/// The network stack of one jail with what it needs of the kernel: a lock, the time, a timer. Whoever uses the stack or a socket of it
/// does so inside <see cref="Enter"/>. An idle stack has no timer.
/// </summary>
public sealed class NetworkStack
{
    private readonly Kernel.Kernel _kernel;
    private readonly KernelLock _lock = new(LockRank.NetworkStack);
    private KernelTimer? _timer;            // guarded by _lock
    private long _armedFor = long.MaxValue; // guarded by _lock
    private bool _hasEnded;                 // guarded by _lock
    private bool _isEnding;
    private int _hasArrivals;               // 1: OnArrived is under way
    private readonly Action _onArrived;
    private IStackPeer? _peer;              // guarded by _lock
    private readonly HashSet<IPAddress> _lent = []; // guarded by _lock: what this jail has on interfaces because it asked for it
    private readonly Dictionary<IPAddress, (Interface Link, Prefix Address, int Users)> _leases = []; // guarded by _lock; the owner's: of all that share
    private readonly NetworkStack? _owner;  // whose stack it is, when this is a view of it

    /// <summary>A stack with lo, which is up unless the jail has a "vnet".</summary>
    /// <param name="kernel">Its kernel.</param>
    /// <param name="jail">Its jail.</param>
    /// <param name="fabric">The links between this kernel's stacks.</param>
    public NetworkStack(Kernel.Kernel kernel, IJail jail, NetworkFabric fabric)
    {
        _kernel = kernel;
        Jail = jail;
        Fabric = fabric;
        _onArrived = OnArrived;
        var options = new StackOptions { Random = Unpredictable, BufferLimit = kernel.MemoryLimit / 8, Arrived = Defer };
        Stack = jail is Jail owner && owner.Has(JailParameters.Vnet) ? new Stack(options) : Stack.WithLoopback(options);
        Settings = new NetworkSettings(Stack);
    }

    /// <summary>The stack of another jail, for one that shares it: its sockets have the addresses of a set, and it changes no interfaces.</summary>
    /// <param name="owner">The stack, or a view of it.</param>
    /// <param name="jail">Whose view it is.</param>
    /// <param name="addresses">Its addresses.</param>
    public NetworkStack(NetworkStack owner, IJail jail, AddressSet addresses)
    {
        ArgumentNullException.ThrowIfNull(owner);
        _owner = owner._owner ?? owner;
        _kernel = owner._kernel;
        _onArrived = OnArrived;
        (Jail, Addresses, Fabric, Stack, Settings, Events) = (jail, addresses, owner.Fabric, owner.Stack, owner.Settings, owner.Events);
    }

    /// <summary>It is the stack of another jail.</summary>
    public bool IsShared => _owner is not null;

    /// <summary>The flow labels of all sockets (IPV6_FLOWLABEL_MGR). Inside the stack.</summary>
    internal Dictionary<uint, FlowLabel> FlowLabels => _owner?.FlowLabels ?? _flowLabels;

    private readonly Dictionary<uint, FlowLabel> _flowLabels = [];

    /// <summary>The addresses that the jail's sockets are restricted to; null for all.</summary>
    public AddressSet? Addresses { get; }

    /// <summary>True for sockets with these addresses: a jail sees its own, and the stack's owner sees all.</summary>
    public bool Shows(AddressSet? addresses) => _owner is null || addresses == Addresses;

    /// <summary>True for addresses that the jail sees on interfaces.</summary>
    public bool Shows(IPAddress address) => Addresses?.Contains(address) != false;

    /// <summary>Adds an address to an interface for this jail, unless it is there: it goes with the last jail that has it. Inside
    /// <see cref="Enter"/>.</summary>
    public Errno Lend(Interface link, Prefix address)
    {
        var leases = (_owner ?? this)._leases;
        if (_lent.Contains(address.Address))
        {
            return Errno.OK;
        }

        if (leases.TryGetValue(address.Address, out var lease))
        {
            leases[address.Address] = lease with { Users = lease.Users + 1 };
            _ = _lent.Add(address.Address);
            return Errno.OK;
        }

        if (Stack.Interfaces.Any(other => other.Addresses.Any(prefix => prefix.Address == address.Address)))
        {
            return Errno.OK; // the owner's: it stays
        }

        var error = LinkChanges.AddAddress(this, link, address);
        if (error == Errno.OK)
        {
            leases.Add(address.Address, (link, address, 1));
            _ = _lent.Add(address.Address);
        }

        return error;
    }

    /// <summary>Gives back what was lent and is not the jail's any more, but for addresses that its sockets are still bound to. Inside
    /// <see cref="Enter"/>.</summary>
    public void ReturnUnused()
    {
        foreach (var address in _lent.Where(address => !Shows(address) && !IsBound(address)).ToList())
        {
            Return(address);
        }
    }

    private bool IsBound(IPAddress address) => Stack.ListTcp().Any(entry => entry.Addresses == Addresses && entry.Local.Address == address)
        || Stack.ListUdp().Any(socket => socket.Addresses == Addresses && socket.Local.Address == address);

    private void Return(IPAddress address)
    {
        var leases = (_owner ?? this)._leases;
        _ = _lent.Remove(address);
        var lease = leases[address];
        if (lease.Users > 1)
        {
            leases[address] = lease with { Users = lease.Users - 1 };
            return;
        }

        _ = leases.Remove(address);
        LinkChanges.RemoveOne(_owner ?? this, lease.Link, lease.Address);
    }

    /// <summary>What was set in /proc/sys/net; inside <see cref="Enter"/>.</summary>
    public NetworkSettings Settings { get; }

    /// <summary>Whose it is.</summary>
    public IJail Jail { get; }

    /// <summary>The links between this kernel's stacks: to make, move and remove them. Not inside <see cref="Enter"/>.</summary>
    public NetworkFabric Fabric { get; }

    /// <summary>The stack; its members only inside <see cref="Enter"/>.</summary>
    public Stack Stack { get; }

    /// <summary>It takes no interfaces any more.</summary>
    public bool HasEnded => Volatile.Read(ref _isEnding);

    /// <summary>Who is told of changes; inside <see cref="Enter"/>.</summary>
    public NetlinkEvents Events { get; } = new();

    /// <summary>Sockets of the host that carry on what this stack sends; inside <see cref="Enter"/>.</summary>
    public int HostSockets => _owner is not null ? 0 : _peer?.HostSockets ?? 0;

    private long _realtimeOffset; // guarded by _lock

    /// <summary>A time of the stack as the clock of the day says it. The distance of both clocks stays the same while nobody sets one, so
    /// that what came later has no earlier time. Inside <see cref="Enter"/>.</summary>
    public long ToRealtime(long time)
    {
        var offset = _kernel.Clock.RealtimeNanoseconds - _kernel.Clock.MonotonicNanoseconds;
        if (Math.Abs(offset - _realtimeOffset) > 1_000_000)
        {
            _realtimeOffset = offset;
        }

        return time + _realtimeOffset;
    }

    /// <summary>Begins to use the stack: takes the lock and tells the time. At the end the stack finishes its work, and the timer is set.</summary>
    public Scope Enter()
    {
        if (_owner is not null)
        {
            return _owner.Enter();
        }

        var scope = _lock.Enter();
        Stack.SetTime(_kernel.Clock.MonotonicNanoseconds);
        return new Scope(this, scope);
    }

    /// <summary>Plugs in what is at the other end of the stack's cable.</summary>
    /// <param name="make">Makes it; it gets what runs something inside the stack and then continues whoever waited.</param>
    public void Connect(Func<Action<Action>, IStackPeer> make)
    {
        ArgumentNullException.ThrowIfNull(make);
        using (Enter())
        {
            _peer = make(RunInside);
        }
    }

    /// <summary>The jail is gone: interfaces from elsewhere go home, and nothing happens here any more.</summary>
    public void End()
    {
        if (_owner is not null)
        {
            using (Enter())
            {
                _lent.ToList().ForEach(Return);
            }

            return;
        }

        Fabric.OnEnd(this);
        using (_lock.Enter())
        {
            _hasEnded = true;
            _peer?.End();
            _peer = null;
            Stack.End();
            _timer?.Cancel();
            _timer = null;
        }
    }

    /// <summary>The jail ends: no interface comes in any more.</summary>
    internal void BeginEnd() => Volatile.Write(ref _isEnding, true);

    private ulong Unpredictable()
    {
        Span<byte> bytes = stackalloc byte[8];
        _kernel.Platform.Fill(bytes);
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    private void RunInside(Action action)
    {
        using (Enter())
        {
            action();
        }

        _kernel.Drain();
    }

    private void FinishLocked()
    {
        do
        {
            Stack.Run();
        }
        while (_peer?.Run(Stack.Now) == true);
        var next = Math.Min(Stack.NextDeadline, _peer?.NextDeadline ?? long.MaxValue);
        if (next < _armedFor && !_hasEnded)
        {
            _timer?.Cancel();
            _armedFor = next;
            _timer = _kernel.Timers.Add(next, OnTimer);
        }
    }

    /// <summary>Another stack, which is busy, has sent something here.</summary>
    private void Defer()
    {
        if (Interlocked.Exchange(ref _hasArrivals, 1) == 0)
        {
            _kernel.Defer(_onArrived);
        }
    }

    private void OnArrived()
    {
        Volatile.Write(ref _hasArrivals, 0);
        using (_lock.Enter())
        {
            if (!_hasEnded)
            {
                Stack.SetTime(_kernel.Clock.MonotonicNanoseconds);
                FinishLocked();
            }
        }
    }

    private void OnTimer()
    {
        using (_lock.Enter())
        {
            _armedFor = long.MaxValue;
            _timer = null;
            Stack.SetTime(_kernel.Clock.MonotonicNanoseconds);
            FinishLocked();
        }
    }

    /// <summary>A use of the stack.</summary>
    public readonly ref struct Scope
    {
        private readonly NetworkStack _owner;
        private readonly KernelLock.Scope _lock;

        internal Scope(NetworkStack owner, KernelLock.Scope scope)
        {
            _owner = owner;
            _lock = scope;
        }

        /// <summary>Ends it.</summary>
        public void Dispose()
        {
            _owner.FinishLocked();
            _lock.Dispose();
        }
    }
}
