using System.Globalization;
using System.IO;
using System.Text;
using Dragonet.Cli.Options;
using Microsoft.Win32.SafeHandles;

namespace Dragonet.Cli.Jails;

/// <summary>dragonet top: what kernels, jails and processes use. On a terminal until q is pressed; else once, or as often as -n says, as plain text.</summary>
internal sealed class TopCommand
{
    private int _times;
    private TimeSpan _delay = TimeSpan.FromSeconds(1);
    private bool _plain;
    private bool _json;

    internal static int Run(ReadOnlySpan<string> arguments)
    {
        var command = new TopCommand();
        var names = OptionParser.Parse("top", arguments,
        [
            new Option("-n", null, "TIMES", "how often", value => command._times = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var times) && times > 0 ? times : throw new CommandException($"top: -n {value}: a number of times")),
            new Option("-d", null, "TIME", "how long to wait between", value => command._delay = Quantity.Time("-d", value)),
            new Option(null, "--json", null, "each look as an object on a line", _ => command._plain = command._json = true),
            new Option("-b", null, null, "plain text on a terminal, too", _ => command._plain = true),
        ]).ToArray();
        return command.Run(names);
    }

    private int Run(string[] names)
    {
        using var screen = _plain || HostScreen.Open(0) is null ? null : HostScreen.Open(1);
        if (screen is null)
        {
            var last = TopSample.Take(names);
            for (var round = 0; round < Math.Max(_times, 1); round++)
            {
                Thread.Sleep(_delay);
                var now = TopSample.Take(names);
                Console.Write(_json ? now.RenderJson(last) + "\n" : (round > 0 ? "\n" : "") + now.Render(last, int.MaxValue, int.MaxValue));
                last = now;
            }

            return 0;
        }

        using var keyboard = HostScreen.Open(0)!;
        keyboard.MakeRaw();
        using var output = Console.OpenStandardOutput();
        Write(output, "\e[?1049h\e[?25l");
        try
        {
            Show(names, screen, output);
        }
        finally
        {
            Write(output, "\e[?25h\e[?1049l");
        }

        return 0;
    }

    private void Show(string[] names, HostScreen screen, Stream output)
    {
        using var pressed = new ManualResetEventSlim();
        new Thread(() => WaitForKey(pressed), 256 * 1024) { IsBackground = true, Name = "keyboard" }.Start();
        var last = TopSample.Take(names);
        for (var round = 0; _times == 0 || round <= _times; round++)
        {
            var now = round == 0 ? last : TopSample.Take(names);
            var (rows, columns) = screen.Size;
            Write(output, "\e[H" + now.Render(last, rows - 1, columns).Replace("\n", "\e[K\r\n", StringComparison.Ordinal) + "\e[J");
            last = now;
            if (pressed.Wait(_delay))
            {
                return;
            }
        }
    }

    /// <summary>q and ^C end it; other keys do nothing. .NET's own console would edit lines, and change the terminal at the end once more.</summary>
    private static void WaitForKey(ManualResetEventSlim pressed)
    {
        using var descriptor = new SafeFileHandle(0, ownsHandle: false);
        using var input = new FileStream(descriptor, FileAccess.Read, bufferSize: 1);
        for (var key = 0; key is not (-1 or 'q' or 'Q' or 3);)
        {
            key = input.ReadByte();
        }

        pressed.Set();
    }

    private static void Write(Stream output, string text)
    {
        output.Write(Encoding.UTF8.GetBytes(text));
        output.Flush();
    }
}
