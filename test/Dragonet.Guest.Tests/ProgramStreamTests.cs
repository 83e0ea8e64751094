using System.IO;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>The streams of programs that a .NET program starts.</summary>
public sealed class ProgramStreamTests
{
    /// <summary>Slow readers lose nothing, and nobody has to wait for a program that stays behind with the stream in its hand.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Output_of_an_ended_program_is_read_to_its_end_though_another_has_the_stream(bool readsFromTheBeginning)
    {
        const int length = 50_000;
        using var kernel = DragonetKernel.Boot();
        using var process = kernel.Jails.Root.Start(new ProgramOptions { Arguments = ["sh", "-c", $"sleep 1000 & head -c {length} /dev/zero"], Output = GuestStream.Pipe });
        var read = new MemoryStream();
        var reader = new Thread(() => process.StandardOutput.CopyTo(read));
        if (readsFromTheBeginning)
        {
            reader.Start();
        }

        Assert.Equal(0, process.Wait().ShellCode);
        process.EndOutputWhenEmpty();
        if (!readsFromTheBeginning)
        {
            reader.Start();
        }

        Assert.True(reader.Join(TimeSpan.FromSeconds(30)), "the stream has no end");
        Assert.Equal(length, read.Length);
    }
}
