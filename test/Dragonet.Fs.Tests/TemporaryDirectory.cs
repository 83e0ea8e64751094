using Dragonet.Platform;
using Dragonet.Platform.Linux.HostFiles;

namespace Dragonet.Fs.Tests;

/// <summary>A directory of the host for one test.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    public string Path { get; } = System.IO.Directory.CreateTempSubdirectory("dragonet").FullName;

    public IHostDirectory Open() => HostDirectories.Open(Path).Value;

    public void Write(string name, string text) => System.IO.File.WriteAllText(System.IO.Path.Combine(Path, name), text);

    public string Read(string name) => System.IO.File.ReadAllText(System.IO.Path.Combine(Path, name));

    public void Mkdir(string name) => System.IO.Directory.CreateDirectory(System.IO.Path.Combine(Path, name));

    public void Link(string name, string target) => System.IO.File.CreateSymbolicLink(System.IO.Path.Combine(Path, name), target);

    public void Dispose() => System.IO.Directory.Delete(Path, recursive: true);
}
