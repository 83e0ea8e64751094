namespace Dragonet.Templates;

/// <summary>How much an archive may make: a small one can claim to hold more than any disk.</summary>
/// <param name="MostBytes">Bytes in all files together.</param>
/// <param name="MostFiles">Files and directories.</param>
public sealed record TreeLimits(long MostBytes = 32L << 30, long MostFiles = 4_000_000)
{
    internal void CheckSize(long bytes, string path)
    {
        if (bytes < 0 || bytes > MostBytes)
        {
            throw new TemplateException($"{path}: the archive holds more than {MostBytes >> 20} MiB (--limit)");
        }
    }

    internal void CheckCount(long files, string path)
    {
        if (files > MostFiles)
        {
            throw new TemplateException($"{path}: the archive holds more than {MostFiles} files");
        }
    }
}
