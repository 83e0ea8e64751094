using Dragonet.Kernel;

namespace Dragonet;

/// <summary>Waits for something to become true of a jail, with what the kernel tells of it and of the jails in it.</summary>
internal sealed class JailWait : IDisposable
{
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Jail _jail;
    private readonly Func<bool> _condition;

    internal JailWait(Jail jail, Func<bool> condition)
    {
        _jail = jail;
        _condition = condition;
        jail.Kernel.Jails.Changed += OnChanged;
        Look();
    }

    /// <summary>Completes as soon as it is true.</summary>
    internal System.Threading.Tasks.Task Reached => _reached.Task;

    /// <inheritdoc/>
    public void Dispose() => _jail.Kernel.Jails.Changed -= OnChanged;

    private void OnChanged(Jail jail, JailEvent what)
    {
        if (what is JailEvent.Empty or JailEvent.Gone && _jail.Contains(jail))
        {
            Look();
        }
    }

    private void Look()
    {
        if (_condition())
        {
            _ = _reached.TrySetResult();
        }
    }
}
