using System.Net;
using System.Text.RegularExpressions;

namespace Heal.Drivers.Kubernetes.Transport;

/// <summary>
/// Finds out which rule of the cluster refused. The API has no field for it: the rule's name stands in the message, in words that have not
/// changed since Kubernetes 1.9 (webhooks, quotas), 1.22 (pod security) and 1.26 (policies). Words that it does not know are no refusal.
/// </summary>
internal static partial class RefusalReader
{
    private const int Timeout = 1000;

    // etcd's own, and that of the API server's connection to it. Both come as 500, and are about the object, not about the storage.
    private static readonly string[] TooLargeWords = ["etcdserver: request is too large", "trying to send message larger than max"];

    public static Refusal? Read(HttpStatusCode code, string message, IReadOnlyList<StatusCause> causes)
    {
        if (causes.FirstOrDefault(c => c.Reason == "DisruptionBudget") is { } budget)
            return new Refusal(RefusalKind.DisruptionBudget, Group(Budget(), budget.Message), budget.Message);
        if (code == HttpStatusCode.TooManyRequests && message.Contains("disruption budget", StringComparison.Ordinal))
            return new Refusal(RefusalKind.DisruptionBudget, string.Empty, message);
        if (causes.FirstOrDefault(c => c.Reason == "NamespaceTerminating") is { } going)
            return new Refusal(RefusalKind.NamespaceTerminating, Group(Terminating(), message), going.Message);
        if ((int)code >= 500 && TooLargeWords.Any(words => message.Contains(words, StringComparison.Ordinal)))
            return new Refusal(RefusalKind.TooLarge, string.Empty, message);
        return Find(RefusalKind.Webhook, Denied(), message)
            ?? Find(RefusalKind.WebhookUnreachable, Unreachable(), message)
            ?? Find(RefusalKind.AdmissionPolicy, Policy(), message)
            ?? (code == HttpStatusCode.Forbidden
                ? Find(RefusalKind.PodSecurity, PodSecurity(), message) ?? Find(RefusalKind.Quota, Quota(), message)
                : null);
    }

    /// <summary>Whether the words are those of etcd or of the API server about it.</summary>
    public static bool IsStorageFailure(HttpStatusCode code, string message) =>
        (int)code >= 500 && message.Contains("etcdserver:", StringComparison.Ordinal)
        && !message.Contains(TooLargeWords[0], StringComparison.Ordinal);

    /// <summary>
    /// Whether an applied object has a field that its kind does not have: a mistake in the object, though the server calls it an error of
    /// its own (500).
    /// </summary>
    public static bool IsUnknownField(HttpStatusCode code, string message) =>
        code == HttpStatusCode.InternalServerError && message.Contains("field not declared in schema", StringComparison.Ordinal);

    private static Refusal? Find(RefusalKind kind, Regex words, string message) => words.Match(message) is { Success: true } match
        ? new Refusal(kind, match.Groups["name"].Value, match.Groups["why"].Value.Trim())
        : null;

    private static string Group(Regex words, string text) => words.Match(text).Groups["name"].Value;

    [GeneratedRegex("admission webhook \"(?<name>[^\"]+)\" denied the request(:(?<why>.*)| without explanation)",
        RegexOptions.ExplicitCapture | RegexOptions.Singleline, Timeout)]
    private static partial Regex Denied();

    [GeneratedRegex("failed calling webhook \"(?<name>[^\"]+)\":(?<why>.*)",
        RegexOptions.ExplicitCapture | RegexOptions.Singleline, Timeout)]
    private static partial Regex Unreachable();

    [GeneratedRegex("ValidatingAdmissionPolicy '(?<name>[^']+)' with binding '[^']+' denied request:(?<why>.*)",
        RegexOptions.ExplicitCapture | RegexOptions.Singleline, Timeout)]
    private static partial Regex Policy();

    [GeneratedRegex("violates PodSecurity \"(?<name>[^\"]+)\":(?<why>.*)",
        RegexOptions.ExplicitCapture | RegexOptions.Singleline, Timeout)]
    private static partial Regex PodSecurity();

    [GeneratedRegex("exceeded quota: (?<name>[^,]+),(?<why>.*)", RegexOptions.ExplicitCapture | RegexOptions.Singleline, Timeout)]
    private static partial Regex Quota();

    [GeneratedRegex("in namespace (?<name>[^ ]+) because it is being terminated", RegexOptions.ExplicitCapture, Timeout)]
    private static partial Regex Terminating();

    [GeneratedRegex("disruption budget (?<name>[^ ]+) ", RegexOptions.ExplicitCapture, Timeout)]
    private static partial Regex Budget();
}
