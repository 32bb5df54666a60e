using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;

namespace Heal.Activities;

internal static class PodObserver
{
    public static ObservedPod Of(Pod pod)
    {
        var status = pod.Status ?? new PodStatus();
        return new ObservedPod(
            Observer.Info(pod, TargetKinds.Pod), pod.Spec?.NodeName, status.Phase, status.Reason, Observer.Text(status.Message),
            Observer.Conditions(status.Conditions),
            [
                .. (status.InitContainerStatuses ?? []).Select(item =>
                    Of(item) with { IsInit = true, IsSidecar = IsSidecar(pod, item.Name) }),
                .. (status.ContainerStatuses ?? []).Select(Of),
            ],
            pod.Metadata.Finalizers ?? []);
    }

    private static bool IsSidecar(Pod pod, string name) =>
        pod.Spec?.InitContainers?.FirstOrDefault(item => item.Name == name)?.RestartPolicy == "Always";

    private static ObservedContainer Of(ContainerStatus status)
    {
        var ended = status.State?.Terminated ?? status.LastState?.Terminated;
        return new ObservedContainer(
            status.Name, status.RestartCount, status.State?.Waiting?.Reason, Observer.Text(status.State?.Waiting?.Message),
            status.State?.Running?.StartedAt, ended is null ? null : new ObservedExit(ended.ExitCode, ended.Reason, ended.FinishedAt));
    }
}
