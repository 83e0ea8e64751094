using Xunit;

// Each test boots kernels that use both processors; side by side they would only slow each other down.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
