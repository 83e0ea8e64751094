using System.Globalization;
using System.IO;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Dragonet.Control;

namespace Dragonet.Cli.Standing;

/// <summary>
/// Who may command a kernel: its user, root, and the members of a group when one was named. File modes keep others away from the socket; and
/// whoever connects all the same is asked of the host (unix(7), SO_PEERCRED and SO_PEERGROUPS), whatever the modes have become.
/// </summary>
/// <param name="group">The group; null for none.</param>
internal sealed class ControlAccess(uint? group)
{
    private const int SocketLevel = 1;      // SOL_SOCKET
    private const int PeerCredentials = 17; // SO_PEERCRED: pid, uid, gid
    private const int PeerGroups = 59;      // SO_PEERGROUPS
    private const int MostGroups = 4096;

    /// <summary>"--group NAME" or its number.</summary>
    internal static uint GroupOf(string command, string text)
        => uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
            : File.ReadLines("/etc/group").Select(static line => line.Split(':')).FirstOrDefault(words => words.Length > 2 && words[0] == text) is { } found
                && uint.TryParse(found[2], NumberStyles.None, CultureInfo.InvariantCulture, out number) ? number
            : throw new CommandException($"{command}: --group '{text}': there is no such group here");

    /// <summary>Opens the way to the socket, which nobody listens on yet, for those who may use it.</summary>
    internal void Open(ControlPaths paths)
    {
        File.SetUnixFileMode(paths.Socket, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        if (group is { } members)
        {
            // The group first: with it the modes of others would be the group's.
            HostSide.GiveToGroup(paths.Directory, Path.GetFileName(paths.Socket), members);
            HostSide.GiveToGroup(paths.Directory, ".", members);
            File.SetUnixFileMode(paths.Socket, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite);
            File.SetUnixFileMode(paths.Directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute);
        }
    }

    /// <summary>Whether who has connected may command.</summary>
    internal bool Admits(Socket socket)
    {
        Span<int> credentials = stackalloc int[3];
        if (socket.GetRawSocketOption(SocketLevel, PeerCredentials, MemoryMarshal.AsBytes(credentials)) != 12)
        {
            return false;
        }

        return (uint)credentials[1] == HostSide.UserId || credentials[1] == 0
            || (group is { } members && ((uint)credentials[2] == members || Groups(socket).Contains(members)));
    }

    private static uint[] Groups(Socket socket)
    {
        var groups = new uint[MostGroups];
        try
        {
            return groups[..(socket.GetRawSocketOption(SocketLevel, PeerGroups, MemoryMarshal.AsBytes(groups.AsSpan())) / sizeof(uint))];
        }
        catch (SocketException)
        {
            return []; // more groups than anybody has: it is admitted by its first one, or not
        }
    }
}
