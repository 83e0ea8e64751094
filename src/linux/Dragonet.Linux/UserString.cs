using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux;

/// <summary>The address of a NUL-terminated string in the guest.</summary>
public readonly record struct UserString(ulong Address)
{
    /// <summary>PATH_MAX, the NUL included.</summary>
    public const int PathMax = 4096;

    public bool IsNull => Address == 0;

    /// <summary>Copies a path: EFAULT, or ENAMETOOLONG beyond PATH_MAX (path_resolution(7)).</summary>
    public Result<string> ReadPath(Task task) => task.Memory.ReadString(Address, PathMax, Errno.ENAMETOOLONG);

    /// <summary>Copies another string.</summary>
    public Result<string> Read(Task task, int limit, Errno tooLong) => task.Memory.ReadString(Address, limit, tooLong);
}
