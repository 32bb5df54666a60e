namespace Heal.Activities;

/// <summary>How many requests to a workload a service mesh turns away.</summary>
internal interface IDeniedRequests
{
    /// <returns>Requests per second that were answered with 403 within the last minute; 0 when there were none.</returns>
    /// <exception cref="UsageException">It was asked and did not answer as it should.</exception>
    Task<decimal> DeniedAsync(string ns, string workload, CancellationToken cancellationToken);
}
