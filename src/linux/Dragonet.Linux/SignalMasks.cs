using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux;

/// <summary>Signal masks in guest memory.</summary>
internal static class SignalMasks
{
    /// <summary>Sets the mask of ppoll, pselect6 and epoll_pwait for the current call; nothing for a null pointer.</summary>
    public static Errno SetTemporary(Task task, UserPtr mask, ulong size)
    {
        if (mask.IsNull)
        {
            return Errno.OK;
        }

        if (size != 8)
        {
            return Errno.EINVAL;
        }

        var error = task.Memory.Read(mask.Address, out ulong value);
        if (error == Errno.OK)
        {
            task.SetTemporaryMask(value);
        }

        return error;
    }
}
