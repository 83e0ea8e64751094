using System.Runtime.CompilerServices;

// The tests make tasks without a platform.
[assembly: InternalsVisibleTo("Dragonet.Kernel.Tests")]
