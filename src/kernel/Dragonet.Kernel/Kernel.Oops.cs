using System.Globalization;
using Dragonet.Platform;

namespace Dragonet.Kernel;

/// <summary>Kernel bugs: an exception that leaves a handler. The guest process that met it is killed, the kernel is tainted and goes on.</summary>
public sealed partial class Kernel
{
    private int _oopses;

    /// <summary>Where the report of a kernel bug goes.</summary>
    public Action<string>? OopsReport { get; set; }

    /// <summary>How many bugs were met (/proc/sys/kernel/tainted).</summary>
    public int Oopses => Volatile.Read(ref _oopses);

    /// <summary>Reports a bug.</summary>
    /// <returns>False for what no kernel survives: the host process is out of memory or of stack.</returns>
    private bool ReportOops(Task task, Exception bug)
    {
        _ = Interlocked.Increment(ref _oopses);
        ref readonly var call = ref task.Call;
        OopsReport?.Invoke(string.Create(CultureInfo.InvariantCulture,
            $"oops: {bug.GetType().Name}: {bug.Message}\n  pid {task.Process.Pid} ({task.Name}), call {call.Number}({call.A0:x}, {call.A1:x}, {call.A2:x}, {call.A3:x}, {call.A4:x}, {call.A5:x}) at {call.InstructionPointer:x}\n{bug.StackTrace}"));
        return bug is not OutOfMemoryException;
    }
}
