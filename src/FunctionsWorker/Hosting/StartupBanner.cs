using System.Diagnostics;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Azure.Functions.Worker.Configuration;
using Microsoft.Azure.Functions.Worker.Discovery;
using Microsoft.Azure.Functions.Worker.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Microsoft.Azure.Functions.Worker.Hosting;

/// <summary>Lists the functions with their triggers and addresses, once the host has started.</summary>
internal sealed partial class StartupBanner(
    HostPlan plan, IServer server, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<StartupBanner> logger) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        lifetime.ApplicationStarted.Register(Show);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private void Show()
    {
        ICollection<string> addresses = server.Features.Get<IServerAddressesFeature>()?.Addresses ?? [];
        string root = addresses.FirstOrDefault() ?? "";
        WebServer.WarnOfPlainHttp(addresses, plan.Settings, logger);
        if (plan.Settings.Server.LocalKeys == LocalKeys.Waived)
        {
            Log.LocalKeysWaived(logger);
        }

        foreach (string fault in plan.Catalog.Faults.All)
        {
            Log.LeftOut(logger, fault);
        }

        Log.Count(logger, plan.Catalog.Functions.Length, plan.Disabled.Count);
        foreach (FunctionDescriptor function in plan.Catalog.Functions)
        {
            string trigger = FunctionDescriptor.TypeName(function.Trigger);
            string about = plan.Disabled.Contains(function.Name) ? "disabled"
                : plan.LeftOut.Contains(function.Name) ? "left out: it is faulty, see above"
                : About(function, root);
            Log.Function(logger, function.Name, trigger, about);
        }

        using Process self = Process.GetCurrentProcess();
        TimeSpan sinceStart = time.GetUtcNow().UtcDateTime - self.StartTime.ToUniversalTime();
        Log.Ready(logger, plan.Catalog.Functions.Length, sinceStart.TotalMilliseconds, Environment.WorkingSet / (1024.0 * 1024.0));
    }

    private string About(FunctionDescriptor function, string root) => function.Trigger switch
    {
        HttpTriggerAttribute trigger when plan.Routes.FirstOrDefault(r => r.Function == function) is HttpRoute route =>
            $"[{route.Methods}] {root.TrimEnd('/')}{route.Template} ({trigger.AuthLevel})",
        TimerTriggerAttribute => plan.Timers.First(t => t.Function == function).Text,
        QueueTriggerAttribute => plan.Queues.First(q => q.Function == function).Queue.Name,
        _ => "",
    };

    private static partial class Log
    {
        [LoggerMessage(80, LogLevel.Information, "{Count} functions, {Disabled} of them disabled:")]
        public static partial void Count(ILogger logger, int count, int disabled);

        [LoggerMessage(86, LogLevel.Warning,
            "FUNCTIONS_LOCAL_KEYS is 'waived': every program on this machine may call every function and the admin API without a key")]
        public static partial void LocalKeysWaived(ILogger logger);

        [LoggerMessage(84, LogLevel.Error, "Left out, and the other functions are served: {Fault}")]
        public static partial void LeftOut(ILogger logger, string fault);

        [LoggerMessage(82, LogLevel.Information,
            "Ready: {Count} functions, {Milliseconds:0} ms after the start of the process, {Megabytes:0} MB of memory (working set)")]
        public static partial void Ready(ILogger logger, int count, double milliseconds, double megabytes);

        [LoggerMessage(81, LogLevel.Information, "    {Function}: {Trigger} {About}")]
        public static partial void Function(ILogger logger, string function, string trigger, string about);
    }
}
