namespace Dragonet.Linux;

/// <summary>What the kernel knows of each system call, for documents and tools. Immutable.</summary>
public static class SyscallList
{
    /// <summary>Every system call that has a handler, by number; any other answers ENOSYS.</summary>
    public static IEnumerable<(int Number, string Name, Support Support, string Note)> Entries
        => SyscallTable.Entries.Index().Where(entry => entry.Item is not null).Select(entry => (entry.Index, entry.Item!.Name, entry.Item.Support, entry.Item.Note));
}
