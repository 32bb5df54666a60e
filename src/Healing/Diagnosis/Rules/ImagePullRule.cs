namespace Heal.Healing;

/// <summary>The image of the newest revision cannot be pulled. Only a changed reference is remedied by going back; else it is credentials
/// or registry.</summary>
internal sealed class ImagePullRule : IDiagnosisRule
{
    public Finding Judge(Symptoms symptoms, ChangeFacts change)
    {
        if (symptoms.Pulls.Count == 0)
        {
            return Finding.Reject(Causes.ImagePullAfterTemplateChange, "no container of the newest revision fails to pull its image");
        }

        var (pod, container) = symptoms.Pulls[0];
        var evidence = symptoms.Pulls.Select(found => found.Container.Id);
        IReadOnlyList<Difference> changed = change.MayExplain
            ? [.. change.TouchingContainer(container.Name, "image"), .. change.Touching("imagePullSecrets")]
            : [];
        if (changed.Count == 0)
        {
            var why = change.WhyNot ?? "the newest change left its reference as it was";
            return Finding.Accept(Causes.ImagePullUnchanged, 0.8,
                $"image '{container.Image}' of container '{container.Name}' cannot be pulled ({container.Waiting}), and {why}: "
                + "credentials or registry", evidence);
        }

        var confidence = 0.9 + (symptoms.OlderRevisionServes ? 0.05 : 0);
        return Finding.Accept(Causes.ImagePullAfterTemplateChange, confidence,
            $"image '{container.Image}' of container '{container.Name}' in pod {pod.Name} "
            + $"cannot be pulled ({container.Waiting}) since {change.Describe(changed)}",
            evidence.Append(change.Change!.Id).Concat(changed.Select(item => item.Id)));
    }
}
