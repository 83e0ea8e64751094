using Dragonet;

namespace UserFileSystem;

/// <summary>The root: what this process is made of, and the notes.</summary>
internal sealed class ProcessDirectory(Notes notes) : UserDirectory
{
    private readonly UserNode _runtime = new TextFile($".NET {Environment.Version}, process {Environment.ProcessId}\n");
    private readonly UserNode _self = new UserLink("assemblies/UserFileSystem");
    private readonly UserNode _assemblies = new AssemblyDirectory();

    public override IEnumerable<KeyValuePair<string, UserNode>> List() =>
    [
        new("assemblies", _assemblies),
        new("notes", notes),
        new("runtime", _runtime),
        new("self", _self),
    ];
}
