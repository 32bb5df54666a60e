using System.Text.Json;
using System.Text.Json.Nodes;

namespace Heal.Activities;

/// <summary>
/// The pre-image of an operation that replaces a Deployment's pod template: what was there, and what is to be there. Kept in the ledger.
/// It holds the whole template, plain values of variables included: whoever may read the ledger may read those.
/// </summary>
/// <param name="Uid">A Deployment of the same name with another uid is another one.</param>
/// <param name="Revision">The ReplicaSet that the desired template is of.</param>
internal sealed record TemplatePreImage(
    string Uid, long Generation, string TemplateHash, JsonObject Template, string DesiredHash, JsonObject Desired, string Revision)
{
    public JsonObject ToJson() => JsonSerializer.SerializeToNode(this)!.AsObject();

    public static TemplatePreImage From(Operation operation) => operation.PreImage.Deserialize<TemplatePreImage>()
        ?? throw new JsonException($"Operation '{operation.Key}': expected a pre-image, got null.");
}

/// <param name="TemplateHash">As the server stored it: defaults and webhooks may have added to what was asked for.</param>
/// <param name="RolloutObserved">The controller had seen the new generation when the effect was confirmed.</param>
internal sealed record TemplatePostImage(long Generation, string TemplateHash, bool RolloutObserved)
{
    public JsonObject ToJson() => JsonSerializer.SerializeToNode(this)!.AsObject();

    public static TemplatePostImage? From(Operation operation) => operation.PostImage?.Deserialize<TemplatePostImage>();
}

/// <summary>What a target shows of an operation that may or may not have been applied.</summary>
internal enum Trace
{
    /// <summary>As it was before: not applied.</summary>
    NotApplied,

    /// <summary>Our key and our template: applied.</summary>
    Applied,

    /// <summary>The desired template, but not by us.</summary>
    DoneByOther,

    /// <summary>Something else.</summary>
    ChangedByOther,
}

/// <summary>Tells from a live Deployment what became of an operation. Pure.</summary>
internal static class TraceReader
{
    public static Trace Read(string key, TemplatePreImage pre, string uid, long generation, string templateHash, string? mark)
    {
        if (uid != pre.Uid) return Trace.ChangedByOther;
        if (mark == key)
        {
            // One generation further than before is our own write, whatever a webhook added to the template on the way.
            return templateHash == pre.DesiredHash || generation == pre.Generation + 1 ? Trace.Applied : Trace.ChangedByOther;
        }

        // A changed number of replicas moves the generation too; it is the template that the operation is about.
        if (templateHash == pre.TemplateHash) return Trace.NotApplied;
        return templateHash == pre.DesiredHash ? Trace.DoneByOther : Trace.ChangedByOther;
    }
}
