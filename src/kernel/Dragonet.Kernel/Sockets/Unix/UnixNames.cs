using System.Collections.Concurrent;
using Dragonet.Abi;

namespace Dragonet.Kernel;

/// <summary>The UNIX sockets of one jail, and their abstract names (unix(7)), which are guarded by the family's lock.</summary>
internal sealed class UnixNames
{
    private readonly Dictionary<(string Name, SocketType Type), UnixSocket> _bound = [];
    private readonly ConcurrentDictionary<UnixSocket, byte> _sockets = []; // every open one; not guarded
    private int _lastAutobind;

    /// <summary>All open sockets of the jail, in the order in which they were made.</summary>
    internal IEnumerable<UnixSocket> Sockets => _sockets.Keys.OrderBy(static socket => socket.Number);

    internal void Open(UnixSocket socket) => _ = _sockets.TryAdd(socket, 0);

    internal void Close(UnixSocket socket) => _ = _sockets.TryRemove(socket, out _);

    /// <summary>How many there are.</summary>
    internal int CountLocked => _bound.Count;

    internal UnixSocket? FindLocked(string name, SocketType type) => _bound.GetValueOrDefault((name, type));

    internal Errno BindLocked(string name, UnixSocket socket) => _bound.TryAdd((name, socket.Type), socket) ? Errno.OK : Errno.EADDRINUSE;

    /// <summary>A free abstract name of five hexadecimal digits (unix(7), "Autobind feature").</summary>
    internal string AutobindLocked(UnixSocket socket)
    {
        while (true)
        {
            _lastAutobind = (_lastAutobind + 1) & 0xfffff;
            var name = $"\0{_lastAutobind:x5}";
            if (_bound.TryAdd((name, socket.Type), socket))
            {
                return name;
            }
        }
    }

    internal void UnbindLocked(string name, UnixSocket socket) => _ = _bound.Remove((name, socket.Type));
}
