namespace Dragonet.Platform;

/// <summary>Protection of a mapping (mmap(2) PROT_*).</summary>
[Flags]
public enum VmProt
{
    None = 0,
    Read = 1,
    Write = 2,
    Exec = 4,
}
