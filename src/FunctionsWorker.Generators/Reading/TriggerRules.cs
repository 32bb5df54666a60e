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
    private static readonly TimeSpan LongestRetryDelay = TimeSpan.FromDays(1);

    // A field of a crontab: stars, numbers and names, their ranges, steps and lists. What numbers and names mean is checked at start.
    private static readonly Regex CronField = new(
        @"^(\*|[0-9]+|[a-z]{3,})(-([0-9]+|[a-z]{3,}))?(/[0-9]+)?(,(\*|[0-9]+|[a-z]{3,})(-([0-9]+|[a-z]{3,}))?(/[0-9]+)?)*$",
        RegexOptions.CultureInvariant | RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture);

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

                CheckRoute(function, trigger.NamedArguments.FirstOrDefault(static a => a.Key == "Route").Value.Value as string, place);
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
        var fields = schedule!.Split([' '], StringSplitOptions.RemoveEmptyEntries);
        if (schedule.Contains(':') && TimeSpan.TryParse(schedule, CultureInfo.InvariantCulture, out var between))
        {
            if (between < TimeSpan.FromSeconds(1)) function.Complain(Rules.BadSchedule, place, schedule, "is too short a time");
        }
        else if (fields.Length is not (5 or 6))
        {
            function.Complain(Rules.BadSchedule, place, schedule, $"has {fields.Length.ToString(CultureInfo.InvariantCulture)} fields");
        }
        else if (Array.Find(fields, static field => !CronField.IsMatch(field)) is { } wrong)
        {
            function.Complain(Rules.BadSchedule, place, schedule, $"has the field '{wrong}'");
        }
    }

    /// <summary>Braces only: constraints may be the application's own, and are known at start.</summary>
    private static void CheckRoute(FunctionFacts function, string? route, SourcePlace place)
    {
        if (!Symbols.IsLiteral(route)) return;
        var depth = 0;
        foreach (var character in route!.Replace("{{", "").Replace("}}", ""))
        {
            depth += character switch { '{' => 1, '}' => -1, _ => 0 };
            if (depth is < 0 or > 1) break;
        }

        if (depth != 0) function.Complain(Rules.BadRoute, place, route);
    }

    private static void CheckRetry(FunctionFacts function, CancellationToken cancellation)
    {
        if (Symbols.AttributeOf(function.Symbol, Known.Retry) is not { } retry) return;
        var syntax = retry.ApplicationSyntaxReference?.GetSyntax(cancellation);
        var place = syntax is null ? function.Place : SourcePlace.Of(syntax);
        if (Instead(function.Trigger) is { } instead)
        {
            function.Complain(
                Rules.UselessRetry, place, Symbols.ShortNameOf(retry), Symbols.ShortNameOf(function.Trigger), instead);
        }
        else if (WrongValueOf(retry) is { } wrong)
        {
            function.Complain(Rules.BadRetry, place, Symbols.ShortNameOf(retry), wrong);
        }
    }

    /// <summary>What is wrong with the count or the delays: one stays as it is, or two grow from the first to the second.</summary>
    private static string? WrongValueOf(AttributeData retry)
    {
        if (retry.ConstructorArguments.Any(static a => a.Value is int and < -1)) return "a count below -1";
        var least = retry.ConstructorArguments.Length > 2 ? TimeSpan.FromTicks(1) : TimeSpan.Zero;
        foreach (var text in retry.ConstructorArguments.Select(static a => a.Value).OfType<string>())
        {
            if (!TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var delay) || delay < least || delay > LongestRetryDelay)
            {
                return $"the delay '{text}'";
            }

            least = delay;
        }

        return null;
    }

    public static TaskModel? TaskOf(FunctionFacts function, CancellationToken cancellation)
    {
        var trigger = function.Trigger;
        var property = Symbols.NameOf(trigger.AttributeClass!) switch
        {
            Known.OrchestrationTrigger => "Orchestration",
            Known.ActivityTrigger => "Activity",
            Known.EntityTrigger => "EntityName",
            _ => null,
        };
        if (property is null) return null;
        var own = trigger.NamedArguments.FirstOrDefault(argument => argument.Key == property).Value.Value as string;
        return new TaskModel(Symbols.ShortNameOf(trigger), own ?? function.Name, PlaceOf(function, cancellation));
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
