using System.IO;
using System.Security.Cryptography;
using System.Text.Json;

namespace Dragonet.Templates;

/// <summary>
/// The layers of a container image that was unpacked into a directory: an OCI image layout (index.json, blobs/), or what `docker save` writes
/// (manifest.json). The image's own words choose no file outside of the directory.
/// </summary>
internal sealed class ImageImport(string directory)
{
    private const int MostText = 16 << 20;

    internal static bool IsImage(string directory) => File.Exists(Path.Combine(directory, "oci-layout")) || File.Exists(Path.Combine(directory, "manifest.json"));

    internal void Read(TreeWriter tree)
    {
        foreach (var layer in File.Exists(Path.Combine(directory, "oci-layout")) ? Layout() : DockerArchive())
        {
            using var archive = ArchiveFile.Open(layer);
            TarImport.Read(archive, tree, isLayer: true);
        }
    }

    private List<string> DockerArchive()
    {
        using var manifest = Json(Inside("manifest.json"));
        return [.. Property(manifest.RootElement[0], "Layers").EnumerateArray().Select(layer => Inside(layer.GetString() ?? ""))];
    }

    private List<string> Layout()
    {
        using var index = Json(Inside("index.json"));
        return Manifest(index.RootElement, 0);
    }

    private List<string> Manifest(JsonElement document, int depth)
    {
        if (document.TryGetProperty("layers", out var layers))
        {
            return [.. layers.EnumerateArray().Select(Blob)];
        }

        // An index: of our architecture, or the only one there is.
        var all = Property(document, "manifests").EnumerateArray().ToList();
        var ours = all.Where(each => !each.TryGetProperty("platform", out var platform) || (platform.TryGetProperty("architecture", out var architecture) && architecture.GetString() == "amd64")).ToList();
        if (ours.Count == 0 || depth > 4)
        {
            throw new TemplateException("the image has nothing for x86-64");
        }

        using var next = Json(Blob(ours[0]));
        return Manifest(next.RootElement, depth + 1);
    }

    /// <summary>A blob is what its name says: the digest is checked.</summary>
    private string Blob(JsonElement descriptor)
    {
        var digest = Property(descriptor, "digest").GetString() ?? "";
        var parts = digest.Split(':');
        if (parts.Length != 2 || parts[0] != "sha256" || parts[1].Length != 64 || !parts[1].All(char.IsAsciiHexDigitLower))
        {
            throw new TemplateException($"\"{digest}\" is no digest");
        }

        var path = Inside($"blobs/sha256/{parts[1]}");
        using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file)) == parts[1] ? path : throw new TemplateException($"{digest}: the blob is another one");
    }

    private string Inside(string name)
    {
        var path = Path.GetFullPath(Path.Combine(directory, name));
        var info = new FileInfo(path);
        for (var at = path; at.Length > directory.Length; at = Path.GetDirectoryName(at)!)
        {
            if (File.ResolveLinkTarget(at, returnFinalTarget: false) is not null)
            {
                // docker save links equal layers to one another, inside.
                return File.ResolveLinkTarget(at, returnFinalTarget: true) is { } target && at == path && target.FullName.StartsWith(directory + "/", StringComparison.Ordinal) && File.Exists(target.FullName) && target.LinkTarget is null
                    ? target.FullName : throw new TemplateException($"{name} of the image is a link that leads elsewhere");
            }
        }

        return path.StartsWith(directory + "/", StringComparison.Ordinal) && info.Exists ? path : throw new TemplateException($"{name}: the image has no such file");
    }

    private static JsonDocument Json(string path)
    {
        if (new FileInfo(path).Length > MostText)
        {
            throw new TemplateException($"{Path.GetFileName(path)} of the image is too long");
        }

        try
        {
            return JsonDocument.Parse(File.ReadAllBytes(path), new JsonDocumentOptions { MaxDepth = 32 });
        }
        catch (JsonException failure)
        {
            throw new TemplateException($"{Path.GetFileName(path)} of the image: {failure.Message}", failure);
        }
    }

    private static JsonElement Property(JsonElement element, string name)
        => element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) ? value : throw new TemplateException($"the image's description has no \"{name}\"");
}
