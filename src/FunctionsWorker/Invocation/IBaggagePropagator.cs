namespace Microsoft.Azure.Functions.Worker.Diagnostics;

/// <summary>Registered by the application: takes over the baggage of the trace that caused an invocation, until it has ended.</summary>
public interface IBaggagePropagator
{
    /// <returns>Disposed after the invocation.</returns>
    IDisposable? SetBaggage(IEnumerable<KeyValuePair<string, string>> baggage);
}
