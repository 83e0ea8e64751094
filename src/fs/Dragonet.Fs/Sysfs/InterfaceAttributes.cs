using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Fs.Synthetic;
using Dragonet.Vfs;

namespace Dragonet.Fs.Sysfs;

/// <summary>class/net/NAME. The directory "bridge" is there for bridges alone: by it brctl(8) and others know them.</summary>
/// <param name="owner">The file system.</param>
/// <param name="isBridge">Whether it is one, as a caller sees it.</param>
internal sealed class InterfaceAttributes(SyntheticFileSystem owner, Func<ICaller, bool> isBridge) : StaticDirectory(owner)
{
    private const string Bridge = "bridge";

    /// <inheritdoc/>
    public override Result<Inode> Lookup(ICaller caller, string name) => name == Bridge && !isBridge(caller) ? Errno.ENOENT : base.Lookup(caller, name);

    /// <inheritdoc/>
    protected override IReadOnlyList<(string Name, ulong Number, byte Type)> List(ICaller caller)
        => isBridge(caller) ? base.List(caller) : [.. base.List(caller).Where(static entry => entry.Name != Bridge)];
}
