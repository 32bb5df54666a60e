using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;

namespace Heal.DurableTask.Abstractions.Tests;

/// <summary>A context whose timers and events the test completes by hand.</summary>
internal sealed class FakeOrchestrationContext : TaskOrchestrationContext
{
    public CollectingLogger Logger { get; } = new();

    public bool Replaying { get; set; }

    public List<(TaskName Name, object? Input, TaskOptions? Options)> Calls { get; } = [];

    public List<(DateTime FireAt, TaskCompletionSource Source, CancellationToken Token)> Timers { get; } = [];

    public TaskCompletionSource<object> Event { get; } = new();

    public CancellationToken EventToken { get; private set; }

    public (object? Input, bool Preserve)? Continued { get; private set; }

    public string RunningVersion { get; set; } = "";

    public override TaskName Name => "Fake";

    public override string InstanceId => "fake-1";

    public override ParentOrchestrationInstance? Parent => null;

    public override DateTime CurrentUtcDateTime { get; } = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    public override bool IsReplaying => Replaying;

    public override string Version => RunningVersion;

    protected override ILoggerFactory LoggerFactory => Logger;

    public override T? GetInput<T>()
        where T : default => default;

    public override Task<TResult> CallActivityAsync<TResult>(TaskName name, object? input = null, TaskOptions? options = null)
    {
        Calls.Add((name, input, options));
        return Task.FromResult(default(TResult)!);
    }

    public override Task<TResult> CallSubOrchestratorAsync<TResult>(
        TaskName orchestratorName, object? input = null, TaskOptions? options = null)
    {
        Calls.Add((orchestratorName, input, options));
        return Task.FromResult(default(TResult)!);
    }

    public override Task CreateTimer(DateTime fireAt, CancellationToken cancellationToken)
    {
        var source = new TaskCompletionSource();
        cancellationToken.Register(() => source.TrySetCanceled(cancellationToken));
        Timers.Add((fireAt, source, cancellationToken));
        return source.Task;
    }

    public override async Task<T> WaitForExternalEvent<T>(string eventName, CancellationToken cancellationToken = default)
    {
        EventToken = cancellationToken;
        cancellationToken.Register(() => Event.TrySetCanceled(cancellationToken));
        return (T)await Event.Task;
    }

    public override void SendEvent(string instanceId, string eventName, object payload) => throw new NotSupportedException();

    public override void SetCustomStatus(object? customStatus) => throw new NotSupportedException();

    public override void ContinueAsNew(object? newInput = null, bool preserveUnprocessedEvents = true) =>
        Continued = (newInput, preserveUnprocessedEvents);

    public override Guid NewGuid() => Guid.Empty;
}

internal sealed class CollectingLogger : ILogger, ILoggerFactory
{
    public List<string> Lines { get; } = [];

    public List<string> Categories { get; } = [];

    public int Scopes { get; private set; }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull
    {
        Scopes++;
        return null;
    }

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Lines.Add(formatter(state, exception));

    public ILogger CreateLogger(string categoryName)
    {
        Categories.Add(categoryName);
        return this;
    }

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public void Dispose()
    {
    }
}
