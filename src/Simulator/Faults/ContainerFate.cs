using System.Globalization;
using System.Text.Json.Nodes;
using Heal.Simulator.Kubelet;
using Heal.Simulator.Objects;

namespace Heal.Simulator.Faults;

/// <summary>What will happen to a container that starts now: nothing (the default), it ends, or it never becomes ready.</summary>
internal sealed record ContainerFate(CrashEffect? Crash = null, string? NeverReady = null)
{
    public const string CrashAnnotation = "simulator/crash";

    /// <summary>
    /// Judged from the pod, the ConfigMaps that the container uses, and the faults in force. An annotation <c>simulator/crash</c>
    /// (<c>exitCode=1;after=2s;log=...;reason=...</c>) on the pod or on a used ConfigMap counts before the faults.
    /// </summary>
    public static ContainerFate Judge(JsonObject pod, JsonObject container, ContainerInputs inputs, IReadOnlyList<FaultDescription> faults)
    {
        var crash = FromAnnotation(pod.Annotation(CrashAnnotation));
        crash ??= inputs.ConfigMaps.Select(c => FromAnnotation(c.Json.Annotation(CrashAnnotation))).FirstOrDefault(c => c is not null);
        string? neverReady = null;
        foreach (var fault in faults.Where(f => f.Api is null && Concerns(f.Match, pod, container, inputs)))
        {
            crash ??= fault.Crash ?? OutOfMemory(fault.Memory, container);
            neverReady ??= fault.NeverReady?.Message;
        }
        return new ContainerFate(crash, neverReady);
    }

    private static bool Concerns(FaultMatch match, JsonObject pod, JsonObject container, ContainerInputs inputs)
    {
        if (!Glob.Matches(match.Namespace, pod.Namespace()) || !Glob.Matches(match.Image, container.Text("image"))
            || !Glob.Matches(match.Container, container.Text("name")))
            return false;
        if (match.PodLabels is { } labels && labels.Any(l => pod.Label(l.Key) != l.Value))
            return false;
        if (match.ConfigMap is null && match.ConfigMapKey is null)
            return true;
        return inputs.ConfigMaps.Any(c => Glob.Matches(match.ConfigMap, c.Json.Name()) && HasKey(match, c));
    }

    private static bool HasKey(FaultMatch match, UsedConfigMap used)
        => match.ConfigMapKey is null
            || used.Json.Texts("data").Any(d =>
                used.Uses(d.Key) && Glob.Matches(match.ConfigMapKey, d.Key) && Glob.Matches(match.Value, d.Value.Trim()));

    private static CrashEffect? OutOfMemory(MemoryEffect? memory, JsonObject container)
    {
        if (memory is null || Quantity.Parse(container.At("resources", "limits", "memory")?.ToString()) is not { } limit)
            return null;
        return limit < Quantity.Parse(memory.Needs) ? new CrashEffect(137, memory.AfterSeconds, "", "OOMKilled") : null;
    }

    private static CrashEffect? FromAnnotation(string? text)
    {
        if (string.IsNullOrWhiteSpace(text))
            return null;
        var parts = text.Split(';').Select(p => p.Split('=', 2)).Where(p => p.Length == 2)
            .GroupBy(p => p[0].Trim(), StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.Last()[1].Trim(), StringComparer.Ordinal);
        var code = int.TryParse(parts.GetValueOrDefault("exitCode"), NumberStyles.None, CultureInfo.InvariantCulture, out var c) ? c : 1;
        var seconds = parts.GetValueOrDefault("after")?.TrimEnd('s');
        var after = double.TryParse(seconds, NumberStyles.Float, CultureInfo.InvariantCulture, out var a) ? a : 1;
        return new CrashEffect(code, Math.Clamp(after, 0, 86_400), parts.GetValueOrDefault("log") ?? "", parts.GetValueOrDefault("reason"));
    }
}
