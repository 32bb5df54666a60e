using DurableTask.Core.Hub;
using Heal.Postgres.Tests;
using Microsoft.DurableTask.PostgreSql;

namespace Heal.DurableTask.Engine.Tests;

public sealed class PostgreSqlEngineTests(TestDatabase database) : EngineTests, IClassFixture<TestDatabase>
{
    protected override ITaskHub CreateHub(string store) => new PostgreSqlTaskHub(
        new PostgreSqlTaskHubOptions { ConnectionString = database.ConnectionString, Schema = $"engine_{store}" }, TimeProvider.System);
}
