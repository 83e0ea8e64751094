using System.Collections.Concurrent;
using System.Globalization;
using System.IO;
using Dragonet.Control;

namespace Dragonet.Cli.Standing;

/// <summary>
/// What jail.conf(5) wants done around the jails of this kernel when it is halted. Who made a jail leaves it here, because nobody else knows
/// the file then. A step that fails is told, and the next one is done: the end comes in any case.
/// </summary>
internal sealed class StopPlans(DragonetKernel kernel)
{
    private readonly ConcurrentDictionary<int, StopRequest> _plans = new();
    private readonly ConcurrentDictionary<int, StopRequest> _underway = new(); // of jails that are being stopped: removal forgets the others

    /// <summary>Keeps what is to be done for a jail.</summary>
    internal void Keep(GuestJail jail, StopRequest plan) => _plans[jail.Id] = plan;

    /// <summary>A jail is gone.</summary>
    internal void Forget(int id) => _ = _plans.TryRemove(id, out _);

    /// <summary>exec.prestop and exec.stop.</summary>
    /// <param name="jail">Which is to end.</param>
    /// <param name="patience">How long a step may take; nothing: none is run, as with jail -R.</param>
    /// <returns>How long its programs may take then.</returns>
    internal TimeSpan? Begin(GuestJail jail, TimeSpan patience)
    {
        if (!_plans.TryRemove(jail.Id, out var plan))
        {
            return null;
        }

        _underway[jail.Id] = plan;
        if (patience > TimeSpan.Zero)
        {
            plan.Before.ForEach(command => Run(kernel.Jails.Root, jail, plan, "exec.prestop", ["sh", "-c", command], plan.SystemUser, patience));
            plan.Stop.ForEach(command => Run(jail, jail, plan, "exec.stop", ["sh", "-c", command], plan.JailUser, patience));
        }

        return TimeSpan.FromSeconds(plan.Timeout);
    }

    /// <summary>exec.poststop, the mounts, exec.release: the jail is removed.</summary>
    internal void End(GuestJail jail)
    {
        if (!_underway.TryRemove(jail.Id, out var plan))
        {
            return;
        }

        var patience = TimeSpan.FromSeconds(ControlServer.Patience);
        plan.After.ForEach(command => Run(kernel.Jails.Root, jail, plan, "exec.poststop", ["sh", "-c", command], plan.SystemUser, patience));
        plan.Unmount.ForEach(directory => Run(kernel.Jails.Root, jail, plan, "mount", ["umount", directory], null, patience));
        plan.Release.ForEach(command => Run(kernel.Jails.Root, jail, plan, "exec.release", ["sh", "-c", command], plan.SystemUser, patience));
    }

    private static void Run(GuestJail where, GuestJail jail, StopRequest plan, string step, List<string> command, string? user, TimeSpan patience)
    {
        var environment = new Dictionary<string, string>(plan.Environment) { ["JID"] = jail.Id.ToString(CultureInfo.InvariantCulture) };
        try
        {
            using var program = where.Start(new ProgramOptions
            {
                Arguments = command,
                Environment = environment,
                User = user,
                Output = GuestStream.Pipe,
                Error = GuestStream.Pipe,
                Timeout = plan.StepTimeout > 0 ? TimeSpan.FromSeconds(plan.StepTimeout) : patience,
            });
            // What it prints goes to the kernel's own log.
            Thread[] copies = [Copy(program.StandardOutput), Copy(program.StandardError)];
            var status = program.Wait();
            OutputEnd.Await(program, copies);
            if (status.ShellCode != 0)
            {
                Console.Error.WriteLine($"dragonet: halt: {jail.Name}: {step}: \"{command[^1]}\" ended with status {status.ShellCode}");
            }
        }
        catch (Exception failure) when (failure is DragonetException or ProgramException)
        {
            Console.Error.WriteLine($"dragonet: halt: {jail.Name}: {step}: \"{command[^1]}\": {failure.Message}");
        }
    }

    private static Thread Copy(Stream stream)
    {
        var thread = new Thread(() =>
        {
            using var log = Console.OpenStandardError();
            try
            {
                stream.CopyTo(log);
            }
            catch (Exception failure) when (failure is IOException or ObjectDisposedException)
            {
                // The program is done with.
            }
        }, 256 * 1024) { IsBackground = true, Name = "halt" };
        thread.Start();
        return thread;
    }
}
