using Dragonet.Abi;

namespace Dragonet.Kernel;

/// <summary>The abstract names of UNIX sockets in one jail (unix(7)). Guarded by the family's lock.</summary>
internal sealed class UnixNames
{
    private readonly Dictionary<(string Name, SocketType Type), UnixSocket> _bound = [];
    private int _lastAutobind;

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
