using System.Buffers.Binary;
using System.Text;
using Dragonet.Abi;
using Dragonet.Platform.InProcess;
using Xunit;

namespace Dragonet.Kernel.Tests.InProcess;

/// <summary>More calls as C programs know them: names, places, sockets.</summary>
internal static class JailLibc
{
    /// <summary>A field of struct utsname, by its place.</summary>
    internal static string UtsField(this Guest guest, int index)
    {
        var stack = guest.StackPointer;
        var buffer = guest.Push(new byte[65 * 6]);
        _ = guest.Call(Nr.uname, buffer);
        var bytes = new byte[65];
        guest.Load(buffer + (ulong)(65 * index), bytes);
        guest.StackPointer = stack;
        return Encoding.UTF8.GetString(bytes.AsSpan(0, bytes.AsSpan().IndexOf((byte)0)));
    }

    internal static string HostName(this Guest guest) => guest.UtsField(1);

    internal static long SetHostName(this Guest guest, string name)
    {
        var stack = guest.StackPointer;
        var result = guest.Call(Nr.sethostname, guest.Push(Encoding.UTF8.GetBytes(name)), (ulong)name.Length);
        guest.StackPointer = stack;
        return result;
    }

    internal static long Stat(this Guest guest, string path)
    {
        var stack = guest.StackPointer;
        var result = guest.Call(Nr.stat, guest.Push(path), guest.Push(new byte[144]));
        guest.StackPointer = stack;
        return result;
    }

    /// <summary>st_ino.</summary>
    internal static ulong Inode(this Guest guest, string path)
    {
        var stack = guest.StackPointer;
        var buffer = guest.Push(new byte[144]);
        var result = guest.Call(Nr.stat, guest.Push(path), buffer);
        var number = result == 0 ? guest.Load(buffer + 8) : 0;
        guest.StackPointer = stack;
        return number;
    }

    internal static long Open(this Guest guest, string path, OpenFlags flags = OpenFlags.O_RDONLY)
    {
        var stack = guest.StackPointer;
        var result = guest.Call(Nr.open, guest.Push(path), (ulong)flags, 0x1a4);
        guest.StackPointer = stack;
        return result;
    }

    /// <summary>The names in a directory.</summary>
    internal static List<string> List(this Guest guest, string path)
    {
        var stack = guest.StackPointer;
        var fd = guest.Open(path, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
        var buffer = guest.Push(new byte[8192]);
        var names = new List<string>();
        for (long count; (count = guest.Call(Nr.getdents64, (ulong)fd, buffer, 8192)) > 0;)
        {
            var bytes = new byte[count];
            guest.Load(buffer, bytes);
            for (var at = 0; at < bytes.Length; at += BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(at + 16)))
            {
                var name = bytes.AsSpan(at + 19);
                names.Add(Encoding.UTF8.GetString(name[..name.IndexOf((byte)0)]));
            }
        }

        guest.StackPointer = stack;
        return names;
    }

    /// <summary>A stream socket with an abstract name.</summary>
    internal static void BindAbstract(this Guest guest, string name)
    {
        var stack = guest.StackPointer;
        var fd = guest.Call(Nr.socket, 1, 1, 0);
        byte[] address = [1, 0, 0, .. Encoding.UTF8.GetBytes(name)];
        Assert.Equal(0, guest.Call(Nr.bind, (ulong)fd, guest.Push(address), (ulong)address.Length));
        guest.StackPointer = stack;
    }
}
