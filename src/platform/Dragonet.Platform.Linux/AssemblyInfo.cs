using System.Runtime.CompilerServices;

[assembly: DisableRuntimeMarshalling]
[assembly: InternalsVisibleTo("Dragonet.Platform.Linux.Tests")]
[assembly: InternalsVisibleTo("Dragonet.Confinement.Probe")]
