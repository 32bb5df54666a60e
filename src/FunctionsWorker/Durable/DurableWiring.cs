using DurableTask.Core.Payloads;
using Microsoft.Azure.Functions.Worker.Configuration;
using Microsoft.Azure.Functions.Worker.Discovery;
using Microsoft.Azure.Functions.Worker.Extensions.DurableTask.Http;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.PostgreSql;
using Microsoft.DurableTask.Worker;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Microsoft.Azure.Functions.Worker;

/// <summary>
/// The one file that joins host and engine: worker and client on the hub of host.json, with the tasks of the catalog.
/// A worker or client whose backend the application chose itself keeps it.
/// </summary>
internal static class DurableWiring
{
    public static void Add(
        IServiceCollection services,
        IReadOnlyList<FunctionDescriptor> functions,
        HostSettings settings,
        IConfiguration configuration,
        List<string> faults)
    {
        IDurableTaskWorkerBuilder worker = services.AddDurableTaskWorker();
        IDurableTaskClientBuilder client = services.AddDurableTaskClient();
        client.RegisterDirectly();
        services.TryAddSingleton(
            static provider => SerializerDataConverter.Of(provider.GetRequiredService<IOptions<WorkerOptions>>().Value));
        services.AddSingleton(provider => new PayloadLog(
            settings.Durable.Tracing, provider.GetRequiredService<DataConverter>(), provider.GetRequiredService<ILoggerFactory>()));
        services.TryAddSingleton<IOrchestrationTurnMiddleware, OrchestrationMiddleware>();
        HttpActivity.AddTo(services, new HttpActivityLimits(settings.Durable.HttpMaxResponseBytes));
        services.AddOptions<DurableTaskRegistry>(worker.Name)
            .Configure<IServiceProvider>((registry, provider) => DurableFunctions.AddTo(registry, functions, provider));
        worker.Configure(options =>
        {
            // Filters by prefix find both categories: no need to write everything twice.
            options.Logging.UseLegacyCategories = false;
            options.Concurrency.MaximumConcurrentActivityWorkItems =
                settings.Durable.MaxConcurrentActivities ?? options.Concurrency.MaximumConcurrentActivityWorkItems;
            options.Concurrency.MaximumConcurrentOrchestrationWorkItems =
                settings.Durable.MaxConcurrentOrchestrators ?? options.Concurrency.MaximumConcurrentOrchestrationWorkItems;
            options.Concurrency.MaximumConcurrentEntityWorkItems =
                settings.Durable.MaxConcurrentEntities ?? options.Concurrency.MaximumConcurrentEntityWorkItems;
            options.EnableEntitySupport = true;
            options.Versioning ??= Versioning(settings.Durable);
        });
        client.Configure(options =>
        {
            options.EnableEntitySupport = true;
            options.DefaultVersion = settings.Durable.DefaultVersion;
        });
        services.Configure<TaskHubWorkerOptions>(worker.Name, options =>
        {
            options.WorkItemLockTimeout = settings.Durable.WorkItemLockTimeout ?? options.WorkItemLockTimeout;
            options.DrainTimeout = settings.DrainTimeout;
            options.WritesSpans = settings.Durable.Tracing.WritesSpans;
            options.OrchestrationProperties.TryAdd(
                DurableHttpCall.PollIntervalProperty, settings.Durable.HttpPollInterval.TotalMilliseconds);
            Apply(settings.Durable, options);
        });
        services.Configure<TaskHubClientOptions>(client.Name, options =>
        {
            Apply(settings.Durable, options.LargePayloads);
            options.WritesSpans = settings.Durable.Tracing.WritesSpans;
            options.DefaultDedupeStatuses = settings.Durable.ExistingInstances == OverridableStates.AnyState ? [] : null;
        });
        services.AddOptions<TaskHubClientOptions>(client.Name).Configure<IHostApplicationLifetime>(
            static (options, lifetime) => options.Stopping = lifetime.ApplicationStopping);
        if (settings.Durable.FiltersWorkItems)
        {
            worker.UseWorkItemFilters();
        }

        if (worker.BuildTarget is null || client.BuildTarget is null)
        {
            AddHub(worker, client, settings.Durable, configuration, faults);
        }
    }

    private static DurableTaskWorkerOptions.VersioningOptions? Versioning(DurableSettings settings) =>
        settings.DefaultVersion.Length == 0 ? null : new()
        {
            Version = settings.DefaultVersion,
            DefaultVersion = settings.DefaultVersion,
            MatchStrategy = settings.VersionMatch,
            FailureStrategy = settings.VersionFailure,
        };

    private static void Apply(DurableSettings settings, TaskHubWorkerOptions options)
    {
        options.ExtendedSessions = settings.ExtendedSessions;
        options.MaximumEntityOperationsPerBatch = settings.MaxEntityOperationBatchSize ?? options.MaximumEntityOperationsPerBatch;
        Apply(settings, options.LargePayloads);
        options.MaximumLostAttempts = settings.MaxLostAttempts ?? options.MaximumLostAttempts;
        options.Retention.Completed = settings.Retention.Completed;
        options.Retention.Failed = settings.Retention.Failed;
        options.Retention.Terminated = settings.Retention.Terminated;
        options.Retention.Interval = settings.Retention.Interval ?? options.Retention.Interval;
        options.Retention.BatchSize = settings.Retention.BatchSize ?? options.Retention.BatchSize;
        foreach ((string name, int limit) in settings.ActivityLimits)
        {
            options.ConcurrencyLimits.Activities[name] = limit;
        }

        foreach ((string name, int limit) in settings.OrchestrationLimits)
        {
            options.ConcurrencyLimits.Orchestrations[name] = limit;
        }
    }

    private static void Apply(DurableSettings settings, LargePayloadOptions options)
    {
        options.ThresholdBytes = settings.LargePayloadThreshold ?? options.ThresholdBytes;
        options.MaximumBytes = settings.LargePayloadMaximum ?? options.MaximumBytes;
    }

    private static void AddHub(
        IDurableTaskWorkerBuilder worker,
        IDurableTaskClientBuilder client,
        DurableSettings settings,
        IConfiguration configuration,
        List<string> faults)
    {
        if (SettingReferences.Connection(configuration, settings.ConnectionStringName) is not { } connection)
        {
            faults.Add($"setting '{settings.ConnectionStringName}' is not set (named by "
                + "extensions.durableTask.storageProvider.connectionStringName of host.json), expected an Npgsql connection string");
            return;
        }

        var options = new PostgreSqlTaskHubOptions { ConnectionString = connection, Schema = settings.HubName.ToLowerInvariant() };
        if (Faults(options, settings.ConnectionStringName) is { Count: > 0 } found)
        {
            faults.AddRange(found);
            return;
        }

        // The hub is made ready before any listener starts: no trigger meets a database without tables. While there is no database, the
        // functions that need none are served (decision 37).
        worker.UsePostgreSql(hub =>
        {
            hub.RequiredAtStart = false;
            hub.ConnectionString = options.ConnectionString;
            hub.Schema = options.Schema;
        });
        client.UsePostgreSql();
    }

    private static List<string> Faults(PostgreSqlTaskHubOptions options, string setting)
    {
        List<string> faults = [.. options.Validate().Select(static f => $"task hub in PostgreSQL: {f}")];
        try
        {
            _ = new NpgsqlConnectionStringBuilder(options.ConnectionString);
        }
        catch (ArgumentException exception)
        {
            faults.Add($"setting '{setting}': is not an Npgsql connection string: {exception.Message}");
        }

        return faults;
    }
}
