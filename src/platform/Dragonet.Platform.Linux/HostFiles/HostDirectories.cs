using System.Text;
using Dragonet.Base;
using Dragonet.Platform.Linux.Interop;

namespace Dragonet.Platform.Linux.HostFiles;

/// <summary>Where host directories come from; needs no running platform.</summary>
public static class HostDirectories
{
    /// <summary>Opens a directory by its path (human text), following links.</summary>
    public static Result<IHostDirectory> Open(string path)
        => InteropOpen.Root(Encoding.UTF8.GetBytes(path + '\0')).Ok(out var fd, out var error) ? Result<IHostDirectory>.Of(new HostDirectory(fd)) : error;

    /// <summary>Host user and group of this process.</summary>
    public static (uint Uid, uint Gid) Identity => ((uint)Host.CallQuick(Abi.Nr.geteuid), (uint)Host.CallQuick(Abi.Nr.getegid));
}
