using Microsoft.Azure.Functions.Worker.Builder;

namespace Heal.FunctionsWorker.Tests.Support;

public enum HubKind
{
    /// <summary>In the memory of the test's process.</summary>
    InMemory = 0,

    /// <summary>In a database of the test's own, as host.json has it by default.</summary>
    PostgreSql = 1,
}

/// <summary>Tests of a host that hold on every hub: a class for each of them runs the suite.</summary>
public abstract class HubSuite(HubKind kind) : IAsyncLifetime
{
    private AppDatabase? _database;

    private protected TestHost Host { get; private set; } = null!;

    public virtual async Task InitializeAsync()
    {
        _database = kind == HubKind.PostgreSql ? await AppDatabase.CreateAsync() : null;
        Host = await StartFirstAsync();
    }

    public virtual async Task DisposeAsync()
    {
        await Host.DisposeAsync();
        await (_database?.DisposeAsync() ?? ValueTask.CompletedTask);
    }

    /// <summary>The host that each test has from its beginning.</summary>
    private protected virtual Task<TestHost> StartFirstAsync() => StartHostAsync();

    /// <summary>A host on the suite's hub.</summary>
    private protected Task<TestHost> StartHostAsync(
        Action<FunctionsApplicationBuilder>? configure = null, Dictionary<string, string>? settings = null, string? hostJson = null)
    {
        settings ??= new(StringComparer.Ordinal);
        if (_database is { ConnectionString: var connection })
        {
            settings[TestHost.DefaultConnection] = connection;
            settings[TestHost.PostgresSetting] = connection;
        }

        return TestHost.StartAsync(configure, settings, hostJson);
    }
}
