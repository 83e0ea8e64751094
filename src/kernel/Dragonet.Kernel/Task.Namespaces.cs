using Dragonet.Vfs;

namespace Dragonet.Kernel;

/// <summary>The namespaces that a task is in. The user namespace is in its credentials; both are kept until it exits.</summary>
public sealed partial class Task
{
    private volatile MountNamespace? _mounts; // null in a kernel that has no files yet

    /// <summary>Its mounts. Those of its root, unless that was detached.</summary>
    public MountNamespace Mounts => _mounts!;

    /// <summary>Enters what was prepared for it, and leaves what it was in.</summary>
    public void Enter(NamespaceSet set)
    {
        var (users, mounts) = (Credentials.Namespace, Mounts);
        if (!ReferenceEquals(set.Credentials.Namespace, users) && !Credentials.HasMade(set.Credentials.Namespace))
        {
            Process.Dumpable = 0; // who made that namespace is not to look into a guest of his (commit_creds)
        }

        _mounts = set.Mounts;
        Fs = set.Fs;
        Credentials = set.Credentials;
        Kernel.Namespaces.Drop(users);
        Kernel.Namespaces.Drop(mounts);
    }

    /// <summary>Begins in these mounts and in the user namespace of its credentials, and keeps them.</summary>
    internal void Begin(MountNamespace? mounts)
    {
        _ = Credentials.Namespace?.Uses.TryAdd();
        _mounts = mounts;
        if (mounts is not null)
        {
            _ = mounts.Uses.TryAdd();
            _fs.Join();
        }
    }

    /// <summary>Begins in what was prepared for it.</summary>
    internal void Begin(NamespaceSet set)
    {
        _mounts = set.Mounts;
        _fs.Join();
    }

    private void LeaveNamespaces()
    {
        Kernel.Namespaces.Drop(Credentials.Namespace);
        if (_mounts is { } mounts)
        {
            _fs.Leave();
            Kernel.Namespaces.Drop(mounts);
        }
    }
}
