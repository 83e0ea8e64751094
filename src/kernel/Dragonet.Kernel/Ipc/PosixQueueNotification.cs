namespace Dragonet.Kernel;

/// <summary>A registration of mq_notify(3): it ends with a message, with the process, or when that closes the queue.</summary>
/// <param name="Owner">The process.</param>
/// <param name="Files">Its descriptors.</param>
/// <param name="Signal">The signal; 0 for none (SIGEV_NONE).</param>
/// <param name="Value">si_value.</param>
public sealed record PosixQueueNotification(Process Owner, FdTable Files, int Signal, ulong Value);
