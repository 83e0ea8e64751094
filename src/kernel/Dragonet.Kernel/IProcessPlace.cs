namespace Dragonet.Kernel;

/// <summary>An inode that stands for a process: pidfd_send_signal(2) takes an open directory /proc/PID for one.</summary>
public interface IProcessPlace
{
    /// <summary>The process; null when it stands for a single thread.</summary>
    Process? Process { get; }
}
