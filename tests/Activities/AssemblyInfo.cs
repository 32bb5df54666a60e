// Most tests wait for a simulated cluster: more classes at once than processors.
[assembly: Xunit.CollectionBehavior(MaxParallelThreads = 4)]
