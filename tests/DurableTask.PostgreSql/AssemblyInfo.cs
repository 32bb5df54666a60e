// Each class has servers and processes of its own; more of them at once would only be slow.
[assembly: Xunit.CollectionBehavior(MaxParallelThreads = 2)]
