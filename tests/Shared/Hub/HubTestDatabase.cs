using Heal.Postgres.Tests;

namespace Heal.Shared.Tests;

/// <summary>A database of its own for hubs, whose rows are looked at in the end.</summary>
public sealed class HubTestDatabase : TestDatabase
{
    public override async Task DisposeAsync()
    {
        try
        {
            await HubRows.CheckAsync(ConnectionString);
        }
        finally
        {
            await base.DisposeAsync();
        }
    }
}
