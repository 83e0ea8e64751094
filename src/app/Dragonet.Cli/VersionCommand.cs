namespace Dragonet.Cli;

/// <summary>dragonet version.</summary>
internal static class VersionCommand
{
    internal static string Text => $"dragonet {typeof(VersionCommand).Assembly.GetName().Version?.ToString(3)} (Linux ABI {DragonetKernel.Release})";
}
