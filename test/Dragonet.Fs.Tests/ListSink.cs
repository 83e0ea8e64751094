using Dragonet.Vfs;

namespace Dragonet.Fs.Tests;

/// <summary>Takes a few names at a time.</summary>
internal sealed class ListSink(List<string> names, int most) : IDirectorySink
{
    private int _left;

    public void Reset() => _left = 0;

    public bool Add(string name, ulong inode, long next, byte type)
    {
        if (_left++ == most)
        {
            return false;
        }

        names.Add(name);
        return true;
    }
}
