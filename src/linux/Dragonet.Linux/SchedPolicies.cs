using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux;

/// <summary>Changes of policy and priority, with the checks of sched_setscheduler(2) and sched_setattr(2) in Linux's order.</summary>
internal static class SchedPolicies
{
    /// <summary>Policy argument for "as it is".</summary>
    internal const int Keep = -1;

    private const int Fifo = 1, RoundRobin = 2, Batch = 3, Idle = 5, Deadline = 6;

    /// <summary>Changes a task's scheduling.</summary>
    /// <param name="nice">Used by the ordinary policies.</param>
    internal static Errno Change(Task caller, Task target, int policy, int priority, int nice, bool reset)
    {
        policy = policy == Keep ? target.Policy : policy;
        if (policy is not (0 or Fifo or RoundRobin or Batch or Idle or Deadline))
        {
            return Errno.EINVAL;
        }

        var realTime = policy is Fifo or RoundRobin;
        if (priority is < 0 or > 99 || realTime != (priority != 0))
        {
            return Errno.EINVAL;
        }

        if (IsPrivileged(caller, target, policy, priority, nice, reset) && !caller.Credentials.Has(Capability.CAP_SYS_NICE))
        {
            return Errno.EPERM;
        }

        if (policy == Deadline)
        {
            // Nothing here can promise time: admission control always fails (sched_setattr(2), EBUSY).
            return Errno.EBUSY;
        }

        target.Policy = policy;
        target.RtPriority = priority;
        target.ResetOnFork = reset;
        if (!realTime && nice != target.Process.Nice)
        {
            target.Process.SetNice(nice);
        }

        return Errno.OK;
    }

    private static bool IsPrivileged(Task caller, Task target, int policy, int priority, int nice, bool reset)
    {
        var limits = target.Process.Limits;
        var current = target.Process.Nice;
        if (policy is 0 or Batch or Idle && nice < current && !CanNice(limits, nice))
        {
            return true;
        }

        if (policy is Fifo or RoundRobin)
        {
            var limit = limits[Rlimits.RtPriority].Soft;
            if ((policy != target.Policy && limit == 0) || (priority > target.RtPriority && (ulong)priority > limit))
            {
                return true;
            }
        }

        // Leaving SCHED_IDLE is like raising the priority; SCHED_RESET_ON_FORK is not given up by itself.
        return policy == Deadline || (target.Policy == Idle && policy != Idle && !CanNice(limits, current)) || !Syscalls.Sched.IsOwner(caller, target)
            || (target.ResetOnFork && !reset);
    }

    private static bool CanNice(Rlimits limits, int nice) => (ulong)(20 - nice) <= limits[Rlimits.Nice].Soft;
}
