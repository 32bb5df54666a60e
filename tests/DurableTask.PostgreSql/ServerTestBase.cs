using Heal.DurableTask.PostgreSql.Tests.Servers;
using Heal.DurableTask.PostgreSql.Tests.Workers;

namespace Heal.DurableTask.PostgreSql.Tests;

/// <summary>What tests with a server of their own share: the server, a client of a hub on it, worker processes.</summary>
public abstract class ServerTestBase : IAsyncLifetime
{
    protected const string Schema = "heal_hub";
    private readonly CancellationTokenSource _deadline = new(TimeSpan.FromSeconds(120));
    private readonly List<IAsyncDisposable> _disposables = [];

    /// <summary>Ends every wait of a test that would otherwise hang.</summary>
    protected CancellationToken Deadline => _deadline.Token;

    private protected PostgresServer Server { get; private set; } = null!;

    private protected HubClient Hub { get; set; } = null!;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (IAsyncDisposable disposable in Enumerable.Reverse(_disposables))
        {
            await disposable.DisposeAsync();
        }

        _deadline.Dispose();
    }

    private protected T Use<T>(T disposable)
        where T : IAsyncDisposable
    {
        _disposables.Add(disposable);
        return disposable;
    }

    private protected async Task StartServerAsync(int? megabytes = null, params string[] settings) =>
        UseServer(await PostgresServer.StartAsync(megabytes, environment: null, settings));

    private protected void UseServer(PostgresServer server) => Server = Use(server);

    private protected async Task StartHubAsync(string? connectionString = null) =>
        Hub = Use(await HubClient.StartAsync(connectionString ?? Server.ConnectionString, Schema));

    private protected async Task<WorkerProcess> StartWorkerAsync(
        bool holds = false,
        string? connectionString = null,
        TimeSpan? lease = null,
        IReadOnlyDictionary<string, string>? environment = null)
    {
        var settings = new WorkerSettings
        {
            ConnectionString = connectionString ?? Server.ConnectionString,
            Schema = Schema,
            Name = "worker",
            Holds = holds,
            Lease = lease ?? TimeSpan.FromSeconds(30),
        };
        return Use(await WorkerProcess.StartAsync(settings, Deadline, environment));
    }

    /// <summary>Starts orchestrations and waits until each is held in its third step.</summary>
    private protected async Task<string[]> HoldAsync(WorkerProcess worker, int count)
    {
        string[] ids = await ScheduleAsync(count);
        foreach (string id in ids)
        {
            await worker.UntilHoldingAsync(id, Deadline);
        }

        return ids;
    }

    protected Task<string[]> ScheduleAsync(int count) =>
        Task.WhenAll(Enumerable.Range(0, count).Select(_ => Hub.ScheduleAsync(steps: 5)));

    /// <summary>All complete, each with the results of all its steps.</summary>
    protected async Task AssertDoneAsync(params string[] ids)
    {
        foreach (string id in ids)
        {
            Assert.Equal(5, (await WaitAsync(id)).Length);
        }
    }

    private async Task<string[]> WaitAsync(string id)
    {
        try
        {
            return await RetryAsync(() => Hub.WaitAsync(id, Deadline));
        }
        catch (OperationCanceledException late)
        {
            throw new TimeoutException($"'{id}' did not end: {await DescribeAsync(id)}", late);
        }
    }

    /// <summary>What the hub's tables hold of an instance that did not get on.</summary>
    private Task<string> DescribeAsync(string id) => Hub.QueryAsync<string>(
        "SELECT jsonb_pretty(jsonb_build_object('now', now(), "
        + "'instance', (SELECT to_jsonb(i) - 'input' - 'output' FROM instances i WHERE i.instance_id = $1), "
        + "'inbox', (SELECT jsonb_agg(to_jsonb(m)) FROM inbox m WHERE m.instance_id = $1), "
        + "'activities', (SELECT jsonb_agg(to_jsonb(a)) FROM activities a WHERE a.instance_id = $1), "
        + "'workers', (SELECT jsonb_agg(to_jsonb(w)) FROM workers w)))",
        id);

    /// <summary>What a client does while the server is away: again.</summary>
    protected async Task<T> RetryAsync<T>(Func<Task<T>> action)
    {
        while (true)
        {
            try
            {
                return await action();
            }
            catch (Exception exception) when (PostgresErrors.IsTransient(exception))
            {
                await Task.Delay(50, Deadline);
            }
        }
    }
}
