using System.Buffers.Binary;
using System.Text;
using Dragonet.Abi;
using Dragonet.Platform.Linux.Interop;

namespace Dragonet.Platform.Linux.Confinement;

/// <summary>landlock(7): which files, ports and processes the calling thread and its children can reach. Takes rights only away.</summary>
internal static unsafe class Landlock
{
    // linux/landlock.h, LANDLOCK_ACCESS_FS_*.
    private const ulong Execute = 1, WriteFile = 2, ReadFile = 4, ReadDirectory = 8, MakeDevices = 0x40 | 0x800, Truncate = 0x4000, DeviceControl = 0x8000;
    private const ulong OnFiles = Execute | WriteFile | ReadFile | Truncate | DeviceControl;

    /// <summary>ABI version of the host's Landlock; 0 when there is none or it is switched off.</summary>
    internal static int Version => (int)Math.Max(0, Host.Call(Nr.landlock_create_ruleset, 0, 0, 1));

    /// <summary>Makes the rule set.</summary>
    /// <param name="grants">Files that stay.</param>
    /// <param name="connects">TCP connections may be made.</param>
    /// <param name="listens">TCP ports may be taken.</param>
    /// <returns>The descriptor, or an errno.</returns>
    internal static Base.Result<HostFd> Create(IEnumerable<FileGrant> grants, bool connects, bool listens)
    {
        var version = Version;
        var handled = Handled(version);
        // Signals are not scoped: threads of ours are in domains of their own, and the one that ends last must be able to send guests the
        // signal of PR_SET_PDEATHSIG, or a guest that was just being made outlives us.
        Span<byte> attributes = stackalloc byte[24];
        BinaryPrimitives.WriteUInt64LittleEndian(attributes, handled);
        BinaryPrimitives.WriteUInt64LittleEndian(attributes[8..], version >= 4 ? (listens ? 0u : 1u) | (connects ? 0u : 2u) : 0); // LANDLOCK_ACCESS_NET_BIND_TCP, _CONNECT_TCP: refused
        BinaryPrimitives.WriteUInt64LittleEndian(attributes[16..], version >= 6 ? 1u : 0); // no abstract UNIX sockets of others
        long result;
        fixed (byte* pointer = attributes)
        {
            // SAFETY: struct landlock_ruleset_attr grew with the versions; the size says how much of it there is.
            result = Host.Call(Nr.landlock_create_ruleset, (long)pointer, version >= 6 ? 24 : version >= 4 ? 16 : 8, 0);
        }

        if (result < 0)
        {
            return Host.ErrnoOf(result);
        }

        var rules = HostFd.Own(result);
        foreach (var grant in grants)
        {
            Add(rules, grant, handled);
        }

        return rules;
    }

    private static ulong Handled(int version) => version switch { 1 => 0x1fff, 2 => 0x3fff, 3 or 4 => 0x7fff, _ => 0xffff };

    private static void Add(HostFd rules, FileGrant grant, ulong handled)
    {
        const long pathOnly = 0x280000; // O_PATH|O_CLOEXEC
        var path = Encoding.UTF8.GetBytes(grant.Path + '\0');
        long opened;
        fixed (byte* pointer = path)
        {
            // SAFETY: a NUL-terminated path. AT_FDCWD.
            opened = Host.Call(Nr.openat, -100, (long)pointer, pathOnly);
        }

        if (opened < 0)
        {
            return; // not there on this host: then there is nothing to reach
        }

        using var parent = HostFd.Own(opened);
        var rights = grant.Rights switch
        {
            FileRights.List => ReadDirectory,
            FileRights.Read => ReadFile | ReadDirectory,
            _ => handled & ~MakeDevices & ~DeviceControl & ~Execute,
        };
        if (Allow(rules, parent, rights) == Errno.EINVAL)
        {
            // A file takes no rights on directories.
            _ = Allow(rules, parent, rights & OnFiles);
        }
    }

    private static Errno Allow(HostFd rules, HostFd parent, ulong rights)
    {
        Span<byte> rule = stackalloc byte[12];
        BinaryPrimitives.WriteUInt64LittleEndian(rule, rights);
        BinaryPrimitives.WriteInt32LittleEndian(rule[8..], parent.Number);
        fixed (byte* pointer = rule)
        {
            // SAFETY: the packed struct landlock_path_beneath_attr. LANDLOCK_RULE_PATH_BENEATH.
            return Host.ErrnoOf(Host.Call(Nr.landlock_add_rule, rules.Number, 1, (long)pointer, 0));
        }
    }
}
