using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Devices.Memory;
using Dragonet.Fs.Devpts;
using Dragonet.Fs.Devtmpfs;
using Dragonet.Fs.Hostfs;
using Dragonet.Fs.Nullfs;
using Dragonet.Fs.Overlay;
using Dragonet.Fs.Procfs;
using Dragonet.Fs.Sysfs;
using Dragonet.Fs.Tmpfs;
using Dragonet.Memory;
using Dragonet.Vfs;

namespace Dragonet;

/// <summary>Builds the file tree that guests see.</summary>
internal sealed class RootBuilder(Kernel.Kernel kernel, KernelCaller caller, KernelOptions options, UpperDirectory? changes)
{
    /// <summary>Directories of the host that guests see unless they have a root of their own.</summary>
    internal static IReadOnlyList<string> SystemDirectories { get; } = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/opt"];

    private const uint Directory = 0x1ed; // 0755
    private const uint Sticky = 0x3ff;    // 01777

    private VirtualFileSystem Vfs => kernel.Vfs;

    internal void Build()
    {
        // Programs need memory, too: without some left, every one of them would be killed for the files' sake.
        Vfs.FileMemory = new MemoryAccount(kernel.MemoryLimit / 4 * 3);
        Vfs.Types.Register(new TmpfsType(kernel.Platform, kernel.MemoryLimit), new DevtmpfsType(kernel.Platform), new SysfsType(kernel), new NullfsType(), new OverlayType(), new HostfsType(), new ProcfsType(kernel), new DevptsType(kernel));
        Vfs.CreateMemoryFile = new MemoryFiles(Vfs, kernel.Platform, kernel.MemoryLimit).Create;
        MemoryDevices.Register(Vfs.Devices, kernel.Platform);
        if (options.Root is { } host)
        {
            // Somebody's own tree: all of it, as it is.
            var shared = OpenHost(host, new HostfsOptions { ReadOnly = true, MapOwner = true, CacheTime = 1_000_000_000 });
            kernel.SetRoot(new MountNamespace(Vfs, Layer(shared, "/"), MountFlags.None, "overlay"));
            MakeSkeleton();
        }
        else
        {
            var root = new TmpfsFileSystem(Vfs, kernel.Platform, new TmpfsOptions { Size = kernel.MemoryLimit / 2, Mode = Directory });
            // What is kept is the difference to an empty root.
            kernel.SetRoot(new MountNamespace(Vfs, changes is null ? new MountSource(root) : Layer(root, "/"), MountFlags.None, "rootfs"));
            MakeSkeleton();
            ShareSystem();
            new AccountFiles(kernel, caller).Make();
        }

        Mount("proc", "proc", "/proc", MountFlags.MS_NOSUID | MountFlags.MS_NODEV | MountFlags.MS_NOEXEC);
        Mount("sysfs", "sysfs", "/sys", MountFlags.MS_RDONLY | MountFlags.MS_NOSUID | MountFlags.MS_NODEV | MountFlags.MS_NOEXEC);
        Mount("devtmpfs", "dev", "/dev", MountFlags.MS_NOSUID);
        Mount("devpts", "devpts", "/dev/pts", MountFlags.MS_NOSUID | MountFlags.MS_NOEXEC, "gid=5,mode=620,ptmxmode=666");
        Mount("tmpfs", "shm", "/dev/shm", MountFlags.MS_NOSUID | MountFlags.MS_NODEV);
        AddVolumes();
    }

    private WalkContext Context => new(caller, kernel.Mounts.Root, kernel.Mounts.Root);

    private void MakeSkeleton()
    {
        foreach (var path in (ReadOnlySpan<string>)["/proc", "/sys", "/dev", "/run", "/run/lock", "/var", "/var/lib", "/var/cache", "/var/log", "/var/spool", "/home", "/mnt", "/srv", "/media"])
        {
            Make(path, Directory);
        }

        Make("/root", 0x1c0);
        Make("/tmp", Sticky);
        Make("/var/tmp", Sticky);
        _ = Vfs.MakeSymbolicLink(Context, "/var/run", "/run");
        SayWhoManages();
        _ = Vfs.MakeSymbolicLink(Context, "/var/lock", "/run/lock");
    }

    /// <summary>Programs that ask what they run on (systemd-detect-virt) get a true answer: systemd's container interface, /run/host.</summary>
    private void SayWhoManages()
    {
        Make("/run/host", Directory);
        if (Vfs.Open(Context, "/run/host/container-manager", new OpenRequest(OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_TRUNC, 0x1a4)).Ok(out var file, out var error))
        {
            _ = file.Write(caller, "dragonet\n"u8.ToArray()).Ok(out _, out error);
            file.Release();
        }

        if (error != Errno.OK)
        {
            throw new DragonetException($"/run/host/container-manager of the guest cannot be made: {error}");
        }
    }

    /// <summary>The host's system directories, read-only below a layer in memory. What not everybody may read on the host is not
    /// readable here, whoever runs us.</summary>
    private void ShareSystem()
    {
        foreach (var directory in SystemDirectories)
        {
            var info = new System.IO.DirectoryInfo(directory);
            if (info.LinkTarget is { } target)
            {
                _ = Vfs.MakeSymbolicLink(Context, directory, ByteString.FromText(target));
            }
            else if (info.Exists)
            {
                Make(directory, Directory);
                var shared = OpenHost(directory, new HostfsOptions { ReadOnly = true, WorldReadableOnly = true, CacheTime = 1_000_000_000 });
                Attach(Layer(shared, directory), directory, MountFlags.None, "overlay");
            }
        }
    }

    /// <summary>A tree, unchanged, below a writable layer: in memory, or in the directory for changes.</summary>
    private MountSource Layer(FileSystem shared, string guestPath)
    {
        var writable = changes?.For(guestPath)
            ?? new TmpfsFileSystem(Vfs, kernel.Platform, new TmpfsOptions { Size = kernel.MemoryLimit / 2, Mode = Directory }).Root;
        return OverlayFileSystem.Create(Vfs, caller, writable, [shared.Root]).Ok(out var overlay, out var error)
            ? new MountSource(overlay)
            : throw new DragonetException($"the writable layer of the guest cannot be made: {error}");
    }

    private void AddVolumes()
    {
        if (options.Templates is { } templates)
        {
            Make("/templates", Directory);
            var shown = OpenHost(templates, new HostfsOptions { ReadOnly = true, MapOwner = true, StoredOwners = true, CacheTime = 1_000_000_000 });
            Attach(new MountSource(shown), "/templates", MountFlags.MS_RDONLY, "templates");
        }

        foreach (var volume in options.Volumes)
        {
            var path = "";
            foreach (var part in ByteString.FromText(volume.GuestPath).Split('/', StringSplitOptions.RemoveEmptyEntries))
            {
                path += "/" + part;
                Make(path, Directory);
            }

            var shared = OpenHost(volume.HostPath, new HostfsOptions { ReadOnly = volume.ReadOnly, MapOwner = true });
            Attach(new MountSource(shared), path, volume.ReadOnly ? MountFlags.MS_RDONLY : MountFlags.None, "hostfs");
        }
    }

    private HostfsFileSystem OpenHost(string path, HostfsOptions hostOptions)
        => HostfsFileSystem.Open(Vfs, kernel.Platform, path, hostOptions).Ok(out var shared, out var error)
            ? shared
            : throw new DragonetException($"{path} of the host cannot be opened: {error}");

    private void Make(string path, uint mode)
    {
        var error = Vfs.MakeDirectory(Context, path, mode);
        if (error is not (Errno.OK or Errno.EEXIST))
        {
            throw new DragonetException($"{path} of the guest cannot be made: {error}");
        }
    }

    private void Mount(string type, string source, string path, MountFlags flags, string mountOptions = "")
    {
        var error = Errno.ENODEV;
        if (Vfs.Types.Find(type) is not { } kind || !kind.Mount(new MountRequest(Vfs, Context, source, flags, mountOptions)).Ok(out var mounted, out error))
        {
            throw new DragonetException($"{path} of the guest: {type} cannot be mounted: {error}");
        }

        Attach(mounted, path, flags, source);
    }

    private void Attach(MountSource mounted, string path, MountFlags flags, string source)
    {
        if (!Vfs.Lookup(Context, path, WalkFlags.Follow).Ok(out var place, out var error) || !kernel.Mounts.Attach(place, mounted, flags, source).Ok(out _, out error))
        {
            throw new DragonetException($"{path} of the guest: nothing can be mounted there: {error}");
        }
    }
}
