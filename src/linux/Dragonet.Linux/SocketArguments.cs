using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux;

/// <summary>Arguments of socket calls in guest memory.</summary>
internal static class SocketArguments
{
    /// <summary>sizeof(struct sockaddr_storage).</summary>
    private const int MaxAddress = 128;

    /// <summary>The socket behind a descriptor: EBADF, ENOTSOCK.</summary>
    public static Result<SocketFile> GetSocket(this Task task, Fd descriptor)
    {
        if (!task.Files.Get(descriptor.Value).Ok(out var file, out var error))
        {
            return error;
        }

        return file is SocketFile socket ? socket : Errno.ENOTSOCK;
    }

    /// <summary>Copies an address: EINVAL for a bad length, EFAULT.</summary>
    public static Result<byte[]> ReadAddress(this Task task, UserPtr pointer, int length)
    {
        if (length is < 0 or > MaxAddress)
        {
            return Errno.EINVAL;
        }

        var address = new byte[length];
        var error = length == 0 ? Errno.OK : task.Memory.Read(pointer.Address, address);
        return error == Errno.OK ? address : error;
    }

    /// <summary>Writes an address and its real length, cut to the length that the guest has room for.</summary>
    public static Errno WriteAddress(this Task task, UserPtr pointer, UserPtr lengthPointer, byte[] address)
    {
        var error = task.Memory.Read(lengthPointer.Address, out int room);
        if (error != Errno.OK)
        {
            return error;
        }

        if (room < 0)
        {
            return Errno.EINVAL;
        }

        room = Math.Min(room, address.Length);
        if (room > 0 && (error = task.Memory.Write(pointer.Address, address.AsSpan(0, room))) != Errno.OK)
        {
            return error;
        }

        return task.Memory.Write(lengthPointer.Address, address.Length);
    }
}
