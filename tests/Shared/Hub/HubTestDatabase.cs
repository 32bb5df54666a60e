namespace Heal.Shared.Tests;

/// <summary>A database of its own for hubs, whose rows are looked at in the end.</summary>
public sealed class HubTestDatabase : Postgres.Tests.TestDatabase
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
