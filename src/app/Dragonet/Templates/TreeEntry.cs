using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Platform;

namespace Dragonet.Templates;

/// <summary>One file of a template's tree.</summary>
/// <param name="Path">From the root, without a slash before it.</param>
/// <param name="Owner">Owner and permissions.</param>
/// <param name="Attributes">What the host tells.</param>
/// <param name="Target">Of a symbolic link.</param>
/// <param name="Parent">Where its content can be opened, while it is the current one.</param>
internal readonly record struct TreeEntry(string Path, TreeOwner Owner, HostAttributes Attributes, string Target, IHostDirectory Parent)
{
    internal uint Type => Attributes.Mode & StatMode.S_IFMT;

    internal string Name => ByteString.FromText(System.IO.Path.GetFileName(Path));
}
