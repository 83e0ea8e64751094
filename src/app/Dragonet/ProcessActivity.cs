namespace Dragonet;

/// <summary>A look at a process.</summary>
/// <param name="Pid">Its number.</param>
/// <param name="Jail">The name of its jail.</param>
/// <param name="Name">Its name.</param>
/// <param name="User">The number of its user.</param>
/// <param name="State">R, S, D, T or Z, as ps(1) has it.</param>
/// <param name="Threads">How many it has.</param>
/// <param name="ProcessorTime">What it has used.</param>
/// <param name="Memory">Bytes in use.</param>
public readonly record struct ProcessActivity(int Pid, string Jail, string Name, uint User, char State, int Threads, TimeSpan ProcessorTime, long Memory);
