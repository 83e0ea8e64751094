using System.Text;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet;

/// <summary>Small text files of guests.</summary>
internal static class GuestText
{
    /// <summary>A whole file, each byte a character (<see cref="ByteString"/>).</summary>
    internal static Result<string> Read(VirtualFileSystem vfs, KernelCaller caller, in WalkContext context, string path)
    {
        if (!vfs.Open(context, path, new OpenRequest(OpenFlags.O_RDONLY)).Ok(out var file, out var error))
        {
            return error;
        }

        var text = new StringBuilder();
        var buffer = new byte[4096];
        while (file.Read(caller, buffer).Ok(out var count, out error) && count > 0)
        {
            _ = text.Append(ByteString.FromBytes(buffer.AsSpan(0, count)));
        }

        file.Release();
        return error == Errno.OK ? text.ToString() : error;
    }
}
