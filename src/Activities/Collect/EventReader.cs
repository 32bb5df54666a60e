using System.Globalization;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>What components reported about the Deployment, its newest ReplicaSets and its failing pods, the newest first.</summary>
internal sealed class EventReader(IKubernetesClient client)
{
    private const int Pods = 5;
    private const int Sets = 2;

    public async Task<IReadOnlyList<EventEvidence>> ReadAsync(
        string ns, DeploymentFacts facts, IReadOnlyList<Pod> pods, IReadOnlyList<PodEvidence> ordered, List<string> gaps,
            CancellationToken cancellationToken)
    {
        var failing = ordered.Where(pod => !pod.Ready && !pod.Terminating).Take(Pods).Select(pod => pod.Name)
            .ToHashSet(StringComparer.Ordinal);
        IEnumerable<KubernetesObject> subjects =
        [
            facts.Deployment, .. facts.ReplicaSets.Take(Sets), .. pods.Where(pod => failing.Contains(pod.Metadata.Name ?? "")),
        ];
        var events = new List<KubernetesEvent>();
        try
        {
            foreach (var subject in subjects)
            {
                var about = new ObjectReference { Name = subject.Metadata.Name, Uid = subject.Metadata.Uid };
                events.AddRange(await client.ListEventsAsync(ns, about, cancellationToken));
            }
        }
        catch (KubernetesApiException e)
        {
            gaps.Add(SafeText.Line($"events: {e.Message}", EvidenceLimits.MessageLength));
        }

        if (events.Count > EvidenceLimits.Events) gaps.Add(
            string.Create(CultureInfo.InvariantCulture, $"{events.Count - EvidenceLimits.Events} older events were left out"));
        return
        [
            .. events.OrderByDescending(item => item.LastSeen).ThenBy(item => item.Metadata.Name, StringComparer.Ordinal)
                .Take(EvidenceLimits.Events).Select(Describe),
        ];
    }

    private static EventEvidence Describe(KubernetesEvent item, int index) => new(
        string.Create(CultureInfo.InvariantCulture, $"event/{index + 1}"),
        SafeText.Line(item.Type, 40),
        SafeText.Line(item.Reason, 100),
        SafeText.Line(item.InvolvedObject.Name, 253),
        SafeText.Line(Scrubber.Scrub(item.Message ?? ""), EvidenceLimits.MessageLength),
        item.Occurrences,
        item.FirstTimestamp ?? item.EventTime ?? item.Metadata.CreationTimestamp,
        item.LastSeen == DateTimeOffset.MinValue ? null : item.LastSeen);
}
