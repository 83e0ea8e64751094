using System.Buffers.Binary;
using System.Globalization;
using System.IO;
using System.Runtime.InteropServices;
using Dragonet.Abi;
using Dragonet.Platform.Linux.Interop;

namespace Dragonet.Platform.Linux.Confinement;

/// <summary>
/// Rights belong to threads on Linux (credentials(7)), and landlock_restrict_self(2) and capset(2) change the caller's alone. So every
/// other thread is interrupted with a signal whose handler, a few instructions, makes the calls there; as nptl(7) does for setuid(2).
/// </summary>
internal static unsafe class EveryThread
{
    private const int Signal = 62;
    private const int DataOffset = 2048;
    private const int Answered = 0, Failed = 8, Header = 16, Capabilities = 24;

    /// <summary>Gives up rights on every thread that exists; threads made later inherit from their makers.</summary>
    /// <param name="rules">Landlock rules, or null where there is no Landlock.</param>
    /// <param name="kept">Capabilities to keep, as a mask.</param>
    /// <exception cref="InvalidOperationException">A thread could not be restricted.</exception>
    internal static void Restrict(HostFd? rules, ulong kept)
    {
        var page = (byte*)Host.Call(Nr.mmap, 0, 4096, 3, 0x22, -1, 0);
        if ((long)page is < 0 and >= -4095)
        {
            throw new InvalidOperationException("the host refused a page of memory");
        }

        // SAFETY: the page is ours alone until the handler is installed, and code and data below fit in it.
        var data = page + DataOffset;
        *(ulong*)(data + Header) = 0x2008_0522; // _LINUX_CAPABILITY_VERSION_3; pid 0 is the caller
        Mask(data + Capabilities, kept);
        var code = new List<byte>();
        var restorer = Write(code, rules?.Number ?? -1, (ulong)data);
        code.ToArray().CopyTo(new Span<byte>(page, DataOffset));
        Check(Host.Call(Nr.mprotect, (long)page, 4096, 7), "mprotect");
        try
        {
            // Here first: what this thread makes from now on inherits it.
            // SAFETY: it is a C function without arguments.
            ((delegate* unmanaged<void>)page)();
            Interrupt((ulong)page, (ulong)page + (ulong)restorer, ref *(long*)(data + Answered));
            if (*(long*)(data + Failed) != 0)
            {
                throw new InvalidOperationException($"the host does not let us restrict ourselves: {Host.ErrnoOf(*(long*)(data + Failed))}");
            }
        }
        finally
        {
            _ = Host.Call(Nr.munmap, (long)page, 4096);
        }
    }

    private static void Interrupt(ulong handler, ulong restorer, ref long answered)
    {
        const ulong restart = 0x1000_0000, hasRestorer = 0x0400_0000, onStack = 0x0800_0000;
        var self = (int)Host.Call(Nr.gettid);
        var pid = (int)Host.Call(Nr.getpid);
        var action = stackalloc ulong[] { handler, restart | hasRestorer | onStack, restorer, 0 };
        var before = stackalloc ulong[4];
        // SAFETY: the kernel's struct sigaction: handler, flags, restorer, mask of eight bytes.
        Check(Host.Call(Nr.rt_sigaction, Signal, (long)action, (long)before, 8), "rt_sigaction");
        var done = new HashSet<int> { self };
        var sent = Volatile.Read(ref answered);
        for (var found = true; found;)
        {
            found = false;
            foreach (var directory in Directory.GetDirectories("/proc/self/task"))
            {
                var tid = int.Parse(Path.GetFileName(directory), CultureInfo.InvariantCulture);
                if (done.Add(tid) && Host.Call(Nr.tgkill, pid, tid, Signal) == 0)
                {
                    found = true;
                    sent += WaitFor(ref answered, sent + 1, pid, tid) ? 1 : 0;
                }
            }
        }

        Check(Host.Call(Nr.rt_sigaction, Signal, (long)before, 0, 8), "rt_sigaction");
    }

    /// <summary>Waits for one thread's answer; false when it ended instead, and needs none.</summary>
    private static bool WaitFor(ref long answered, long wanted, int pid, int tid)
    {
        for (var spin = default(SpinWait); Volatile.Read(ref answered) < wanted; spin.SpinOnce(sleep1Threshold: -1))
        {
            if (spin.Count % 100 == 99 && Host.Call(Nr.tgkill, pid, tid, 0) != 0)
            {
                return Volatile.Read(ref answered) >= wanted;
            }
        }

        return true;
    }

    /// <summary>The machine code. As a C function it is both the handler and what this thread calls; its "ret" leads a handler to the restorer.</summary>
    /// <returns>Where the restorer starts (sigreturn(2)).</returns>
    private static int Write(List<byte> code, int rules, ulong data)
    {
        System(code, Nr.prctl, 38, 1, 0); // PR_SET_NO_NEW_PRIVS, which landlock_restrict_self wants
        KeepError(code, data);
        System(code, Nr.capset, data + Header, data + Capabilities, 0);
        KeepError(code, data);
        if (rules >= 0)
        {
            System(code, Nr.landlock_restrict_self, (ulong)rules, 0, 0);
            KeepError(code, data);
        }

        Immediate(code, 0xb9, data + Answered);            // mov rcx, answered
        code.AddRange([0xf0, 0x48, 0xff, 0x01, 0xc3]);     // lock inc qword [rcx]; ret
        var restorer = code.Count;
        Immediate(code, 0xb8, (ulong)Nr.rt_sigreturn);     // mov rax, rt_sigreturn
        code.AddRange([0x0f, 0x05]);                       // syscall
        return restorer;
    }

    private static void System(List<byte> code, Nr number, ulong first, ulong second, ulong third)
    {
        Immediate(code, 0xbf, first);                      // mov rdi, first
        Immediate(code, 0xbe, second);                     // mov rsi, second
        Immediate(code, 0xba, third);                      // mov rdx, third
        code.AddRange([0x4d, 0x31, 0xd2, 0x4d, 0x31, 0xc0]); // xor r10, r10; xor r8, r8
        Immediate(code, 0xb8, (ulong)number);              // mov rax, number
        code.AddRange([0x0f, 0x05]);                       // syscall
    }

    private static void KeepError(List<byte> code, ulong data)
    {
        Immediate(code, 0xb9, data + Failed);              // mov rcx, failed
        code.AddRange([0x48, 0x85, 0xc0, 0x79, 0x03]);     // test rax, rax; jns over the next
        code.AddRange([0x48, 0x89, 0x01]);                 // mov [rcx], rax
    }

    private static void Immediate(List<byte> code, byte operation, ulong value)
    {
        Span<byte> bytes = stackalloc byte[10];
        bytes[0] = 0x48;
        bytes[1] = operation;
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[2..], value);
        code.AddRange(bytes);
    }

    /// <summary>What the thread has now and may keep, in the two halves of struct __user_cap_data_struct.</summary>
    private static void Mask(byte* at, ulong kept)
    {
        var header = stackalloc uint[] { 0x2008_0522, 0 };
        var now = stackalloc uint[6];
        // SAFETY: version 3 has two structures of three words: effective, permitted, inheritable.
        Check(Host.Call(Nr.capget, (long)header, (long)now), "capget");
        var data = (uint*)at;
        for (var half = 0; half < 2; half++)
        {
            var mask = (uint)(kept >> (half * 32));
            data[half * 3] = now[half * 3] & mask;
            data[(half * 3) + 1] = now[(half * 3) + 1] & mask;
            data[(half * 3) + 2] = 0;
        }
    }

    private static void Check(long result, string call)
    {
        if (result < 0)
        {
            throw new InvalidOperationException($"{call}: {Host.ErrnoOf(result)}");
        }
    }
}
