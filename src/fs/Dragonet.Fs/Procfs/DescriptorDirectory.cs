using System.Globalization;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Fs.Procfs;

/// <summary>/proc/PID/fd (with links) and /proc/PID/fdinfo (with texts).</summary>
internal sealed class DescriptorDirectory(ProcfsFileSystem owner, Subject subject, bool links, ulong number)
    : SubjectDirectory(owner, subject, links ? 0x140u : 0x16D, number)
{
    /// <summary>st_size of fd is the number of descriptors, since Linux 6.2.</summary>
    protected override long Size => links ? Subject.Task.Files.List().Count : 0;

    /// <inheritdoc/>
    public override Errno CheckAccess(Credentials credentials, Access access)
    {
        // A process may look at its own descriptors whoever owns the directory now.
        var error = base.CheckAccess(credentials, access);
        if ((access & Access.Write) == 0 && ReferenceEquals(credentials, Subject.Task.Credentials))
        {
            return Errno.OK;
        }

        return error == Errno.OK && !Subject.MayInspect(credentials) ? Errno.EACCES : error;
    }

    /// <inheritdoc/>
    public override Result<Inode> Lookup(ICaller caller, string name)
    {
        var fd = ParseNumber(name);
        if (fd < 0 || !Subject.Exists || !Subject.Task.Files.GetAny(fd).IsOk)
        {
            return Errno.ENOENT;
        }

        return links
            ? new DescriptorLink(Procfs, Subject, fd, Subject.Number(NumberSpace.Descriptors, fd))
            : new DescriptorText(Procfs, Subject, fd, Subject.Number(NumberSpace.DescriptorTexts, fd));
    }

    /// <inheritdoc/>
    protected override IReadOnlyList<(string Name, ulong Number, byte Type)> List(ICaller caller)
    {
        // ls opens the directory before it reads it: its descriptor is in the list, as on Linux.
        var space = links ? NumberSpace.Descriptors : NumberSpace.DescriptorTexts;
        var list = new List<(string, ulong, byte)>();
        foreach (var fd in Subject.Task.Files.List())
        {
            list.Add((fd.ToString(CultureInfo.InvariantCulture), Subject.Number(space, fd), links ? DirectoryType.DT_LNK : DirectoryType.DT_REG));
        }

        return list;
    }
}
