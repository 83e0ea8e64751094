using System.Runtime.CompilerServices;
using Dragonet.Kernel;
using Dragonet.Linux;
using Dragonet.Platform.Linux.Confinement;
using Dragonet.Platform.Linux.Guests;

namespace Dragonet;

/// <summary>
/// What a boot needs and what depends on nothing that it makes: done on a thread of its own, while another processor would have nothing to do.
/// The thread ends by itself; it holds no guests, since it may not reach them when the process is confined.
/// </summary>
internal sealed class BootAhead
{
    private readonly Task<IReadOnlyList<FileGrant>> _grants;

    internal BootAhead(KernelOptions options, GuestCode code)
    {
        _grants = new(() => [.. ConfinedFiles.Of(options)]);
        new Thread(() => Run(code), 512 * 1024) { IsBackground = true, Name = "ahead" }.Start();
    }

    /// <summary>The files that stay reachable for this process.</summary>
    /// <exception cref="DragonetException">A directory of the options cannot be used.</exception>
    internal IReadOnlyList<FileGrant> AwaitGrants() => _grants.GetAwaiter().GetResult();

    private void Run(GuestCode code)
    {
        _grants.RunSynchronously();
        if (_grants.IsCompletedSuccessfully)
        {
            RuntimeHelpers.RunClassConstructor(typeof(JailParameters).TypeHandle);
            code.Assemble();
            LinuxPersonality.Prepare();
        }
    }
}
