namespace Dragonet.Fs.Procfs;

/// <summary>Ranges of inode numbers of one process.</summary>
internal enum NumberSpace
{
    /// <summary>The directory itself (0) and its files.</summary>
    Files = 1,

    /// <summary>fd.</summary>
    Descriptors,

    /// <summary>fdinfo.</summary>
    DescriptorTexts,

    /// <summary>ns.</summary>
    Namespaces,
}
