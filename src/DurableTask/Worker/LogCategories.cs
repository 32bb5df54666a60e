namespace Microsoft.DurableTask.Worker;

/// <summary>The worker's log categories; part of the contract.</summary>
internal static class LogCategories
{
    public const string Worker = "Microsoft.DurableTask.Worker";
    public const string Orchestrations = "Microsoft.DurableTask.Worker.Orchestrations";
    public const string Entities = "Microsoft.DurableTask.Worker.Entities";
    public const string Activities = "Microsoft.DurableTask.Worker.Activities";

    /// <summary>The one category of earlier versions.</summary>
    public const string Legacy = "Microsoft.DurableTask";
}
