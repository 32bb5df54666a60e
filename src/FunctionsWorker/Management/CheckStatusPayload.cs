namespace Microsoft.Azure.Functions.Worker.Management;

/// <summary>The body of the 202 of a start or restart over the management API: camel case, and without the address for rewind.</summary>
internal sealed record CheckStatusPayload(
    string? Id,
    string? StatusQueryGetUri,
    string? SendEventPostUri,
    string? TerminatePostUri,
    string? PurgeHistoryDeleteUri,
    string? RestartPostUri,
    string? SuspendPostUri,
    string? ResumePostUri)
{
    public static CheckStatusPayload Of(HttpManagementPayload links) => new(
        links.Id,
        links.StatusQueryGetUri,
        links.SendEventPostUri,
        links.TerminatePostUri,
        links.PurgeHistoryDeleteUri,
        links.RestartPostUri,
        links.SuspendPostUri,
        links.ResumePostUri);
}
