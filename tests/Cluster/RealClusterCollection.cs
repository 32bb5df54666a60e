namespace Heal.Cluster.Tests;

/// <summary>
/// All tests of this project, one after the other: one Alertmanager knows one webhook, and a small machine that heals one thing is not to
/// be slowed down by the next fault. The monitoring stops with the last test.
/// </summary>
[CollectionDefinition(Name)]
public sealed class RealClusterCollection : ICollectionFixture<RealClusterCollection.MonitoringLifetime>
{
    public const string Name = "real cluster";

    public sealed class MonitoringLifetime : IAsyncLifetime
    {
        public Task InitializeAsync() => Task.CompletedTask;

        public Task DisposeAsync() => Monitoring.StopAsync();
    }
}
