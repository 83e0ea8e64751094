using System.IO;
using System.IO.Enumeration;
using System.Security.Cryptography;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>Guests see the host's directories; whatever they do there, nothing of the host changes, and its secrets stay there.</summary>
public sealed class HostUntouchedTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(4);

    [Fact]
    public void Destruction_in_the_guest_changes_nothing_on_the_host()
    {
        var before = Photograph();
        // Each line for a few seconds at most: what it got done is destruction enough.
        const string script = """
            try() { timeout -k 1 4 bash -c "$1" 2>/dev/null; }
            try 'for f in /etc/passwd /etc/hosts /usr/bin/env /etc/hostname; do echo gone >$f; ln -f $f /tmp/link; setfattr -n user.x -v y $f; done'
            try 'find /etc /opt -exec chmod 000 {} +'
            try 'find /etc /opt -exec chown 1:1 {} +'
            try 'find /etc /usr/share -type f -exec touch {} +'
            try 'truncate -s 0 /usr/share/doc/*/* /usr/share/perl/*/*'
            try 'mv /usr/share /usr/away; mv /etc /tmp/etc; ln -s /tmp /opt/x'
            try 'rm -rf /etc /opt /usr/share /usr/away'
            try 'rm -rf /usr/include /usr/local /usr/sbin /lib /bin /usr'
            echo over
            """;
        var outcome = GuestRunner.Run(new ProgramOptions { Arguments = ["/bin/bash", "-c", script] }, new KernelOptions(), s_limit);
        Assert.EndsWith("over\n", outcome.Output, StringComparison.Ordinal);
        var after = Photograph();
        Assert.Equal(before.Count, after.Count);
        Assert.Empty(before.Where(file => !after.TryGetValue(file.Key, out var now) || now != file.Value).Select(file => file.Key));
    }

    [Fact]
    public void Secrets_cannot_be_read_by_anybody_inside()
    {
        // Also not by changing modes or owners first, by links, or by what a copy on write would bring up.
        const string script = """
            for f in $(cat /dev/stdin); do
                cat "$f"; cp "$f" /tmp/copy && cat /tmp/copy
                chmod 777 "$f"; chown 0:0 "$f"; cat "$f"
                ln "$f" /tmp/hard && cat /tmp/hard; ln -s "$f" /tmp/soft && cat /tmp/soft; mv "$f" /tmp/moved && cat /tmp/moved
                echo x >>"$f"; head -c 4096 "$f" | grep -v -x x; rm -f /tmp/*
            done 2>/dev/null | grep -v -x -e '[^:]*:[*]:::::::' -e '[^:]*:[*]::' # the guest's own accounts, in place of the host's
            """;
        var secrets = Walk(new DirectoryInfo("/etc")).Where(file => file is FileInfo { Length: > 0, LinkTarget: null } && (file.UnixFileMode & UnixFileMode.OtherRead) == 0).Select(file => file.FullName).ToList();
        foreach (var locked in Walk(new DirectoryInfo("/etc")).OfType<DirectoryInfo>().Where(directory => directory.LinkTarget is null && (directory.UnixFileMode & (UnixFileMode.OtherRead | UnixFileMode.OtherExecute)) == 0))
        {
            // Whatever their own mode is.
            secrets.AddRange(Walk(locked).Where(file => file is FileInfo { Length: > 0 }).Select(file => file.FullName));
        }

        Assert.Contains("/etc/shadow", secrets);
        using var kernel = DragonetKernel.Boot();
        using var process = kernel.Start(new ProgramOptions { Arguments = ["/bin/sh", "-c", script], Input = GuestStream.Pipe, Output = GuestStream.Pipe, Timeout = s_limit });
        using (var input = new StreamWriter(process.StandardInput))
        {
            input.Write(string.Join('\n', secrets));
        }

        using var output = new StreamReader(process.StandardOutput);
        Assert.Equal("", output.ReadToEnd());
    }

    /// <summary>Everything that stat(2) shows of the shared directories, and the content of /etc.</summary>
    private static Dictionary<string, string> Photograph()
    {
        var picture = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var root in (ReadOnlySpan<string>)["/usr", "/etc", "/opt"])
        {
            foreach (var entry in Walk(new DirectoryInfo(root)))
            {
                var content = root == "/etc" && entry is FileInfo { LinkTarget: null } ? Hash(entry.FullName) : "";
                picture[entry.FullName] = $"{entry.LinkTarget ?? $"{entry.LastWriteTimeUtc.Ticks} {(entry as FileInfo)?.Length}"} {(int)entry.UnixFileMode} {content}";
            }
        }

        return picture;
    }

    /// <summary>Everything below, links not followed.</summary>
    private static IEnumerable<FileSystemInfo> Walk(DirectoryInfo root)
        => new FileSystemEnumerable<FileSystemInfo>(root.FullName, (ref FileSystemEntry entry) => entry.ToFileSystemInfo(),
            new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true, AttributesToSkip = 0 })
        {
            // Programs of the host write __pycache__ at any time.
            ShouldRecursePredicate = (ref FileSystemEntry entry) => (entry.Attributes & FileAttributes.ReparsePoint) == 0 && !entry.FileName.SequenceEqual("__pycache__"),
        };

    private static string Hash(string path)
    {
        try
        {
            return Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(path)));
        }
        catch (UnauthorizedAccessException)
        {
            return "unreadable";
        }
    }
}
