using Heal.Activities;
using Microsoft.Azure.Functions.Worker;

namespace Heal.Functions.Incidents;

/// <summary>Every minute, on one host: tells people of hand-offs that they do not know of, because their receiver was away when the
/// incident ended.</summary>
internal sealed class TendHandOffs(IHandOffDesk desk)
{
    [Function(nameof(TendHandOffs))]
    public Task RunAsync([TimerTrigger("50 * * * * *", RunOnStartup = true)] TimerInfo timer, CancellationToken cancellationToken) =>
        desk.TendAsync(cancellationToken);
}
