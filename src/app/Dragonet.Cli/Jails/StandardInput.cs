using System.IO;
using Microsoft.Win32.SafeHandles;

namespace Dragonet.Cli.Jails;

/// <summary>Our standard input, byte by byte as it comes. The runtime's own stream edits and echoes lines when it is a terminal, even a raw one.</summary>
internal static class StandardInput
{
    internal static Stream Open() => new FileStream(new SafeFileHandle(0, ownsHandle: false), FileAccess.Read, bufferSize: 0);
}
