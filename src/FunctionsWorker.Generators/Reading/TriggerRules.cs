using System.Collections.Immutable;
using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;

namespace Microsoft.Azure.Functions.Worker.Sdk.Generators.Reading;

/// <summary>What a trigger's attribute may say, as far as it says it and not a setting.</summary>
internal static class TriggerRules
{
    private const int UserLevel = 1;

    // The poison queue's name is seven longer, and must fit as well.
    private const int LongestTriggerQueue = 56;
    private static readonly Regex QueueName = new("^[a-z0-9]+(-[a-z0-9]+)*$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture);

    public static void Check(FunctionFacts function, CancellationToken cancellation)
    {
        var trigger = function.Trigger;
        var place = PlaceOf(function, cancellation);
        CheckRetry(function, cancellation);
        switch (Symbols.NameOf(trigger.AttributeClass!))
        {
            case Known.HttpTrigger:
                if (trigger.ConstructorArguments.Any(static a => a.Kind == TypedConstantKind.Enum && a.Value is UserLevel))
                {
                    function.Complain(Rules.LevelUser, place);
                }

                break;
            case Known.TimerTrigger: CheckSchedule(function, Symbols.TextOf(trigger), place); break;
            case Known.QueueTrigger: CheckQueue(function, Symbols.TextOf(trigger), LongestTriggerQueue, place); break;
        }
    }

    public static void CheckQueue(FunctionFacts function, string? name, int longest, SourcePlace place)
    {
        if (Symbols.IsLiteral(name) && (name!.Length < 3 || name.Length > longest || !QueueName.IsMatch(name.ToLowerInvariant())))
        {
            function.Complain(Rules.BadQueueName, place, name, longest.ToString(CultureInfo.InvariantCulture));
        }
    }

    public static RouteModel? RouteOf(FunctionFacts function, CancellationToken cancellation)
    {
        var trigger = function.Trigger;
        if (!Symbols.Is(trigger, Known.HttpTrigger)) return null;
        var route = trigger.NamedArguments.FirstOrDefault(static argument => argument.Key == "Route").Value.Value as string;
        var methods = trigger.ConstructorArguments
            .Where(static argument => argument is { Kind: TypedConstantKind.Array, IsNull: false })
            .SelectMany(static argument => argument.Values)
            .Select(static value => (value.Value as string ?? "").ToUpperInvariant())
            .Distinct(StringComparer.Ordinal)
            .ToImmutableArray();
        return new RouteModel(
            (route ?? function.Name).Trim('/'),
            new EquatableArray<string>(methods.IsEmpty ? ["*"] : methods),
            PlaceOf(function, cancellation));
    }

    private static SourcePlace PlaceOf(FunctionFacts function, CancellationToken cancellation) => SourcePlace.OfName(
        function.Trigger, function.Triggers[0].Symbol.DeclaringSyntaxReferences[0].GetSyntax(cancellation), cancellation);

    private static void CheckSchedule(FunctionFacts function, string? schedule, SourcePlace place)
    {
        if (!Symbols.IsLiteral(schedule)) return;
        var fields = schedule!.Split([' '], StringSplitOptions.RemoveEmptyEntries).Length;
        var isRight = TimeSpan.TryParseExact(schedule, ["c", "g"], CultureInfo.InvariantCulture, out var between)
            ? between >= TimeSpan.FromSeconds(1)
            : fields is 5 or 6;
        if (!isRight) function.Complain(Rules.BadSchedule, place, schedule, fields.ToString(CultureInfo.InvariantCulture));
    }

    private static void CheckRetry(FunctionFacts function, CancellationToken cancellation)
    {
        if (Symbols.AttributeOf(function.Symbol, Known.Retry) is not { } retry || Instead(function.Trigger) is not { } instead) return;
        var syntax = retry.ApplicationSyntaxReference?.GetSyntax(cancellation);
        function.Complain(
            Rules.UselessRetry,
            syntax is null ? function.Place : SourcePlace.Of(syntax),
            Symbols.ShortNameOf(retry),
            Symbols.ShortNameOf(function.Trigger),
            instead);
    }

    private static string? Instead(AttributeData trigger) => Symbols.NameOf(trigger.AttributeClass!) switch
    {
        Known.TimerTrigger => null,
        Known.HttpTrigger => "none: the caller sees the failure and tries again",
        Known.QueueTrigger => "none: its messages come back up to extensions.queues.maxDequeueCount of host.json",
        Known.ActivityTrigger or Known.OrchestrationTrigger => "TaskOptions.FromRetryPolicy(...) with its call in the orchestrator",
        _ => "it on a timer function only",
    };
}
