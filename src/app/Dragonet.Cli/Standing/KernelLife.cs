using System.Globalization;
using System.IO;
using Dragonet.Control;

namespace Dragonet.Cli.Standing;

/// <summary>
/// The locks that say that a kernel lives; they go with its process, however that ends. Two of them: "owner" decides who becomes the
/// kernel, and because nobody else touches it, a refusal there is final. "lock" is what others look at; whoever looks has it for a moment,
/// and is waited for.
/// </summary>
internal sealed class KernelLife : IDisposable
{
    private readonly FileStream _owner;
    private readonly IDisposable _alive;

    private KernelLife(FileStream owner, IDisposable alive)
    {
        _owner = owner;
        _alive = alive;
    }

    /// <summary>Becomes the kernel of this name.</summary>
    /// <exception cref="CommandException">Somebody is it already.</exception>
    internal static KernelLife Begin(ControlPaths paths, string name)
    {
        FileStream owner;
        try
        {
            owner = new FileStream(paths.Owner, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            throw new CommandException($"boot: kernel '{name}' runs already");
        }

        var alive = HostSide.TakeLock(paths.Lock);
        File.WriteAllText(paths.ProcessId, Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        return new KernelLife(owner, alive);
    }

    /// <summary>Waits until the kernel of this name lives no more.</summary>
    internal static void WaitForEnd(ControlPaths paths) => HostSide.WaitForRelease(paths.Lock);

    /// <inheritdoc/>
    public void Dispose()
    {
        _alive.Dispose();
        _owner.Dispose();
    }
}
