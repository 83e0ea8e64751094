using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Platform.InProcess;

/// <summary>Calls that a kernel leaves to the platform, because they touch only the caller's memory.</summary>
internal sealed partial class InProcessThread
{
    private const ulong MapPrivate = 2, MapTypes = 0xf, MapFixed = 0x10, MapAnonymous = 0x20;

    /// <inheritdoc/>
    public override bool ResumeNative()
    {
        var c = _context;
        Result<ulong> result;
        switch ((Nr)c.Rax)
        {
            case Nr.mmap when (c.R10 & MapAnonymous) != 0:
                result = Map((c.R10 & MapTypes) == MapPrivate ? null : Anonymous(c.Rsi), offset: 0);
                break;
            case Nr.munmap:
                result = space.Change(map =>
                {
                    map.Unmap(c.Rdi, c.Rsi);
                    return 0UL;
                });
                break;
            case Nr.mprotect:
                var error = space.Change(map => map.Protect(c.Rdi, c.Rsi, (VmProt)c.Rdx));
                result = error == Errno.OK ? 0UL : error;
                break;
            case Nr.brk:
                result = space.Change(map => map.MoveBreak(c.Rdi));
                break;
            case Nr.sched_yield:
                _yields = true;
                result = 0UL;
                break;
            default:
                return false;
        }

        Resume(result.IsOk ? (long)result.Value : -(long)result.Error);
        return true;
    }

    /// <summary>There are no descriptors to lend: the backing itself is mapped.</summary>
    public override Errno ResumeNativeMap(IMemoryBacking backing, bool writable, int descriptor, (long Offset, ulong Length)? code)
    {
        if (!Map(backing, (long)_context.R9).Ok(out var address, out var error))
        {
            return error;
        }

        Resume((long)address);
        return Errno.OK;
    }

    private static InProcessMemory Anonymous(ulong length)
    {
        var memory = new InProcessMemory();
        _ = memory.SetLength((long)length);
        return memory;
    }

    /// <summary>The mmap in the registers.</summary>
    private Result<ulong> Map(IMemoryBacking? backing, long offset)
    {
        var c = _context;
        return space.Change(map => map.Map(c.Rdi, c.Rsi, (VmProt)c.Rdx, (c.R10 & MapFixed) != 0, backing is not null && (c.R10 & MapTypes) != MapPrivate, backing, offset));
    }
}
