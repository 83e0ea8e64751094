namespace Dragonet.Platform.InProcess;

/// <summary>A guest's delegate threw: a test's assertion, or a bug in the test. Its process was ended as by SIGABRT.</summary>
public sealed class GuestFailedException(Exception failure) : Exception(failure.Message, failure);
