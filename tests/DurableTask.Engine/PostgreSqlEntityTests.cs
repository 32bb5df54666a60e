using DurableTask.Core.Hub;
using Microsoft.DurableTask.PostgreSql;

namespace Heal.DurableTask.Engine.Tests;

public sealed class PostgreSqlEntityTests(HubTestDatabase database) : EntityTests, IClassFixture<HubTestDatabase>
{
    protected override ITaskHub CreateHub(string store) => new PostgreSqlTaskHub(
        new PostgreSqlTaskHubOptions { ConnectionString = database.ConnectionString, Schema = $"entities_{store}" }, TimeProvider.System);
}
