namespace Microsoft.DurableTask.Internal;

/// <summary>An activity's context that knows when the activity should end early. Those of the engine do; mocks need not.</summary>
internal interface IActivityCancellation
{
    /// <summary>Cancelled when the activity's outcome is not wanted, or not possible, any more.</summary>
    CancellationToken CancellationToken { get; }
}
