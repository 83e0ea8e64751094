using Dragonet.Platform.Linux.Channels;
using Dragonet.Platform.Linux.Stub;

namespace Dragonet.Platform.Linux.Guests;

/// <summary>Which thread slots of an address space are taken. Shared by the spaces over the same memory. Thread-safe.</summary>
internal sealed class SlotMap
{
    private readonly Stack<int> _free = new();      // guarded by this object's own lock
    private readonly Lock _lock = new();
    private Dictionary<int, Channel>? _channels;    // guarded by _lock
    private Dictionary<int, int>? _calls;           // guarded by _lock
    private int _processes;                         // guarded by _lock
    private int _next = 1;                          // guarded by _lock; slot 0 is mapped by the zygote
    private readonly ForkHabit _children = new();
    private ForkHabit? _siblings;                   // what is known of the processes that were forked from the same memory
    private Channel? _birthday;                     // guarded by _lock: one that was given at birth

    /// <summary>What is known of the processes that are forked from this memory.</summary>
    internal ForkHabit Children => _children;

    /// <summary>A process that was forked, or one like it, makes so many calls that the next one shall have a channel from the start.</summary>
    internal void AskMuch() => _siblings?.AsksMuch = true;

    /// <summary>The slots of a forked copy: all that are mapped exist there, too, but only one is used.</summary>
    internal SlotMap Fork(int used)
    {
        var copy = new SlotMap { _siblings = _children };
        lock (_lock)
        {
            copy._next = _next;
            for (var slot = _next - 1; slot >= 0; slot--)
            {
                if (slot != used)
                {
                    copy._free.Push(slot);
                }
            }
        }

        return copy;
    }

    /// <summary>A host process with this memory begins.</summary>
    internal void Enter()
    {
        lock (_lock)
        {
            _processes++;
        }
    }

    /// <summary>A host process with this memory is gone; the channels of the last one are free.</summary>
    internal void Leave(ChannelServer? server)
    {
        List<Channel>? free = null;
        lock (_lock)
        {
            if (--_processes == 0 && _channels is not null)
            {
                free = [.. _channels.Values];
                _channels = null;
                if (_birthday is { Calls: < ForkHabit.WorthIt })
                {
                    _siblings?.AsksMuch = false; // it was for nothing
                }
            }
        }

        foreach (var channel in free ?? [])
        {
            server?.Retire(channel);
        }
    }

    /// <summary>The channel whose pages are mapped in a slot.</summary>
    internal Channel? GetChannel(int slot)
    {
        lock (_lock)
        {
            return _channels?.GetValueOrDefault(slot);
        }
    }

    /// <summary>The calls that threads which had a slot made without a channel.</summary>
    internal int TakeCalls(int slot)
    {
        lock (_lock)
        {
            var calls = 0;
            _ = _calls?.Remove(slot, out calls);
            return calls;
        }
    }

    /// <summary>The pages of a channel are mapped in a slot now.</summary>
    /// <param name="slot">The slot.</param>
    /// <param name="channel">The channel.</param>
    /// <param name="atBirth">Nobody has asked for it yet.</param>
    /// <returns>False when its processes are gone meanwhile: nobody will ask for it, or free it.</returns>
    internal bool TrySetChannel(int slot, Channel channel, bool atBirth)
    {
        lock (_lock)
        {
            if (_processes == 0)
            {
                return false;
            }

            (_channels ??= [])[slot] = channel;
            _birthday = atBirth ? channel : _birthday;
            return true;
        }
    }

    /// <summary>Takes a slot; <paramref name="mapped"/> tells whether its memory is there already. -1 when there are no more.</summary>
    internal int Take(out bool mapped)
    {
        lock (_lock)
        {
            if (_free.TryPop(out var slot))
            {
                mapped = true;
                return slot;
            }

            mapped = false;
            if (_next >= StubLayout.MaxSlots)
            {
                return -1;
            }

            return _next++;
        }
    }

    /// <summary>Gives a slot back.</summary>
    /// <param name="slot">One that was taken.</param>
    /// <param name="calls">Calls that its thread has made without a channel: one for threads that live short, each with a few.</param>
    internal void Give(int slot, int calls)
    {
        lock (_lock)
        {
            _free.Push(slot);
            if (calls > 0)
            {
                (_calls ??= [])[slot] = calls;
            }
        }
    }

    /// <summary>First address of a slot.</summary>
    internal static ulong AddressOf(int slot) => StubLayout.Slots + ((ulong)slot * StubLayout.SlotSize);
}
