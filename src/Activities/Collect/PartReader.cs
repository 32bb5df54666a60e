using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;
using ListOptions = Heal.Drivers.Kubernetes.ListOptions;

namespace Heal.Activities;

/// <summary>What came of reading one object.</summary>
/// <param name="Known">False when it could not be read; then a gap says why.</param>
/// <param name="Value">Null when there is none.</param>
internal readonly record struct Look<T>(bool Known, T? Value) where T : class;

/// <summary>
/// Reads the parts of one bundle: a bounded number of requests at a time, all of them within one deadline. What cannot be read becomes a
/// gap with its name and never an exception; so one refused or slow part costs that part only.
/// </summary>
internal sealed class PartReader : IDisposable
{
    private readonly IKubernetesClient _client;
    private readonly EvidenceOptions _options;
    private readonly SemaphoreSlim _slots;
    private readonly CancellationTokenSource _deadline;
    private readonly Lock _gate = new();
    private readonly SortedSet<string> _gaps = new(StringComparer.Ordinal);
    private int _answered;
    private Exception? _unanswered;

    public PartReader(IKubernetesClient client, EvidenceOptions options, TimeProvider time)
    {
        (_client, _options) = (client, options);
        _slots = new SemaphoreSlim(options.Parallelism);
        _deadline = new CancellationTokenSource(options.Deadline, time);
    }

    public CancellationToken Deadline => _deadline.Token;

    /// <summary>
    /// The cluster answered nothing since the last time: then that is no evidence but an outage, and whoever asked tries again later.
    /// </summary>
    public void ThrowIfNothingAnswered(string what)
    {
        lock (_gate)
        {
            var nothing = _answered == 0 ? _unanswered : null;
            (_answered, _unanswered) = (0, null);
            if (nothing is KubernetesUnreachableException) throw nothing;
            if (nothing is not null) throw new TimeoutException($"{what}: no answer within {_options.Deadline.TotalSeconds:0} s", nothing);
        }
    }

    /// <summary>In the order of their texts, so that it does not matter which part was faster.</summary>
    public IReadOnlyList<string> Gaps()
    {
        lock (_gate)
        {
            var left = _gaps.Count - EvidenceLimits.Gaps;
            return left > 0 ? [.. _gaps.Take(EvidenceLimits.Gaps), $"{left} more gaps"] : [.. _gaps];
        }
    }

    public void Gap(string text)
    {
        var line = SafeText.Line(Scrubber.Scrub(text), EvidenceLimits.MessageLength);
        lock (_gate) _gaps.Add(line);
    }

    /// <summary>
    /// At most <see cref="EvidenceLimits.Scanned"/> objects, unless the options say otherwise. Null when not readable. What a selector
    /// picks out of a namespace comes from the server's memory: it may be moments old, and whoever acts on it reads it anew.
    /// </summary>
    public async Task<IReadOnlyList<T>?> ListAsync<T>(string part, ResourceKind kind, string? ns, ListOptions? options = null)
        where T : KubernetesObject
    {
        options ??= new ListOptions();
        var limited = options.Limit is null
            ? options with { Limit = EvidenceLimits.Scanned, FromServerCache = IsSelected(options) }
            : options;
        var list = await ListOnceAsync<T>(part, kind, ns, limited);
        if (list?.IsTruncated == true) Gap($"{part}: only the first {limited.Limit} were looked at");
        return list?.Items;
    }

    /// <summary>As <see cref="ListAsync"/>, for callers that have another way when there are too many.</summary>
    public Task<KubernetesList<T>?> ListOnceAsync<T>(string part, ResourceKind kind, string? ns, ListOptions options)
        where T : KubernetesObject =>
        TryAsync<KubernetesList<T>>(part, "list", kind, ns, async token =>
            await _client.ListAsync<T>(await KindCatalogue.ServedAsync(_client, kind, token), ns, options, token));

    public async Task<Look<T>> GetAsync<T>(string part, ResourceKind kind, string? ns, string name) where T : KubernetesObject
    {
        var found = await TryAsync<Found<T>>(part, "get", kind, ns, async token =>
        {
            var served = await KindCatalogue.ServedAsync(_client, kind, token);
            var isNamespaced = (await _client.DiscoverAsync(served, token))?.Namespaced != false;
            return new Found<T>(await _client.TryGetAsync<T>(served, isNamespaced ? ns : null, name, token));
        });
        return new Look<T>(found is not null, found?.Value);
    }

    /// <summary>False when the server does not have the kind. True when that could not be asked: the reading will say why.</summary>
    public async Task<bool> IsServedAsync(ResourceKind kind)
    {
        try
        {
            var served = await KindCatalogue.ServedAsync(_client, kind, Deadline);
            return await _client.DiscoverAsync(served, Deadline) is not null;
        }
        catch (Exception e) when (e is KubernetesApiException or KubernetesUnreachableException or OperationCanceledException)
        {
            return true;
        }
    }

    public Task<PodLog?> LogAsync(string part, string ns, string pod, LogOptions options) =>
        TryAsync<PodLog>(part, "get", ResourceKind.Of<Pod>(), ns, async token =>
        {
            try
            {
                return await _client.GetPodLogAsync(ns, pod, options, token);
            }
            catch (KubernetesUnreachableException e) when (e.Cause == UnreachableCause.AnswerTooLarge)
            {
                // Lines of megabytes: the last one alone tells more than none.
                return await _client.GetPodLogAsync(ns, pod, options with { TailLines = 1 }, token);
            }
        }, subresource: "/log");

    public void Dispose()
    {
        _slots.Dispose();
        _deadline.Dispose();
    }

    private static bool IsSelected(ListOptions options) => options is not { LabelSelector: null, FieldSelector: null };

    private async Task<T?> TryAsync<T>(
        string part, string verb, ResourceKind kind, string? ns, Func<CancellationToken, Task<T>> read, string subresource = "")
        where T : class
    {
        try
        {
            await _slots.WaitAsync(Deadline);
            try
            {
                var result = await read(Deadline);
                Count(null);
                return result;
            }
            finally
            {
                _slots.Release();
            }
        }
        catch (KubernetesForbiddenException e)
        {
            Count(null);
            var resource = e.Missing?.Resource ?? await PluralAsync(kind) + subresource;
            var where = string.IsNullOrEmpty(ns) ? "in the whole cluster" : $"in namespace '{ns}'";
            Gap($"{part}: missing permission {verb} {resource}{(kind.Group.Length == 0 ? "" : $" ({kind.Group})")} {where}");
        }
        catch (KubernetesNotFoundException e) when (!e.IsAboutObject)
        {
            Count(null);
            Gap($"{part}: the cluster does not serve {kind}");
        }
        catch (KubernetesApiException e)
        {
            Count(null);
            Gap($"{part}: refused with {(int)e.StatusCode} {e.Reason}: {e.Error.ServerMessage}");
        }
        catch (ArgumentException e)
        {
            // A name that cannot be part of a URL: nothing was asked.
            Gap($"{part}: {e.Message}");
        }
        catch (KubernetesUnreachableException e)
        {
            Count(e);
            Gap($"{part}: no usable answer ({e.Cause})");
        }
        catch (OperationCanceledException e) when (_deadline.IsCancellationRequested)
        {
            Count(e);
            Gap($"{part}: not read within the {_options.Deadline.TotalSeconds:0} s that a bundle may take");
        }

        return null;
    }

    private async Task<string> PluralAsync(ResourceKind kind)
    {
        try
        {
            var served = await KindCatalogue.ServedAsync(_client, kind, Deadline);
            return (await _client.DiscoverAsync(served, Deadline))?.Plural ?? kind.Kind;
        }
        catch (Exception e) when (e is KubernetesApiException or KubernetesUnreachableException or OperationCanceledException)
        {
            return kind.Kind;
        }
    }

    private void Count(Exception? unanswered)
    {
        lock (_gate)
        {
            if (unanswered is null) _answered++;
            else _unanswered = unanswered;
        }
    }

    private sealed record Found<T>(T? Value) where T : class;
}
