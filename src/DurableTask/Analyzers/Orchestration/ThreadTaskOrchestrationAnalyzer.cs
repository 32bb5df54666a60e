namespace Microsoft.DurableTask.Analyzers.Orchestration;

/// <summary>DURABLE0004: threads beside the one that runs the orchestrator.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class ThreadTaskOrchestrationAnalyzer : ForbiddenApiAnalyzer
{
    /// <summary>The rule's id.</summary>
    public const string DiagnosticId = "DURABLE0004";

    private static readonly DiagnosticDescriptor Threads = Forbid(
        DiagnosticId,
        "An orchestrator starts threads",
        "it then goes on in an order that a replay does not repeat; await tasks of the context, or do the work in an activity");

    private protected override DiagnosticDescriptor Descriptor => Threads;

    private protected override string? ApiOf(IOperation operation) =>
        operation is IInvocationOperation { TargetMethod: var method } call && StartsThread(method) && !StaysOnThread(call)
            ? method.ShortName()
            : null;

    private static bool StartsThread(IMethodSymbol method) => FullName(method.ContainingType) switch
    {
        "System.Threading.Thread" => method.Name is "Start" or "UnsafeStart",
        "System.Threading.ThreadPool" => method.Name is "QueueUserWorkItem" or "UnsafeQueueUserWorkItem",
        "System.Threading.Tasks.Task" => method.Name is "Run" or "ContinueWith",
        "System.Threading.Tasks.TaskFactory" => method.Name is "StartNew",
        "System.Threading.Tasks.Parallel" => true,
        _ => false,
    };

    // A continuation that runs where its task completed runs on the orchestrator's own thread.
    private static bool StaysOnThread(IInvocationOperation call) =>
        call.TargetMethod.Name == "ContinueWith"
        && call.Argument("continuationOptions")?.Value.Everything().Any(static operation =>
            operation is IFieldReferenceOperation { Field.Name: "ExecuteSynchronously" }) == true;
}
