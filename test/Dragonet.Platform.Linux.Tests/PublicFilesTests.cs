using System.IO;
using Dragonet.Platform.Linux.Confinement;
using Xunit;

namespace Dragonet.Platform.Linux.Tests;

/// <summary>Which files of a directory the kernel process of root may read.</summary>
public sealed class PublicFilesTests : IDisposable
{
    private const UnixFileMode Open = (UnixFileMode)0x1ed, Closed = (UnixFileMode)0x1c0, Readable = (UnixFileMode)0x1a4, Secret = (UnixFileMode)0x1a0; // 0755, 0700, 0644, 0640

    private readonly string _place = Directory.CreateTempSubdirectory("public").FullName;

    public PublicFilesTests() => File.SetUnixFileMode(_place, Open);

    public void Dispose() => Directory.Delete(_place, recursive: true);

    [Fact]
    public void A_tree_without_secrets_is_one_grant()
    {
        Make("a/b/file", Readable);
        Make("näme", Readable);
        _ = File.CreateSymbolicLink(Path.Combine(_place, "link"), "/etc/shadow");
        Assert.Equal([new FileGrant(_place, FileRights.Read)], PublicFiles.Below(_place));
    }

    [Fact]
    public void A_secret_is_in_no_grant_and_what_is_beside_it_is()
    {
        Make("ssh/key", Secret);
        Make("ssh/known", Readable);
        Make("ssh/näme", Readable);
        Make("ssh/more/file", Readable);
        Make("locked/file", Readable);
        File.SetUnixFileMode(Path.Combine(_place, "locked"), Closed);
        Make("other/file", Readable);
        (string Name, FileRights Rights)[] expected =
        [
            ("", FileRights.List), ("other", FileRights.Read), ("ssh", FileRights.List), ("ssh/known", FileRights.Read), ("ssh/more", FileRights.Read), ("ssh/näme", FileRights.Read),
        ];
        var found = PublicFiles.Below(_place).Select(grant => (Name: Path.GetRelativePath(_place, grant.Path).TrimStart('.'), grant.Rights));
        Assert.Equal(expected, found.OrderBy(static one => one.Name, StringComparer.Ordinal));
    }

    [Fact]
    public void A_directory_that_is_not_there_has_none() => Assert.Empty(PublicFiles.Below(Path.Combine(_place, "missing")));

    private void Make(string name, UnixFileMode mode)
    {
        var path = Path.Combine(_place, name);
        for (var parent = Path.GetDirectoryName(path)!; parent.Length > _place.Length; parent = Path.GetDirectoryName(parent)!)
        {
            File.SetUnixFileMode(Directory.CreateDirectory(parent).FullName, Open);
        }

        File.WriteAllText(path, name);
        File.SetUnixFileMode(path, mode);
    }
}
