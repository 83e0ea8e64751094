using Dragonet.Vfs;

namespace Dragonet.Kernel;

/// <summary>Files on their way in a message (SCM_RIGHTS). They hold references until they are delivered or discarded.</summary>
internal sealed class UnixRights
{
    private readonly UnixFamily _family;

    public UnixRights(UnixFamily family, OpenFile[] files, uint uid)
    {
        _family = family;
        Files = files;
        Uid = uid;
        foreach (var file in files)
        {
            file.AddReference();
        }

        family.BeginFlight(this);
    }

    public OpenFile[] Files { get; }

    /// <summary>Who sent them.</summary>
    public uint Uid { get; }

    /// <summary>The receiver takes the references over.</summary>
    public OpenFile[] Deliver()
    {
        _family.EndFlight(this);
        return Files;
    }

    /// <summary>A copy for MSG_PEEK, with references of its own.</summary>
    public OpenFile[] Duplicate()
    {
        foreach (var file in Files)
        {
            file.AddReference();
        }

        return [.. Files];
    }

    /// <summary>Drops the references. No lock may be held: a file may be released by it.</summary>
    public void Discard()
    {
        _family.EndFlight(this);
        foreach (var file in Files)
        {
            file.Release();
        }
    }
}
