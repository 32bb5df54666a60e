using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.PostgreSql;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Heal.DurableTask.Kills.Tests;

/// <summary>A client that goes on when the server was away: what was acknowledged is not sent again, what was not is.</summary>
internal sealed class HubClient : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly IHost _host;

    private HubClient(IHost host)
    {
        _host = host;
        Client = host.Services.GetRequiredService<DurableTaskClient>();
    }

    public DurableTaskClient Client { get; }

    public PostgreSqlTaskHub Hub => _host.Services.GetRequiredKeyedService<PostgreSqlTaskHub>(Options.DefaultName);

    public static async Task<HubClient> StartAsync(string connectionString)
    {
        var builder = Host.CreateEmptyApplicationBuilder(settings: null);
        builder.Services.AddDurableTaskClient(client => client
            .UsePostgreSql(options =>
            {
                options.ConnectionString = connectionString;
                options.Schema = Ledger.HubSchema;
            })
            .RegisterDirectly());
        var host = builder.Build();
        await host.StartAsync();
        return new HubClient(host);
    }

    /// <summary>Starts an order, brings the event that it waits for, and waits for its end.</summary>
    public async Task<OrchestrationMetadata> RunAsync(string id, OrderKind kind, CancellationToken cancellation)
    {
        await UntilAnsweredAsync(async () =>
        {
            if (await Client.GetInstancesAsync(id, cancellation: cancellation) is null)
            {
                await Client.ScheduleNewOrchestrationInstanceAsync(Orders.Order, kind, new(id), cancellation);
            }

            return true;
        }, cancellation);
        if (kind == OrderKind.Event)
        {
            // A second one, when only the answer to the first got lost, is never taken.
            await UntilAnsweredAsync(async () =>
            {
                await Client.RaiseEventAsync(id, Orders.EventName, 0, cancellation);
                return true;
            }, cancellation);
        }

        return await UntilAnsweredAsync(
            () => Client.WaitForInstanceCompletionAsync(id, getInputsAndOutputs: true, cancellation), cancellation);
    }

    /// <summary>Makes a call again until the server answered: for what may be done twice.</summary>
    public static async Task<T> UntilAnsweredAsync<T>(Func<Task<T>> call, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                return await call();
            }
            catch (Exception away) when (IsAway(away) || IsAway(away.InnerException))
            {
                await Task.Delay(Pause, cancellation);
            }
        }
    }

    // The client tells of the driver's exception by one of its own; that of an older engine, which this is built with too, lets it through.
    private static bool IsAway(Exception? thrown) => thrown is Npgsql.NpgsqlException or IOException or TimeoutException;

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        await ((IAsyncDisposable)_host).DisposeAsync();
    }
}
