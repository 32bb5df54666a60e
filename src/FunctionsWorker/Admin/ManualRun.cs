using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Azure.Storage.Queues.Models;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker.Discovery;
using Microsoft.Azure.Functions.Worker.Hosting;
using Microsoft.Azure.Functions.Worker.Http;
using Microsoft.Azure.Functions.Worker.Invocation;
using Microsoft.Azure.Functions.Worker.Queues;
using Microsoft.Azure.Functions.Worker.Timers;
using Microsoft.Extensions.Hosting;

namespace Microsoft.Azure.Functions.Worker.Admin;

/// <summary>
/// Runs a timer or queue function by hand: 202 at once, the outcome is in the log. A timer function runs under its lease, so never beside
/// a run of its schedule on any host (409 then); a queue function gets the input as a message that is in no queue, and is tried once.
/// A host that stops waits for these runs as for all others.
/// </summary>
internal sealed class ManualRun(
    HostPlan plan, FunctionInvoker invoker, HostDrain drain, TimeProvider time, IServiceProvider services) : IHostedService
{
    private readonly ConcurrentDictionary<Task, bool> _running = new();

    // There only when there are timer functions.
    private readonly TimerRunner? _timers = (TimerRunner?)services.GetService(typeof(TimerRunner));

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, drain.InvocationsAbandoned);
        await Task.WhenAll(_running.Keys).WaitAsync(patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public async Task StartAsync(HttpContext http, FunctionDescriptor function)
    {
        string? input = InputOf(await AdminBody.ReadAsync(http));
        if (plan.Disabled.Contains(function.Name))
        {
            throw new BadHttpRequestException($"Function '{function.Name}' is disabled.");
        }

        if (plan.LeftOut.Contains(function.Name))
        {
            throw new BadHttpRequestException(string.Join(' ', plan.Catalog.Faults.About(function.Name)));
        }

        switch (function.Trigger)
        {
            case TimerTriggerAttribute:
                await StartTimerAsync(http, plan.Timers.First(t => t.Function == function));
                break;
            case QueueTriggerAttribute:
                Run(() => invoker.InvokeAsync(QueueRequest(function, input ?? ""), CancellationToken.None).AsTask());
                http.Response.StatusCode = StatusCodes.Status202Accepted;
                break;
            case HttpTriggerAttribute:
                throw new BadHttpRequestException($"Function '{function.Name}' has an HTTP trigger: call its route.");
            default:
                throw new BadHttpRequestException(
                    $"Function '{function.Name}' belongs to orchestrations: use the management API under {ManagementLinks.BasePath}.");
        }
    }

    private async Task StartTimerAsync(HttpContext http, TimerFunction timer)
    {
        if (await _timers!.ClaimBesideScheduleAsync(timer, http.RequestAborted) is { } claim)
        {
            Run(() => _timers.RunAsync(timer, claim, due: null));
            http.Response.StatusCode = StatusCodes.Status202Accepted;
        }
        else
        {
            await Problems.WriteAsync(http, StatusCodes.Status409Conflict, "The function runs already",
                $"Timer function '{timer.Name}' runs right now, on this host or another; never two runs at a time. Try again later.");
        }
    }

    /// <summary>The official form is text; other JSON is taken as it is written.</summary>
    private static string? InputOf(JsonElement? body) => body is { } json && json.TryGetProperty("input", out JsonElement input)
        ? input.ValueKind switch
        {
            JsonValueKind.Null => null,
            JsonValueKind.String => input.GetString(),
            _ => input.GetRawText(),
        }
        : null;

    private InvocationRequest QueueRequest(FunctionDescriptor function, string input)
    {
        DateTimeOffset now = time.GetUtcNow();
        string id = string.Create(CultureInfo.InvariantCulture, $"by-hand-{Guid.CreateVersion7(now)}");
        QueueMessage message = QueuesModelFactory.QueueMessage(
            id, popReceipt: "", BinaryData.FromString(input), dequeueCount: 1, nextVisibleOn: now, insertedOn: now, expiresOn: now);
        return new(function, message) { BindingData = QueueMessageRunner.BindingDataOf(message), CorrelationId = id };
    }

    private void Run(Func<Task> run)
    {
        Task running = Task.Run(async () =>
        {
            try
            {
                await run();
            }
            catch
            {
                // The invoker has logged it, and the caller has gone with his 202.
            }
        });
        _running[running] = true;
        _ = running.ContinueWith(ended => _running.TryRemove(ended, out _), TaskScheduler.Default);
    }
}
