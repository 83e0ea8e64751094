using Dragonet.Platform;

namespace Dragonet.Fs.Hostfs;

/// <summary>A host object with a count of users: closed when its keeper has dropped it and nobody uses it.</summary>
internal sealed class SharedHandle(IDisposable handle)
{
    private int _users = 1; // the keeper; 0 is closed

    /// <summary>The host did not allow reading.</summary>
    public bool IsWriteOnly { get; init; }

    /// <summary>The object, when it is a directory.</summary>
    public IHostDirectory Directory => (IHostDirectory)handle;

    /// <summary>The object, when it is a file.</summary>
    public IHostFile File => (IHostFile)handle;

    /// <summary>One more user; false when it is closed already.</summary>
    public bool TryHold()
    {
        var users = Volatile.Read(ref _users);
        while (users != 0)
        {
            var seen = Interlocked.CompareExchange(ref _users, users + 1, users);
            if (seen == users)
            {
                return true;
            }

            users = seen;
        }

        return false;
    }

    /// <summary>A user (or the keeper) is done.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref _users) == 0)
        {
            handle.Dispose();
        }
    }
}
