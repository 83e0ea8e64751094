using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Vfs;

namespace Dragonet.Fs.Synthetic;

/// <summary>A directory with a directory for each network interface that the reader's jail has, and for a few names that are always there.</summary>
/// <param name="owner">The file system.</param>
/// <param name="sockets">Where the interfaces are.</param>
/// <param name="always">Names that are no interfaces ("all", "default").</param>
/// <param name="make">Makes the directory of a name; what is in it is looked up by who reads it.</param>
internal sealed class InterfaceDirectory(SyntheticFileSystem owner, SocketFamilies sockets, IReadOnlyList<string> always, Func<string, StaticDirectory> make)
    : SyntheticDirectory(owner)
{
    private const int MaxKnown = 4096; // names that were ever looked up; what is behind them can be made anew

    private readonly Dictionary<string, StaticDirectory> _known = []; // guarded by itself

    /// <inheritdoc/>
    public override Result<Inode> Lookup(ICaller caller, string name) => Names(caller).Contains(name) ? Find(name) : Errno.ENOENT;

    /// <inheritdoc/>
    protected override IReadOnlyList<(string Name, ulong Number, byte Type)> List(ICaller caller)
        => [.. Names(caller).Select(name => (name, Find(name).Number, DirectoryType.FromMode(StatMode.S_IFDIR)))];

    private IEnumerable<string> Names(ICaller caller) => always.Concat(sockets.Network?.ListInterfaces(caller) ?? []);

    private StaticDirectory Find(string name)
    {
        lock (_known)
        {
            if (!_known.TryGetValue(name, out var directory))
            {
                if (_known.Count >= MaxKnown)
                {
                    _known.Clear();
                }

                _known.Add(name, directory = make(name));
            }

            return directory;
        }
    }
}
