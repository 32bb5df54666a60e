using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes.Models;

namespace Heal.Drivers.Kubernetes.Discovery;

/// <summary>
/// Answers, before one begins to watch or act: which version of a kind does this server serve, and may we use it. Asks discovery and
/// the server's own authorizer (SelfSubjectAccessReview); a yes is believed for 5 minutes, a no for 30 seconds. Thread-safe.
/// </summary>
public sealed class ServedKinds(IKubernetesClient client, TimeProvider time)
{
    private static readonly ResourceKind Review = new("authorization.k8s.io", "SelfSubjectAccessReview");
    private static readonly TimeSpan LifetimeOfYes = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan LifetimeOfNo = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<Question, (ServedKind Answer, long Asked)> _answers = new();

    /// <summary>How a kind is served, and whether we may.</summary>
    /// <param name="ns">Null: in the whole cluster.</param>
    /// <param name="verb">E.g. "list", "watch", "patch", or for a subresource "create".</param>
    /// <param name="subresource">E.g. "eviction"; null: the object itself.</param>
    public async Task<ServedKind> FindAsync(
        ResourceKind kind,
        string? ns = null,
        string verb = "list",
        string? subresource = null,
        CancellationToken cancellationToken = default)
    {
        var question = new Question(kind, ns, verb, subresource);
        if (_answers.TryGetValue(question, out var known)
            && time.GetElapsedTime(known.Asked) < (known.Answer.IsUsable ? LifetimeOfYes : LifetimeOfNo))
            return known.Answer;
        var answer = await AskAsync(question, cancellationToken);
        _answers[question] = (answer, time.GetTimestamp());
        return answer;
    }

    /// <summary>The first of several kinds that is served and allowed; when none is, what there is to say of the last.</summary>
    public async Task<ServedKind> FirstUsableAsync(
        IEnumerable<ResourceKind> kinds, string? ns = null, string verb = "list", CancellationToken cancellationToken = default)
    {
        ServedKind? answer = null;
        foreach (var kind in kinds)
        {
            answer = await FindAsync(kind, ns, verb, null, cancellationToken);
            if (answer.IsUsable)
                return answer;
        }

        return answer ?? throw new ArgumentException("Expected at least one kind, got none.", nameof(kinds));
    }

    private async Task<ServedKind> AskAsync(Question question, CancellationToken cancellationToken)
    {
        var resource = await client.DiscoverAsync(question.Kind, cancellationToken);
        if (resource is null || (question.Subresource is { } sub && resource.Subresource(sub) is null))
            return new ServedKind(question.Kind, null, null);
        // Served since 1.6; what has no authorizer to ask lets everyone in.
        if (await client.DiscoverAsync(Review, cancellationToken) is null)
            return new ServedKind(question.Kind, resource, null);

        var body = KubernetesObject.FromJson<KubernetesObject>(new JsonObject
        {
            ["metadata"] = new JsonObject(),
            ["spec"] = new JsonObject
            {
                ["resourceAttributes"] = new JsonObject
                {
                    ["group"] = resource.Group,
                    ["resource"] = resource.Plural,
                    ["subresource"] = question.Subresource,
                    ["verb"] = question.Verb,
                    ["namespace"] = question.Namespace,
                },
            },
        });
        var review = await client.CreateAsync(Review, body, null, cancellationToken);
        var isAllowed = review.Field("status", "allowed") is { ValueKind: JsonValueKind.True };
        var plural = question.Subresource is { } name ? $"{resource.Plural}/{name}" : resource.Plural;
        return new ServedKind(question.Kind, resource, isAllowed
            ? null
            : new MissingPermission(string.Empty, question.Verb, resource.Group, plural, question.Namespace));
    }

    private sealed record Question(ResourceKind Kind, string? Namespace, string Verb, string? Subresource);
}

/// <summary>Whether and how a kind can be used.</summary>
/// <param name="Kind">What was asked for.</param>
/// <param name="Resource">How the server serves it; null when it does not.</param>
/// <param name="Missing">The permission that we lack; null when none.</param>
public sealed record ServedKind(ResourceKind Kind, ApiResource? Resource, MissingPermission? Missing)
{
    public bool IsUsable => Resource is not null && Missing is null;

    /// <summary>Why it cannot be used; empty when it can.</summary>
    public string Explanation => Resource is null ? $"The server does not serve {Kind}." : Missing?.Describe() ?? string.Empty;
}
