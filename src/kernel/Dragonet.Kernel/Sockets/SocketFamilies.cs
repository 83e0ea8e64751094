using System.Collections.Concurrent;
using Dragonet.Abi;

namespace Dragonet.Kernel;

/// <summary>The address families of a kernel. UNIX sockets are there from the start. Thread-safe.</summary>
public sealed class SocketFamilies
{
    private readonly ConcurrentDictionary<AddressFamily, SocketFamily> _families = new();

    internal SocketFamilies() => Register(Unix);

    /// <summary>UNIX sockets.</summary>
    public UnixFamily Unix { get; } = new();

    /// <summary>The network stack, when one was added.</summary>
    public INetwork? Network { get; set; }

    /// <summary>Adds a family, or replaces it.</summary>
    public void Register(SocketFamily family) => _families[family.Domain] = family;

    /// <summary>The family, or null (EAFNOSUPPORT).</summary>
    public SocketFamily? Find(AddressFamily domain) => _families.GetValueOrDefault(domain);
}
