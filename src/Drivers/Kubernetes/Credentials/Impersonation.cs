namespace Heal.Drivers.Kubernetes.Credentials;

/// <summary>On whose behalf calls are made; the server checks that we may.</summary>
internal sealed record Impersonation(
    string User, string? Uid, IReadOnlyList<string> Groups, IReadOnlyDictionary<string, IReadOnlyList<string>> Extra)
{
    public void AddTo(HttpRequestMessage request)
    {
        request.Headers.TryAddWithoutValidation("Impersonate-User", User);
        if (!string.IsNullOrEmpty(Uid))
            request.Headers.TryAddWithoutValidation("Impersonate-Uid", Uid);
        foreach (var group in Groups)
            request.Headers.TryAddWithoutValidation("Impersonate-Group", group);
        foreach (var (key, values) in Extra)
            request.Headers.TryAddWithoutValidation($"Impersonate-Extra-{Uri.EscapeDataString(key)}", values);
    }
}
