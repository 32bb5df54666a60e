using Microsoft.DurableTask.PostgreSql;

namespace Heal.DurableTask.Hubs.Tests;

public sealed class PostgreSqlHubTests(HubTestDatabase database) : TaskHubConformance, IClassFixture<HubTestDatabase>
{
    private readonly string _schema = "hub_" + Guid.NewGuid().ToString("N")[..12];

    protected override (ITaskHub Hub, ITaskHub OtherHub) CreateHubs() => (CreateHub(), CreateHub());

    private PostgreSqlTaskHub CreateHub() => new(
        new PostgreSqlTaskHubOptions { ConnectionString = database.ConnectionString, Schema = _schema }, TimeProvider.System);
}
