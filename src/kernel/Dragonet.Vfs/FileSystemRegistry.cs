using System.Collections.Concurrent;

namespace Dragonet.Vfs;

/// <summary>The kinds of file systems that a kernel knows. Filled by the composition root. Thread-safe.</summary>
public sealed class FileSystemRegistry
{
    private readonly ConcurrentDictionary<string, FileSystemType> _types = new(StringComparer.Ordinal);

    /// <summary>Adds kinds; a later one of the same name replaces the earlier.</summary>
    public void Register(params ReadOnlySpan<FileSystemType> types)
    {
        foreach (var type in types)
        {
            _types[type.Name] = type;
        }
    }

    /// <summary>Finds a kind by name, or null.</summary>
    public FileSystemType? Find(string name) => _types.GetValueOrDefault(name);

    /// <summary>Every kind, by name.</summary>
    public IReadOnlyList<FileSystemType> Types => [.. _types.Values.OrderBy(t => t.Name, StringComparer.Ordinal)];
}
