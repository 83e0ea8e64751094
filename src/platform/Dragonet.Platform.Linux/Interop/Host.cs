using System.Runtime.InteropServices;
using Dragonet.Abi;

namespace Dragonet.Platform.Linux.Interop;

/// <summary>
/// System calls of the host, without the C library's errno: a result from -4095 to -1 is an error. The entry is 24 bytes of
/// machine code made once, because reading errno after a P/Invoke is slower and can race with the runtime's own calls.
/// </summary>
internal static unsafe partial class Host
{
    private static readonly delegate* unmanaged<long, long, long, long, long, long, long, long> s_entry = MakeEntry();

    /// <summary>A call that may block.</summary>
    internal static long Call(Nr number, long a0 = 0, long a1 = 0, long a2 = 0, long a3 = 0, long a4 = 0, long a5 = 0)
        // SAFETY: the callee is the syscall thunk below; pointers among the arguments are the caller's to vouch for.
        => s_entry((long)number, a0, a1, a2, a3, a4, a5);

    /// <summary>A call that never blocks and lasts well under a microsecond: the garbage collector may wait for it.</summary>
    internal static long CallQuick(Nr number, long a0 = 0, long a1 = 0, long a2 = 0, long a3 = 0, long a4 = 0, long a5 = 0)
        // SAFETY: as above.
        => ((delegate* unmanaged[SuppressGCTransition]<long, long, long, long, long, long, long, long>)s_entry)((long)number, a0, a1, a2, a3, a4, a5);

    /// <summary>The errno of a result.</summary>
    internal static Errno ErrnoOf(long result) => result is < 0 and >= -4095 ? (Errno)(-result) : Errno.OK;

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint Mmap(nint address, nint length, int protection, int flags, int fd, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int Mprotect(nint address, nint length, int protection);

    private static delegate* unmanaged<long, long, long, long, long, long, long, long> MakeEntry()
    {
        ReadOnlySpan<byte> code =
        [
            0x48, 0x89, 0xf8,             // mov rax, rdi
            0x48, 0x89, 0xf7,             // mov rdi, rsi
            0x48, 0x89, 0xd6,             // mov rsi, rdx
            0x48, 0x89, 0xca,             // mov rdx, rcx
            0x4d, 0x89, 0xc2,             // mov r10, r8
            0x4d, 0x89, 0xc8,             // mov r8, r9
            0x4c, 0x8b, 0x4c, 0x24, 0x08, // mov r9, [rsp+8]
            0x0f, 0x05,                   // syscall
            0xc3,                         // ret
        ];

        // PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS; then PROT_READ|PROT_EXEC.
        var page = Mmap(0, 4096, 3, 0x22, -1, 0);
        if (page == -1)
        {
            throw new InvalidOperationException("the host refused a page of memory for the system-call entry");
        }

        // SAFETY: the page is ours, writable and larger than the code.
        code.CopyTo(new Span<byte>((void*)page, 4096));
        if (Mprotect(page, 4096, 5) != 0)
        {
            throw new InvalidOperationException("the host refused to make the system-call entry executable");
        }

        return (delegate* unmanaged<long, long, long, long, long, long, long, long>)page;
    }
}
