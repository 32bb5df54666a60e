namespace Heal.Drivers.Kubernetes.Transport;

/// <summary>One call of the API: what is asked, in Kubernetes' words and in HTTP's.</summary>
internal sealed record ApiCall
{
    public required string Verb { get; init; }
    public required HttpMethod Method { get; init; }

    /// <summary>Path below the server's URL, each segment escaped, without a leading slash.</summary>
    public required string Path { get; init; }
    public string Query { get; init; } = string.Empty;
    public byte[]? Body { get; init; }
    public string? MediaType { get; init; }

    /// <summary>What the answer may be; null: JSON.</summary>
    public string? Accept { get; init; }

    /// <summary>The WebSocket protocols to change to, best first; null: none, an ordinary call.</summary>
    public string? Protocols { get; init; }

    /// <summary>Whether doing it twice does what doing it once does; only then is it tried again after it may have been begun.</summary>
    public required bool IsIdempotent { get; init; }

    /// <summary>
    /// Somebody behind the API server answers (a kubelet, through the server's proxy): a failure says nothing of the server, so that it
    /// does not count for its breaker, and is not tried again at once.
    /// </summary>
    public bool IsProxied { get; init; }

    // What it is about: for messages, metrics, traces.
    public string Group { get; init; } = string.Empty;
    public string Kind { get; init; } = string.Empty;

    /// <summary>Plural, with the subresource if one.</summary>
    public string Resource { get; init; } = string.Empty;
    public string? Namespace { get; init; }
}
