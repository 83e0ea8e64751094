using System.Buffers.Binary;
using System.Text;
using Dragonet.Abi;
using Dragonet.Platform.InProcess;

namespace Dragonet.Kernel.Tests.InProcess;

/// <summary>System calls as C programs know them. Failures are negative errnos; what lay on the stack is taken down again.</summary>
internal static class Libc
{
    internal const int NoHang = 1, Untraced = 2, Continued = 8; // waitpid(2)
    internal const ulong SharedAnonymous = 0x21, PrivateAnonymous = 0x22;
    private const ulong Restorer = 0x0400_0000;
    private const ulong ThreadFlags = (ulong)(CloneFlags.CLONE_VM | CloneFlags.CLONE_FS | CloneFlags.CLONE_FILES | CloneFlags.CLONE_SIGHAND
        | CloneFlags.CLONE_THREAD | CloneFlags.CLONE_CHILD_CLEARTID | CloneFlags.CLONE_CHILD_SETTID);

    internal static long Failed(Errno error) => -(long)error;

    // --- Processes ---
    internal static long Fork(this Guest guest, Action<Guest> child) => guest.Clone(Nr.fork, child);

    internal static void Exit(this Guest guest, int status) => guest.Call(Nr.exit_group, (ulong)status);

    internal static long Pid(this Guest guest) => guest.Call(Nr.getpid);

    /// <returns>The child and its status; a negative errno and 0.</returns>
    internal static (long Pid, int Status) Wait(this Guest guest, long pid = -1, int options = 0)
    {
        var stack = guest.StackPointer;
        var status = guest.Push(new byte[4]);
        var result = guest.Call(Nr.wait4, (ulong)pid, status, (ulong)options, 0);
        var value = result > 0 ? guest.Load32(status) : 0;
        guest.StackPointer = stack;
        return (result, value);
    }

    internal static long Execute(this Guest guest, string path, params string[] arguments)
    {
        var stack = guest.StackPointer;
        var pointers = new byte[(arguments.Length + 1) * 8];
        for (var i = 0; i < arguments.Length; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(pointers.AsSpan(i * 8), guest.Push(arguments[i]));
        }

        var vector = guest.Push(pointers);
        var result = guest.Call(Nr.execve, guest.Push(path), vector, guest.Push(new byte[8]));
        guest.StackPointer = stack;
        return result;
    }

    /// <summary>A thread that runs to the end of its delegate. The word is its tid while it lives (set_tid_address(2)).</summary>
    internal static (long Tid, ulong Word) NewThread(this Guest guest, Action<Guest> body)
    {
        var area = guest.Map(65536);
        var tid = guest.Clone(Nr.clone, thread =>
        {
            body(thread);
            _ = thread.Call(Nr.exit, 0);
        }, ThreadFlags, area + 65536 - 64, 0, area, 0);
        return (tid, area);
    }

    /// <summary>pthread_join(3): waits until the kernel has cleared the word.</summary>
    internal static void Join(this Guest guest, ulong word)
    {
        for (int tid; (tid = guest.Load32(word)) != 0;)
        {
            _ = guest.FutexWait(word, tid);
        }
    }

    // --- Memory ---
    internal static ulong Map(this Guest guest, ulong length, ulong flags = PrivateAnonymous) => (ulong)guest.Call(Nr.mmap, 0, length, 3, flags, ulong.MaxValue, 0);

    // --- Descriptors ---
    internal static (int Read, int Write) Pipe(this Guest guest, OpenFlags flags = 0)
    {
        var stack = guest.StackPointer;
        var pair = guest.Push(new byte[8]);
        _ = guest.Call(Nr.pipe2, pair, (ulong)flags);
        var ends = (guest.Load32(pair), guest.Load32(pair + 4));
        guest.StackPointer = stack;
        return ends;
    }

    internal static long Write(this Guest guest, int fd, string text)
    {
        var stack = guest.StackPointer;
        var bytes = Encoding.UTF8.GetBytes(text);
        var written = guest.Call(Nr.write, (ulong)fd, guest.Push(bytes), (ulong)bytes.Length);
        guest.StackPointer = stack;
        return written;
    }

    /// <returns>What was read, or the name of the error.</returns>
    internal static string Read(this Guest guest, int fd, int most = 100)
    {
        var stack = guest.StackPointer;
        var buffer = guest.Push(new byte[most]);
        var count = guest.Call(Nr.read, (ulong)fd, buffer, (ulong)most);
        var bytes = new byte[Math.Max(count, 0)];
        guest.Load(buffer, bytes);
        guest.StackPointer = stack;
        return count < 0 ? ((Errno)(-count)).ToString() : Encoding.UTF8.GetString(bytes);
    }

    internal static long Close(this Guest guest, int fd) => guest.Call(Nr.close, (ulong)fd);

    /// <summary>poll(2) for reading on one descriptor.</summary>
    internal static long Poll(this Guest guest, int fd, int milliseconds)
    {
        var stack = guest.StackPointer;
        var entry = new byte[8];
        BinaryPrimitives.WriteInt32LittleEndian(entry, fd);
        BinaryPrimitives.WriteInt16LittleEndian(entry.AsSpan(4), (short)PollEvents.POLLIN);
        var result = guest.Call(Nr.poll, guest.Push(entry), 1, (ulong)(long)milliseconds);
        guest.StackPointer = stack;
        return result;
    }

    // --- Signals ---
    internal static void Handle(this Guest guest, int signal, Action<Guest, int> handler, ulong flags = 0) => guest.SetAction(signal, guest.MakeHandler(handler), flags);

    internal static void Ignore(this Guest guest, int signal) => guest.SetAction(signal, 1, 0);

    internal static long Kill(this Guest guest, long pid, int signal) => guest.Call(Nr.kill, (ulong)pid, (ulong)signal);

    /// <summary>SIG_BLOCK is 0, SIG_UNBLOCK 1.</summary>
    internal static void ChangeMask(this Guest guest, int how, int signal)
    {
        var stack = guest.StackPointer;
        _ = guest.Call(Nr.rt_sigprocmask, (ulong)how, guest.Push(BitConverter.GetBytes(Sig.Bit(signal))), 0, 8);
        guest.StackPointer = stack;
    }

    internal static long Pause(this Guest guest) => guest.Call(Nr.pause);

    // --- Futexes ---
    internal static long FutexWait(this Guest guest, ulong word, int expected, TimeSpan? timeout = null)
    {
        var stack = guest.StackPointer;
        var time = timeout is { } limit ? guest.Push(Timespec(limit)) : 0;
        var result = guest.Call(Nr.futex, word, (ulong)FutexOp.FUTEX_WAIT, (ulong)expected, time);
        guest.StackPointer = stack;
        return result;
    }

    internal static long FutexWake(this Guest guest, ulong word, int count) => guest.Call(Nr.futex, word, (ulong)FutexOp.FUTEX_WAKE, (ulong)count);

    // --- Time ---
    internal static TimeSpan Now(this Guest guest)
    {
        var stack = guest.StackPointer;
        var time = guest.Push(new byte[16]);
        _ = guest.Call(Nr.clock_gettime, (ulong)ClockId.CLOCK_MONOTONIC, time);
        var now = TimeSpan.FromSeconds((long)guest.Load(time)) + TimeSpan.FromMicroseconds((long)guest.Load(time + 8) / 1000);
        guest.StackPointer = stack;
        return now;
    }

    /// <returns>0, or a negative errno, and what was left.</returns>
    internal static (long Result, TimeSpan Left) Sleep(this Guest guest, TimeSpan time)
    {
        var stack = guest.StackPointer;
        var (request, left) = (guest.Push(Timespec(time)), guest.Push(new byte[16]));
        var result = guest.Call(Nr.nanosleep, request, left);
        var rest = TimeSpan.FromSeconds((long)guest.Load(left)) + TimeSpan.FromMicroseconds((long)guest.Load(left + 8) / 1000);
        guest.StackPointer = stack;
        return (result, rest);
    }

    internal static byte[] Timespec(TimeSpan time)
    {
        var bytes = new byte[16];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, time.Ticks / TimeSpan.TicksPerSecond);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(8), time.Ticks % TimeSpan.TicksPerSecond * 100);
        return bytes;
    }

    private static void SetAction(this Guest guest, int signal, ulong handler, ulong flags)
    {
        var stack = guest.StackPointer;
        var action = new byte[32];
        BinaryPrimitives.WriteUInt64LittleEndian(action, handler);
        BinaryPrimitives.WriteUInt64LittleEndian(action.AsSpan(8), flags | Restorer);
        _ = guest.Call(Nr.rt_sigaction, (ulong)signal, guest.Push(action), 0, 8);
        guest.StackPointer = stack;
    }
}
