using Microsoft.CodeAnalysis;

namespace Microsoft.Azure.Functions.Worker.Sdk.Generators;

/// <summary>What the generator complains of: what the host would refuse at start, as far as it can be known while compiling. Each is
/// explained in docs/function-host/diagnostics.md.</summary>
internal static class Rules
{
    public static readonly DiagnosticDescriptor BadName = Rule(
        "FUNC1001",
        "Bad function name",
        "The function name '{0}' is none; expected a letter followed by up to 126 letters, digits, '-' or '_'");

    public static readonly DiagnosticDescriptor DuplicateName = Rule(
        "FUNC1002",
        "Function name is taken",
        "The function name '{0}' is that of {1} already; expected another, in more than upper and lower case");

    public static readonly DiagnosticDescriptor NotPublic = Rule(
        "FUNC1003", "Function is not public", "The method {1} of function '{0}' is not public; expected a public method");

    public static readonly DiagnosticDescriptor Generic = Rule(
        "FUNC1004", "Function is generic", "The method {1} of function '{0}' or its class is generic; expected neither to be");

    public static readonly DiagnosticDescriptor Abstract = Rule(
        "FUNC1005",
        "Class of function is abstract",
        "The class of method {1} of function '{0}' is abstract; expected one that can be created, or a static method");

    public static readonly DiagnosticDescriptor AsyncVoid = Rule(
        "FUNC1006",
        "Function is async void",
        "The method {1} of function '{0}' is async void; expected async Task, so that the host can wait for it and see it fail");

    public static readonly DiagnosticDescriptor TriggerCount = Rule(
        "FUNC1007",
        "Function needs one trigger",
        "{1} parameters of function '{0}' have a trigger attribute; expected exactly one");

    public static readonly DiagnosticDescriptor WrongType = Rule(
        "FUNC2001",
        "Parameter has the wrong type",
        "The parameter '{1}' of function '{0}' has [{2}] and the type {3}; expected {4}");

    public static readonly DiagnosticDescriptor ClientInOrchestrator = Rule(
        "FUNC2002",
        "Orchestrator has a durable client",
        "The parameter '{1}' of function '{0}' is a client in an orchestrator, which must be deterministic; expected it in an activity");

    public static readonly DiagnosticDescriptor Unbound = Rule(
        "FUNC2003",
        "Nothing fills the parameter",
        "The parameter '{1}' ({2}) of function '{0}' is filled by nothing; expected {3}");

    public static readonly DiagnosticDescriptor ByReference = Rule(
        "FUNC2004",
        "Parameter is passed by reference",
        "The parameter '{1}' of function '{0}' is ref, in or out; expected a value");

    public static readonly DiagnosticDescriptor SeveralInputs = Rule(
        "FUNC2005",
        "Orchestrator has several inputs",
        "The parameter '{1}' of function '{0}' is one of {2} that could be the orchestrator's input; expected one");

    public static readonly DiagnosticDescriptor LevelUser = Rule(
        "FUNC3001",
        "Level of authorization is not offered",
        "The function '{0}' has [HttpTrigger] with the level User; expected Anonymous, Function, System or Admin");

    public static readonly DiagnosticDescriptor DuplicateRoute = Rule(
        "FUNC3002",
        "Route is taken",
        "The function '{0}' has the route '{1}' with method {2}, which is that of function '{3}' already; expected another route or "
            + "method");

    public static readonly DiagnosticDescriptor BadSchedule = Rule(
        "FUNC3003",
        "Bad schedule",
        "The schedule '{1}' of function '{0}' {2}; expected six fields (second minute hour day month weekday), five, "
            + "or a time of at least \"00:00:01\"");

    public static readonly DiagnosticDescriptor BadQueueName = Rule(
        "FUNC3004",
        "Bad queue name",
        "The queue name '{1}' of function '{0}' is none; expected 3 to {2} lower-case letters, digits and single '-'");

    public static readonly DiagnosticDescriptor UselessRetry = Rule(
        "FUNC3005", "Retry attribute does nothing", "The function '{0}' has [{1}], which [{2}] does not take; expected {3}");

    public static readonly DiagnosticDescriptor DuplicateTask = Rule(
        "FUNC3006",
        "Durable name is taken",
        "The function '{0}' has [{1}] with the name '{2}', which is that of function '{3}' already; expected another name");

    public static readonly DiagnosticDescriptor BadRetry = Rule(
        "FUNC3007",
        "Bad retry values",
        "The function '{0}' has [{1}] with {2}; expected a count from 0, or -1 for no end, and delays as \"hh:mm:ss\" up to a day, "
            + "the longest last");

    public static readonly DiagnosticDescriptor BadRoute = Rule(
        "FUNC3008",
        "Bad route",
        "The route '{1}' of function '{0}' has a brace without its other; expected {{name}} or {{name:constraint}}");

    public static readonly DiagnosticDescriptor SeveralOutputs = Rule(
        "FUNC4001",
        "Several outputs for one value",
        "The function '{0}' has {1}; expected one output attribute on the method, or at most one on each property of what it returns");

    public static readonly DiagnosticDescriptor NothingReturned = Rule(
        "FUNC4002", "Output of nothing", "The function '{0}' has [{1}] and returns nothing; expected a value to hand on");

    public static readonly DiagnosticDescriptor BadReply = Rule(
        "FUNC4003",
        "Bad reply",
        "The function '{0}' has {1}; expected one reply, and that of a function with [HttpTrigger]");

    public static readonly DiagnosticDescriptor DurableOutput = Rule(
        "FUNC4004",
        "Orchestrator or entity has an output",
        "The function '{0}' has [{1}], but orchestrators and entities may run more than once; expected the output on an activity");

    public static readonly DiagnosticDescriptor UnknownOutput = Rule(
        "FUNC4005", "Unknown output", "The function '{0}' has [{1}], which this host cannot fill; expected [QueueOutput] or [HttpResult]");

    private static DiagnosticDescriptor Rule(string id, string title, string message) => new(
        id,
        title,
        message,
        "Functions.Design",
        DiagnosticSeverity.Error,
        isEnabledByDefault: true,
        helpLinkUri: $"docs/function-host/diagnostics.md#{id.ToLowerInvariant()}");
}
