namespace Dragonet.Linux;

/// <summary>Every system call that has a handler, by number. Filled by the generator.</summary>
internal static partial class SyscallTable
{
    /// <summary>The table; null where a call answers ENOSYS.</summary>
    internal static readonly SyscallEntry?[] Entries = Build();

    private static SyscallEntry?[] Build()
    {
        var table = new SyscallEntry?[512];
        Fill(table);
        return table;
    }

    private static partial void Fill(SyscallEntry?[] table);
}
