using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Heal.Bench.Kubernetes.Load;
using Heal.Drivers.Kubernetes.Caching;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;

namespace Heal.Bench.Kubernetes;

/// <summary>
/// Pods change at a steady rate, and some of them break: from the moment of sending to the consumer of the cache, and to the signal.
/// </summary>
internal static class ChangesBenchmark
{
    private const double MostMilliseconds = 1000;

    /// <summary>Programs that use less, in percent of a processor, are not told.</summary>
    private const double LeastTold = 1;

    /// <summary>Beside the time that the changes take.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    private static readonly TimeProvider Time = TimeProvider.System;

    public static async Task RunAsync(Settings settings, Report report, IObjectCache<Pod> pods, Detection detection)
    {
        var count = settings.Rate * settings.Seconds;
        var faults = count / Settings.ChangesPerFault;
        using var limit = new CancellationTokenSource(Patience + TimeSpan.FromSeconds(settings.Seconds), Time);
        var detected = new Detected(faults);
        detection.Found = detected.Add;
        using var subscription = pods.Subscribe(new SubscriptionOptions { IncludeExisting = false });
        await using var changes = Child.Start(
            "changes", settings.Server?.ToString() ?? "-", settings.Kubeconfig ?? "-",
            Text(settings.Rate), Text(count), Text(settings.Pods));
        var named = new Dictionary<int, string> { [Environment.ProcessId] = "cache and detection", [changes.Id] = "who sends the changes" };
        Programs before = Programs.Read(named);
        long begin = 0;
        var consumed = new List<double>(count);
        await foreach (var change in subscription.ReadAllAsync(limit.Token))
        {
            if (change.New is not { } pod || Objects.Sent(pod) is not { } moment || moment == Objects.Sent(change.Old))
                continue;
            if (consumed.Count == 0)
                (before, begin) = (Programs.Read(named), Time.GetTimestamp());
            consumed.Add((Time.GetUtcNow() - moment).TotalMilliseconds);
            if (Objects.IsBroken(pod))
                detected.Expect(pod.Metadata.Name!, moment);
            if (consumed.Count == count)
                break;
        }

        var took = Time.GetElapsedTime(begin);
        var used = Programs.Read(named).Since(before).ToList();
        await detected.Complete.WaitAsync(limit.Token);
        detection.Found = null;
        var sent = JsonSerializer.Deserialize<ChangesSent>(await changes.LineAsync())!;
        report.Add("change sent too late, p99", sent.LateP99, "ms", "the part that is the benchmark's: counted from the sending on");
        report.Add("change acknowledged by the server, p50", sent.AcknowledgedP50, "ms", "the part that is the server's");
        report.Add("change acknowledged by the server, p99", sent.AcknowledgedP99, "ms");
        var note = $"{settings.Rate} changes/s, from the moment of sending to the consumer";
        var latency = Latency.Of(consumed)!;
        report.Add("change to consumer, p50", latency.P50, "ms", note);
        report.Add("change to consumer, p99", latency.P99, "ms", $"max {latency.Max:N1} ms, {subscription.Merged} merged");
        latency = Latency.Of(detected.Milliseconds())!;
        report.Add(
            "change of status to signal, p50", latency.P50, "ms",
            $"{faults} pods of {settings.Pods} break, {Settings.ChangesPerFault} changes apart");
        report.Add("change of status to signal, p99", latency.P99, "ms", $"max {latency.Max:N1} ms", MostMilliseconds);
        foreach (var (name, time) in used.Where(program => 100 * program.Used / took >= LeastTold))
            report.Add($"processor: {name}", 100 * time / took, "% of a core", $"at {count / took.TotalSeconds:N0} changes/s");
        report.Add("memory after the changes", Usage.Used() / 1048576.0, "MiB", "managed, whole process");
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>Signals by the pod that they are about: which comes first, the signal or the consumer's copy, is chance.</summary>
    private sealed class Detected(int expected)
    {
        private readonly TaskCompletionSource _complete = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly ConcurrentDictionary<string, DateTimeOffset> _signals = new(StringComparer.Ordinal);
        private readonly Dictionary<string, DateTimeOffset> _sent = new(StringComparer.Ordinal);

        /// <summary>There is a signal for every pod that broke.</summary>
        public Task Complete => _complete.Task;

        public void Expect(string pod, DateTimeOffset sent) => _sent[pod] = sent;

        public void Add(Signal signal, DateTimeOffset at)
        {
            if (signal.Target?.Namespace == Settings.Namespace && _signals.TryAdd(signal.Target.Name, at) && _signals.Count == expected)
                _complete.TrySetResult();
        }

        public IEnumerable<double> Milliseconds() => _sent.Select(pod => (_signals[pod.Key] - pod.Value).TotalMilliseconds);
    }
}
