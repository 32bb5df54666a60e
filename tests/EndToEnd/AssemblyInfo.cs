// One app at a time: all of them listen on the one queue 'alerts' of the storage account that the tests share.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
