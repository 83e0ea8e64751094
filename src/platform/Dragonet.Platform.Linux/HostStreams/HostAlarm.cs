using Dragonet.Abi;
using Dragonet.Platform.Linux.Guests;
using Dragonet.Platform.Linux.Interop;

namespace Dragonet.Platform.Linux.HostStreams;

/// <summary>An eventfd and ppoll(2): nanosecond time-outs.</summary>
internal sealed unsafe class HostAlarm(IEnumerable<int>? processors) : IHostAlarm
{
    private readonly HostFd _event = HostFd.Own(Host.Call(Nr.eventfd2, 0, 0x80800)); // EFD_CLOEXEC|EFD_NONBLOCK
    private bool _prepared;

    public void Wait(long nanoseconds)
    {
        if (!_prepared)
        {
            // The host may be 50 µs late by default (prctl(2), PR_SET_TIMERSLACK): too much for short sleeps of guests.
            _ = Host.Call(Nr.prctl, 29, 1);
            // And what happens in time must not wait until a guest that computes has had its turn: it may be what ends that.
            HostScheduling.AskShortTurns();
            if (processors is not null)
            {
                HostScheduling.RunOn(processors);
            }

            _prepared = true;
        }

        var entry = (ulong)(uint)_event.Number | 1UL << 32;
        var time = stackalloc long[2];
        time[0] = nanoseconds / 1_000_000_000;
        time[1] = nanoseconds % 1_000_000_000;
        // SAFETY: one pollfd and one timespec on the stack.
        _ = Host.Call(Nr.ppoll, (long)&entry, 1, nanoseconds == long.MaxValue ? 0 : (long)time, 0, 8);
        ulong count;
        _ = Host.Call(Nr.read, _event.Number, (long)&count, 8);
    }

    public void Set()
    {
        ulong one = 1;
        // SAFETY: eight bytes on the stack.
        _ = Host.Call(Nr.write, _event.Number, (long)&one, 8);
    }

    public void Dispose() => _event.Dispose();
}
