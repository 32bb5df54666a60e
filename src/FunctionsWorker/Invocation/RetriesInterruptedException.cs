namespace Microsoft.Azure.Functions.Worker.Invocation;

/// <summary>A function failed, and the host stopped before the retries that its attribute promises were over.</summary>
internal sealed class RetriesInterruptedException(Exception failure) : Exception(failure.Message, failure);
