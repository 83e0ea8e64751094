using System.Buffers.Binary;
using Dragonet.Platform.Linux.Channels;
using Dragonet.Platform.Linux.Interop;
using Dragonet.Platform.Linux.Stub;

namespace Dragonet.Platform.Linux.Guests;

/// <summary>From notifications to traps.</summary>
public sealed partial class LinuxPlatform
{
    /// <summary>What the calling thread serves next: the listener of a program that was started by the call it just served. That
    /// program is about to make its first calls on this processor, while whoever else uses the old listener mostly waits for it.</summary>
    private readonly ThreadLocal<Listener?[]?> _next = new();

    /// <summary>A blank space got its program: serve it.</summary>
    internal void Started(GuestSpace space)
    {
        if (_next.Value is { } next && next[0] is null)
        {
            next[0] = space.Listener;
        }
        else
        {
            _servers.Run(() => Serve(space.Listener));
        }
    }

    private void Serve(Listener listener)
    {
        var next = new Listener?[1];
        _next.Value = next;
        GuestThread? last = null;
        while (listener.Receive(out var notification))
        {
            if (last?.HostTid != (int)notification.Pid && (last = Find((int)notification.Pid, listener)) is null)
            {
                // Not a thread the kernel made: a guest jumped into the stub's clone. It stays stopped and dies with the process. If it is not
                // dead already: then the number may be another one's.
                if (listener.IsWaiting(notification.Id))
                {
                    _ = Host.Call(Abi.Nr.tkill, notification.Pid, 9);
                }

                continue;
            }

            last!.Count(ChannelCalls.AsksMuch(_kinds, notification.Number, notification.A2), ChannelCalls.FitsWindow(_kinds, notification.Number, notification.A2));
            Dispatch(last, notification);
            if (next[0] is { } started)
            {
                var old = listener;
                _servers.Run(() => Serve(old));
                (listener, next[0]) = (started, null);
            }
        }

        _next.Value = null;
        listener.Close();
    }

    private void Serve(GuestThread thread, Channel channel)
    {
        var call = channel.Take(_kinds);
        if (!ChannelCalls.IsServed(_kinds, call.Number))
        {
            channel.Repeat();
            return;
        }

        thread.Stopped(channel, ChannelCalls.AsksMuch(_kinds, call.Number, call.A2));
        _handler.OnSystemCall(thread, call);
    }

    private void Dispatch(GuestThread thread, in SeccompNotif notification)
    {
        if (notification.Number != StubLayout.TrapCall)
        {
            if (ChannelCode is not null && thread.TryRing(notification, _kinds, out var call))
            {
                _handler.OnSystemCall(thread, call);
                return;
            }

            if (notification.Number == (int)Abi.Nr.clone)
            {
                if (thread.TryMake(notification, out call))
                {
                    _handler.OnSystemCall(thread, call);
                }

                return;
            }

            thread.Stopped(notification.Id);
            _handler.OnSystemCall(thread, new SystemCall(notification.Number, notification.A0, notification.A1, notification.A2, notification.A3,
                notification.A4, notification.A5, notification.InstructionPointer));
            return;
        }

        if ((long)notification.A0 == StubLayout.TrapStillborn)
        {
            thread.Stillborn();
            thread.GuestSpace.Listener.Send(notification.Id, 0);
            return;
        }

        if ((long)notification.A0 == StubLayout.TrapBegun)
        {
            thread.Begun();
            thread.GuestSpace.Listener.Send(notification.Id, 0);
            return;
        }

        var signal = (int)notification.A0;
        Span<byte> frame = stackalloc byte[UserContext.Size + 32];
        var hasFrame = signal > 0 && thread.Space.Read(notification.A2, frame) == Abi.Errno.OK;

        // Before anything else: another thread may be working on the call in this one's channel.
        var isFault = signal is 7 or 11;
        var settled = hasFrame && (isFault || signal == StubLayout.InterruptSignal) && thread.SettleChannel(notification.A2, frame, isFault);
        thread.Stopped(notification.Id, notification.A2, signal);
        if (!hasFrame)
        {
            // Only a guest that plays with the stub comes here.
            _handler.OnTrap(thread, new Trap(TrapKind.Fault, 11, 0x80));
            return;
        }

        if (signal == StubLayout.InterruptSignal)
        {
            thread.MakeWantedChannel();
            thread.MakeWindow();
            _handler.OnTrap(thread, new Trap(TrapKind.Interrupt));
            return;
        }

        if (settled)
        {
            thread.Resume(0);
            return;
        }

        // siginfo follows the ucontext in the host's signal frame.
        var info = frame[UserContext.Size..];
        if (signal != StubLayout.CallSignal)
        {
            var code = BinaryPrimitives.ReadInt32LittleEndian(info[8..]);
            _handler.OnTrap(thread, new Trap(TrapKind.Fault, signal, code, BinaryPrimitives.ReadUInt64LittleEndian(info[16..])));
            return;
        }

        // SECCOMP_RET_TRAP rolls the call back: rax holds its number, rip points after the instruction.
        _handler.OnSystemCall(thread, UserContext.GetCall(frame, UserContext.Get(frame, UserContext.Rip)));
    }
}
