using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using DurableTask.Core;
using DurableTask.Core.History;

namespace Microsoft.DurableTask.Worker.Tracing;

/// <summary>
/// The ids of spans that live longer than a process: derived from the execution id, so that every worker that takes a turn knows them and
/// nothing has to be stored.
/// </summary>
internal static class SpanIds
{
    private const int Orchestration = -1;
    private const int TraceHigh = -2;
    private const int TraceLow = -3;

    /// <summary>The span of a whole execution.</summary>
    public static string OfOrchestration(ExecutionStartedEvent start) => Id(start, Orchestration);

    /// <summary>The span of one action of an execution, as its caller sees it.</summary>
    public static string OfAction(ExecutionStartedEvent start, int taskId) => Id(start, taskId);

    /// <summary>The trace that an execution belongs to: its starter's, or one of its own.</summary>
    public static ActivityContext Trace(ExecutionStartedEvent start) =>
        Parse(start.ParentTraceContext) ?? new ActivityContext(
            ActivityTraceId.CreateFromString(Id(start, TraceHigh) + Id(start, TraceLow)),
            ActivitySpanId.CreateFromString(Id(start, Orchestration)),
            ActivityTraceFlags.Recorded);

    public static ActivityContext? Parse(TraceParent? parent) =>
        parent is not null && ActivityContext.TryParse(parent.Value, parent.State, isRemote: true, out ActivityContext context)
            ? context
            : null;

    /// <summary>Gives a span that has just begun the ids that it has to have.</summary>
    /// <remarks>
    /// There is no public way to do that (a parent can be given, an own id cannot), and without it the parts of an execution that
    /// different workers run could not refer to the same span.
    /// </remarks>
    public static void Assign(Activity span, string spanId, string? traceId)
    {
        SpanId(span) = spanId;
        if (traceId is not null)
        {
            TraceId(span) = traceId;
        }

        FullId(span) = null; // Built from the two when somebody asks for it.
    }

    // FNV-1a over the execution id, then the finalizer of SplitMix64: spreads well, and needs no more than to be different.
    private static string Id(ExecutionStartedEvent start, int part)
    {
        ulong hash = 14695981039346656037;
        foreach (char letter in start.OrchestrationInstance.ExecutionId)
        {
            hash = (hash ^ letter) * 1099511628211;
        }

        hash += unchecked((ulong)part + 2) * 0x9E3779B97F4A7C15;
        hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9;
        hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EB;
        hash ^= hash >> 31;
        return (hash == 0 ? 1 : hash).ToString("x16", CultureInfo.InvariantCulture); // All zeros is no valid id.
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_spanId")]
    private static extern ref string? SpanId(Activity span);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_traceId")]
    private static extern ref string? TraceId(Activity span);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_id")]
    private static extern ref string? FullId(Activity span);
}
