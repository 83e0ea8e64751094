using Xunit;

// Much of a test is waiting, for timers and for programs of the host: a few at once use both processors.
[assembly: CollectionBehavior(MaxParallelThreads = 4)]
