using System.Collections.Concurrent;
using Dragonet;

namespace UserFileSystem;

/// <summary>A file for each assembly that is loaded at the moment.</summary>
internal sealed class AssemblyDirectory : UserDirectory
{
    private readonly ConcurrentDictionary<string, UserNode> _files = [];

    // The same object for the same assembly: so it stays the same file.
    public override IEnumerable<KeyValuePair<string, UserNode>> List()
        => AppDomain.CurrentDomain.GetAssemblies().Select(assembly => assembly.GetName()).Where(name => name.Name is not null).DistinctBy(name => name.Name)
            .Select(name => KeyValuePair.Create(name.Name!, _files.GetOrAdd(name.Name!, _ => new TextFile($"version={name.Version}\n"))));
}
