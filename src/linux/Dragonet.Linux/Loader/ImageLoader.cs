using System.Runtime.InteropServices;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Platform;
using Dragonet.Vfs;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Loader;

/// <summary>
/// Lays a program out in a fresh address space. Addresses are chosen here, at random within areas that nothing else uses: programs
/// from 0x5555…, ld.so from 0x7e00…, the stack below 0x7d80…; the host places later mappings above them.
/// </summary>
internal sealed class ImageLoader(Task task, VmThread thread, Program program)
{
    private const ulong Page = 0x1000;
    private const ulong MostStack = 1UL << 30;

    private readonly List<VmMapping> _mappings = [];
    private readonly List<(ulong Address, int Length)> _zeros = []; // what must read as zeros though the file has something there

    /// <summary>Maps everything and fills the stack.</summary>
    internal Errno Load(List<string> environment, string execPath, Credentials credentials, bool secure, MachineContext start, out ProgramLayout layout)
    {
        layout = ProgramLayout.Empty;
        var header = program.Header;
        var bias = header.IsPositionIndependent ? Randomize(0x5555_5555_4000, bits: 28) - header.Low : 0;
        var error = MapFile(program.File, header, bias);
        if (error != Errno.OK)
        {
            return error;
        }

        var entry = header.Entry + bias;
        ulong interpreterBase = 0;
        if (program.InterpreterHeader is { } loader)
        {
            interpreterBase = loader.IsPositionIndependent ? Randomize(0x7e00_0000_0000, bits: 24) - loader.Low : 0;
            error = MapFile(program.InterpreterFile!, loader, interpreterBase);
            if (error != Errno.OK)
            {
                return error;
            }

            entry = loader.Entry + interpreterBase;
        }

        var limit = Math.Min(task.Process.Limits[Rlimits.Stack].Soft, (ulong)task.Kernel.Rules.LimitOfProcess(task.Process, Resource.StackSize));
        var size = Math.Clamp((Math.Min(limit, MostStack) + Page - 1) & ~(Page - 1), 256 * 1024, MostStack);
        var high = Randomize(0x7d80_0000_0000, bits: 24);
        var protection = VmProt.Read | VmProt.Write | (header.ExecutableStack ? VmProt.Exec : 0);
        _mappings.Add(new VmMapping(high - size, size, protection, VmMapFlags.NoReserve, null, 0));

        var stack = new StackBuilder(high);
        var platform = task.Kernel.Platform;
        var random = new byte[16];
        platform.Fill(random);
        var execName = stack.AddString(execPath);
        var randomAddress = stack.AddBytes(random);
        var machine = stack.AddString("x86_64");
        var envStart = stack.AddStrings(environment, out var envEnd, out var envPointers);
        var argStart = stack.AddStrings(program.Arguments, out var argEnd, out var argPointers);
        var headers = HeaderAddress(header, bias);
        List<ulong> vector =
        [
            16, platform.HardwareCapabilities.HwCap, 6, Page, 17, 100, 3, headers, 4, 56, 5, (ulong)header.ProgramHeaderCount, 7, interpreterBase, 8, 0,
            9, header.Entry + bias, 11, credentials.ShownUid(credentials.Uid), 12, credentials.ShownUid(credentials.EffectiveUid),
            13, credentials.ShownGid(credentials.Gid), 14, credentials.ShownGid(credentials.EffectiveGid),
            23, secure ? 1UL : 0, 25, randomAddress, 26, platform.HardwareCapabilities.HwCap2, 51, platform.MinimumSignalStack, 31, execName, 15, machine,
        ];
        if (platform.VdsoAddress != 0)
        {
            vector.InsertRange(0, [33, platform.VdsoAddress]);
        }

        vector.AddRange([0, 0]);
        var pointer = stack.Finish(argPointers, envPointers, vector);
        if (high - pointer > size - (16 * Page))
        {
            return Errno.E2BIG;
        }

        error = Build(pointer, stack.Bytes);
        start.Rip = entry;
        start.Rsp = pointer;
        layout = new ProgramLayout
        {
            ArgStart = argStart,
            ArgEnd = argEnd,
            EnvStart = envStart,
            EnvEnd = envEnd,
            CodeStart = header.Low + bias,
            CodeEnd = header.High + bias,
            Entry = entry,
            StackLow = high - size,
            StackFloor = high - size,
            StackHigh = high,
            ExecutableStack = header.ExecutableStack,
            StackStart = pointer,
            AuxiliaryVector = vector,
        };
        return error;
    }

    private Errno MapFile(OpenFile file, ElfHeader header, ulong bias)
    {
        if (!file.Map(task, shared: false, write: false).Ok(out var memory, out var error))
        {
            return error == Errno.ENODEV ? Errno.EACCES : error;
        }

        var backing = memory.GetBacking(writable: false);
        task.Kernel.NameMapping(backing, file);
        foreach (var segment in header.Segments)
        {
            AddSegment(backing, segment, bias);
        }

        return Errno.OK;
    }

    private void AddSegment(IMemoryBacking backing, in ElfSegment segment, ulong bias)
    {
        var address = segment.Address + bias;
        var first = address & ~(Page - 1);
        var fileEnd = address + segment.FileSize;
        var mappedEnd = first;
        if (segment.FileSize != 0)
        {
            mappedEnd = (fileEnd + Page - 1) & ~(Page - 1);
            _mappings.Add(new VmMapping(first, mappedEnd - first, segment.Protection, VmMapFlags.None, backing, (long)(segment.Offset & ~(Page - 1))));
        }

        // What the file has behind the segment must read as zeros to the end of the page: .bss is there, and behind it ld.so's first
        // allocator takes the rest of the page as it is.
        var end = (address + segment.MemorySize + Page - 1) & ~(Page - 1);
        if (segment.MemorySize > segment.FileSize && fileEnd < mappedEnd && (segment.Protection & VmProt.Write) != 0)
        {
            _zeros.Add((fileEnd, (int)(mappedEnd - fileEnd)));
        }

        if (end > mappedEnd)
        {
            _mappings.Add(new VmMapping(mappedEnd, end - mappedEnd, segment.Protection, VmMapFlags.None, null, 0));
        }
    }

    /// <summary>Makes the address space: every mapping in one step, then every byte in another.</summary>
    private Errno Build(ulong stackPointer, ReadOnlySpan<byte> stack)
    {
        var error = thread.MapAll(CollectionsMarshal.AsSpan(_mappings));
        if (error != Errno.OK)
        {
            return error;
        }

        var bytes = new byte[_zeros.Sum(range => range.Length) + stack.Length];
        stack.CopyTo(bytes.AsSpan(bytes.Length - stack.Length));
        _zeros.Add((stackPointer, stack.Length));
        return thread.Space.WriteVector(CollectionsMarshal.AsSpan(_zeros), bytes);
    }

    /// <summary>Where the program headers are in memory: in the segment that holds their place in the file.</summary>
    private static ulong HeaderAddress(ElfHeader header, ulong bias)
    {
        foreach (var segment in header.Segments)
        {
            if (header.ProgramHeaderOffset >= segment.Offset && header.ProgramHeaderOffset < segment.Offset + segment.FileSize)
            {
                return header.ProgramHeaderOffset - segment.Offset + segment.Address + bias;
            }
        }

        return 0;
    }

    private ulong Randomize(ulong start, int bits)
    {
        ulong random = 0;
        task.Kernel.Platform.Fill(MemoryMarshal.AsBytes(new Span<ulong>(ref random)));
        return start + ((random & ((1UL << bits) - 1)) * Page);
    }
}
