using System.Buffers.Binary;
using System.Globalization;
using System.IO;
using Dragonet.Abi;
using Dragonet.Platform.Linux.Interop;

namespace Dragonet.Platform.Linux.Confinement;

/// <summary>
/// System calls that other threads of this process shall make, since on Linux they change the caller alone: each thread is interrupted with a
/// signal whose handler, a few instructions, makes them there; as nptl(7) does for setuid(2). Not thread-safe.
/// </summary>
internal sealed unsafe class ThreadHandler : IDisposable
{
    private const int Signal = 62;
    private const int DataOffset = 2048;
    private const int Answered = 0, Failed = 8, Header = 16;

    private readonly byte* _page;
    private readonly List<byte> _code = [];
    private int _restorer;

    /// <exception cref="InvalidOperationException">The host gives no memory.</exception>
    internal ThreadHandler()
    {
        _page = (byte*)Host.Call(Nr.mmap, 0, 4096, 3, 0x22, -1, 0);
        if ((long)_page is < 0 and >= -4095)
        {
            throw new InvalidOperationException("the host refused a page of memory");
        }
    }

    /// <summary>Memory that calls may point to, for as long as this object lives.</summary>
    internal byte* Data => _page + DataOffset + Header;

    /// <summary>The error of the last call that failed, on whichever thread.</summary>
    internal Errno Error => Host.ErrnoOf(*(long*)(_page + DataOffset + Failed));

    /// <summary>Adds a call.</summary>
    internal void Add(Nr number, ulong first, ulong second = 0, ulong third = 0)
    {
        Immediate(0xbf, first);                              // mov rdi, first
        Immediate(0xbe, second);                             // mov rsi, second
        Immediate(0xba, third);                              // mov rdx, third
        _code.AddRange([0x4d, 0x31, 0xd2, 0x4d, 0x31, 0xc0]); // xor r10, r10; xor r8, r8
        Immediate(0xb8, (ulong)number);                      // mov rax, number
        _code.AddRange([0x0f, 0x05]);                        // syscall
        Immediate(0xb9, (ulong)_page + DataOffset + Failed); // mov rcx, failed
        _code.AddRange([0x48, 0x85, 0xc0, 0x79, 0x03]);      // test rax, rax; jns over the next
        _code.AddRange([0x48, 0x89, 0x01]);                  // mov [rcx], rax
    }

    /// <summary>No more calls: makes the code. As a C function it is both the handler and what <see cref="RunHere"/> calls; its "ret" leads a
    /// handler to the restorer (sigreturn(2)).</summary>
    /// <exception cref="InvalidOperationException">The host allows no code.</exception>
    internal void Finish()
    {
        Immediate(0xb9, (ulong)_page + DataOffset + Answered); // mov rcx, answered
        _code.AddRange([0xf0, 0x48, 0xff, 0x01, 0xc3]);        // lock inc qword [rcx]; ret
        _restorer = _code.Count;
        Immediate(0xb8, (ulong)Nr.rt_sigreturn);               // mov rax, rt_sigreturn
        _code.AddRange([0x0f, 0x05]);                          // syscall
        // SAFETY: the page is ours alone until the handler is installed; code that did not fit would throw here.
        _code.ToArray().CopyTo(new Span<byte>(_page, DataOffset));
        Check(Host.Call(Nr.mprotect, (long)_page, 4096, 7), "mprotect");
    }

    /// <summary>Makes the calls on the calling thread.</summary>
    // SAFETY: it is a C function without arguments.
    internal void RunHere() => ((delegate* unmanaged<void>)_page)();

    /// <summary>Makes the calls on other threads, and waits until they are made; also on threads that begin meanwhile.</summary>
    /// <exception cref="InvalidOperationException">The host refused the handler.</exception>
    internal void RunElsewhere()
    {
        const ulong restart = 0x1000_0000, hasRestorer = 0x0400_0000, onStack = 0x0800_0000;
        var self = (int)Host.Call(Nr.gettid);
        var pid = (int)Host.Call(Nr.getpid);
        var action = stackalloc ulong[] { (ulong)_page, restart | hasRestorer | onStack, (ulong)_page + (ulong)_restorer, 0 };
        var before = stackalloc ulong[4];
        // SAFETY: the kernel's struct sigaction: handler, flags, restorer, mask of eight bytes.
        Check(Host.Call(Nr.rt_sigaction, Signal, (long)action, (long)before, 8), "rt_sigaction");
        ref var answered = ref *(long*)(_page + DataOffset + Answered);
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

    /// <inheritdoc/>
    public void Dispose() => _ = Host.Call(Nr.munmap, (long)_page, 4096);

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

    private static void Check(long result, string call)
    {
        if (result < 0)
        {
            throw new InvalidOperationException($"{call}: {Host.ErrnoOf(result)}");
        }
    }

    private void Immediate(byte operation, ulong value)
    {
        Span<byte> bytes = stackalloc byte[10];
        bytes[0] = 0x48;
        bytes[1] = operation;
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[2..], value);
        _code.AddRange(bytes);
    }
}
