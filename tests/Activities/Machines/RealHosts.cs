namespace Heal.Activities.Tests;

/// <summary>Classes on real hosts run one after the other: what one does to a host, the other would feel.</summary>
[CollectionDefinition(nameof(RealHosts), DisableParallelization = true)]
public sealed class RealHosts;
