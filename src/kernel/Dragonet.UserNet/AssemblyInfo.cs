using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Dragonet.Net.Tests")]
