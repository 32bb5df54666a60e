using DurableTask.Core.Hub;
using Heal.Postgres.Tests;
using Microsoft.DurableTask.PostgreSql;

namespace Heal.DurableTask.Engine.Tests;

public sealed class PostgreSqlEntityTests(TestDatabase database) : EntityTests, IClassFixture<TestDatabase>
{
    protected override ITaskHub CreateHub(string store) => new PostgreSqlTaskHub(
        new PostgreSqlTaskHubOptions { ConnectionString = database.ConnectionString, Schema = $"entities_{store}" }, TimeProvider.System);
}
