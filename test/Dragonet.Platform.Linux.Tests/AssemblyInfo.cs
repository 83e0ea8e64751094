using Xunit;

// A test counts the children of the process.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
