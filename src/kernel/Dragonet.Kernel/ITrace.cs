using Dragonet.Base;
using Dragonet.Platform;

namespace Dragonet.Kernel;

/// <summary>Sees every answered system call (strace).</summary>
public interface ITrace
{
    /// <summary>A call was answered.</summary>
    void OnResult(Task task, in SystemCall call, SysResult result);

    /// <summary>A signal was delivered.</summary>
    void OnSignal(Task task, int signal);

    /// <summary>A process ended with a wait status.</summary>
    void OnExit(Task task, int status);
}
