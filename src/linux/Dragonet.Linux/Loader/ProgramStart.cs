using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Platform;
using Dragonet.Vfs;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Loader;

/// <summary>Gives a task a new program. Everything that can fail happens in the new address space, before the old one is let go.</summary>
public static class ProgramStart
{
    /// <summary>Replaces the program of a task (execve(2)), or gives a new process its first one.</summary>
    /// <param name="task">The task; its old address space is ended on success.</param>
    /// <param name="file">The opened program; taken over.</param>
    /// <param name="path">Its name as AT_EXECFN shows it.</param>
    /// <param name="arguments">argv.</param>
    /// <param name="environment">envp.</param>
    public static SysResult Exec(Task task, OpenFile file, string path, List<string> arguments, List<string> environment)
    {
        if (arguments.Count == 0)
        {
            arguments.Add(""); // since Linux 5.18 argc is never 0
        }

        if (!Program.Open(task, file, path, arguments).Ok(out var program, out var error))
        {
            return error;
        }

        using (program)
        {
            var credentials = NewCredentials(task, program.File, out var secure);
            if (!task.Kernel.Platform.CreateSpace().Ok(out var thread, out error))
            {
                return error;
            }

            var start = new MachineContext();
            error = new ImageLoader(task, thread, program).Load(environment, path, credentials, secure, start, out var layout);
            if (error != Errno.OK)
            {
                thread.Space.Kill();
                return error;
            }

            if (!task.BecomeProgram(thread, credentials, layout, program.File.Path, program.Name, out var old))
            {
                thread.Space.Kill();
                old?.Kill();
                return SysResult.NoReturn;
            }

            task.Kernel.Trace?.OnResult(task, task.Call, 0);
            task.LeaveKernel();
            if (thread.ResumeWith(start) != Errno.OK)
            {
                task.Process.Terminate(Sig.KILL);
            }
            else if (task.HasSignal)
            {
                thread.Interrupt();
            }

            old?.Kill();
            return SysResult.NoReturn;
        }
    }

    /// <summary>Set-user-ID and set-group-ID files, and what root and ambient capabilities become (capabilities(7)).</summary>
    private static Credentials NewCredentials(Task task, OpenFile file, out bool secure)
    {
        const uint setUid = 0x800, setGid = 0x400, groupExecute = 8;
        var old = task.Credentials;
        var now = old;
        if (file.GetAttributes().Ok(out var attributes) && !task.Process.NoNewPrivileges && MaySetIds(task, file, attributes))
        {
            if ((attributes.Mode & setUid) != 0)
            {
                now = now with { EffectiveUid = attributes.Uid };
            }

            if ((attributes.Mode & (setGid | groupExecute)) == (setGid | groupExecute))
            {
                now = now with { EffectiveGid = attributes.Gid };
            }
        }

        now = now with { SavedUid = now.EffectiveUid, FsUid = now.EffectiveUid, SavedGid = now.EffectiveGid, FsGid = now.EffectiveGid };
        const uint noRoot = 1, keepCapabilities = 16;
        var changed = now.EffectiveUid != old.EffectiveUid || now.EffectiveGid != old.EffectiveGid;
        var ambient = changed ? 0 : old.Ambient;
        ulong permitted = ambient, effective = ambient;
        if ((now.SecureBits & noRoot) == 0 && (now.Uid == now.RootUid || now.EffectiveUid == now.RootUid))
        {
            permitted = now.Bounding | now.Inheritable;
            effective = now.EffectiveUid == now.RootUid ? permitted : ambient;
        }

        secure = changed && (now.Uid != now.EffectiveUid || now.Gid != now.EffectiveGid);
        return now with { Permitted = permitted, Effective = effective, Ambient = ambient, SecureBits = now.SecureBits & ~keepCapabilities };
    }

    /// <summary>Set-user-ID and set-group-ID count on mounts of the own namespace that do not say "nosuid", on file systems that were not mounted in a
    /// user namespace further in, and for files whose owner and group the own user namespace knows (user_namespaces(7)).</summary>
    private static bool MaySetIds(Task task, OpenFile file, in InodeAttributes attributes)
        => file.Path is { Mount: { } mount } && !mount.Has(MountFlags.MS_NOSUID)
            && (ReferenceEquals(mount.Namespace, task.Mounts) || (mount.Namespace is null && task.Credentials.Namespace is null && mount.FileSystem.Owner is null))
            && UserNamespace.IsWithin(task.Credentials.Namespace, mount.FileSystem.Owner)
            && (task.Credentials.Namespace is null || task.Credentials.HasName(attributes.Uid, attributes.Gid));
}
