namespace Dragonet.Kernel;

/// <summary>A task's share of descriptors and directories.</summary>
public sealed partial class Task
{
    /// <summary>Gives the task descriptors of its own (unshare(2) CLONE_FILES).</summary>
    public void UnshareFiles()
    {
        if (Files.IsShared)
        {
            var shared = Files;
            Files = shared.Copy();
            shared.Leave();
        }
    }
}
