namespace Dragonet.Kernel;

/// <summary>Signal dispositions (sigaction(2)), shared by CLONE_SIGHAND. Guarded by the tree lock.</summary>
public sealed class SignalActions
{
    private readonly SignalAction[] _actions = new SignalAction[65];

    /// <summary>The disposition of a signal, 1 to 64.</summary>
    public SignalAction this[int signal]
    {
        get => _actions[signal];
        set => _actions[signal] = value;
    }

    /// <summary>A copy (fork).</summary>
    public SignalActions Copy()
    {
        var copy = new SignalActions();
        _actions.CopyTo(copy._actions, 0);
        return copy;
    }

    /// <summary>What exec leaves: ignored stays ignored, handlers become the default (execve(2)).</summary>
    public SignalActions CopyForExec()
    {
        var copy = new SignalActions();
        for (var signal = 1; signal <= Sig.Max; signal++)
        {
            if (_actions[signal].IsIgnored)
            {
                copy._actions[signal] = new SignalAction(1, 0, 0, 0);
            }
        }

        return copy;
    }
}
