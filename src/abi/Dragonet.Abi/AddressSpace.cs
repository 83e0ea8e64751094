namespace Dragonet.Abi;

/// <summary>The addresses that programs can have (x86-64 with four levels of page tables).</summary>
public static class AddressSpace
{
    /// <summary>First address that is not a program's (TASK_SIZE_MAX, arch/x86/include/asm/page_64_types.h).</summary>
    public const ulong End = 0x7fff_ffff_f000;
}
