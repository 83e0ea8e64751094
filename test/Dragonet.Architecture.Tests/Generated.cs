using System.IO;
using Xunit;

namespace Dragonet.Architecture.Tests;

/// <summary>A document that is written from code.</summary>
internal static class Generated
{
    /// <summary>Compares; with DRAGONET_APPROVE=1 in the environment, writes instead.</summary>
    internal static void Check(string document, string text)
    {
        var path = Path.Combine(Repository.Root, document);
        if (Environment.GetEnvironmentVariable("DRAGONET_APPROVE") == "1")
        {
            _ = Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, text);
        }

        Assert.True(File.Exists(path) && File.ReadAllText(path) == text,
            $"{document} is out of date: DRAGONET_APPROVE=1 dotnet test --project test/Dragonet.Architecture.Tests writes it");
    }
}
