namespace Dragonet.Kernel;

/// <summary>Whether a kernel was asked for anything since somebody last looked. Setting it again and again costs a look at one word.</summary>
/// <param name="first">Is told when it is set for the first time since then. Be quick: a system call waits.</param>
public sealed class ActivityMark(Action first)
{
    private volatile bool _isSet;

    /// <summary>It was asked.</summary>
    public bool IsSet => _isSet;

    /// <summary>Something is asked.</summary>
    public void Set()
    {
        if (!_isSet)
        {
            _isSet = true;
            first();
        }
    }

    /// <summary>Looks, and takes the mark away.</summary>
    public bool Take()
    {
        var wasSet = _isSet;
        _isSet = false;
        return wasSet;
    }
}
