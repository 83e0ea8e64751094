using Dragonet.Base;

namespace Dragonet.Vfs;

/// <summary>On whose behalf a file operation runs: a task, or the management side.</summary>
public interface ICaller
{
    /// <summary>Whose rights count.</summary>
    Credentials Credentials { get; }

    /// <summary>Guest memory, for ioctl arguments.</summary>
    IUserMemory Memory { get; }

    /// <summary>File mode creation mask.</summary>
    uint Umask { get; }

    /// <summary>RLIMIT_FSIZE in bytes; writes beyond it are EFBIG and raise SIGXFSZ.</summary>
    ulong FileSizeLimit { get; }
}
