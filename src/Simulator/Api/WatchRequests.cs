using System.Buffers;
using System.Globalization;
using System.Text.Json.Nodes;
using Heal.Simulator.Faults;
using Heal.Simulator.Objects;
using Heal.Simulator.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Heal.Simulator.Api;

/// <summary>
/// Watches. Each reads the shared history at its own pace, so a slow client costs no memory: one that falls behind the history gets 410.
/// </summary>
internal sealed class WatchRequests(ObjectStore store, FaultBook faults, SimulatorClock clock)
{
    /// <summary>Real time between bookmarks, and the longest a watch lasts when the client says nothing.</summary>
    public static readonly TimeSpan BookmarkInterval = TimeSpan.FromSeconds(30);
    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromMinutes(30);

    private const int FlushAbove = 64 * 1024;

    private static readonly byte[] LineEnd = "}\n"u8.ToArray();

    public async Task ServeAsync(HttpContext http, RequestTarget target, WatchFate fate)
    {
        var watch = Open(http, target, fate);
        using var timeout = new CancellationTokenSource(
            ReadRequests.Number(http, "timeoutSeconds") is { } s and > 0 ? TimeSpan.FromSeconds(s) : DefaultTimeout, clock.Time);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, faults.OpenWatches, http.RequestAborted);
        http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        http.Response.ContentType = "application/json";
        await http.Response.StartAsync(http.RequestAborted);
        try
        {
            if (fate == WatchFate.Expires)
                await ExpiredAsync(http, watch.At);
            else
                await PumpAsync(http, watch, end.Token);
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            if (timeout.IsCancellationRequested && watch.Bookmarks && !http.RequestAborted.IsCancellationRequested)
                await BookmarkAsync(http, watch, http.RequestAborted);
        }
        if (faults.OpenWatches != watch.DropToken || watch.IsCut)
            http.Abort();
    }

    private Watch Open(HttpContext http, RequestTarget target, WatchFate fate)
    {
        var query = http.Request.Query;
        var options = fate == WatchFate.NotUnderstood ? new WatchOptions(null) : WatchOptions.Read(http, fate != WatchFate.NotStreamed);
        var from = ReadRequests.Number(http, "resourceVersion") ?? 0;
        if (options.WhatExists is not null && from > store.Version)
            throw ApiException.FutureVersion(from, store.Version);
        var fields = FieldSelector.Parse(query["fieldSelector"], target.Type);
        var labels = LabelSelector.Parse(query["labelSelector"]);
        return new Watch(target, labels, fields)
        {
            At = from == 0 && options.WhatExists == false ? store.Version : from,
            Bookmarks = ListOptions.IsSet(http, "allowWatchBookmarks"),
            InitialEvents = options.WhatExists ?? from == 0,
            HasEnd = options.WhatExists == true,
            IsCut = fate == WatchFate.CutInTheMiddle,
            DropToken = faults.OpenWatches,
        };
    }

    private async Task PumpAsync(HttpContext http, Watch watch, CancellationToken end)
    {
        if (watch.InitialEvents)
            await SendPresentAsync(http, watch, end);
        await http.Response.BodyWriter.FlushAsync(end);
        if (watch.IsCut)
            return;
        var nextBookmark = clock.Now + BookmarkInterval;
        while (true)
        {
            if (store.ChangesSince(watch.At) is not { } changes)
            {
                await ExpiredAsync(http, watch.At);
                return;
            }
            foreach (var change in changes)
            {
                await SendAsync(http, watch, change, end);
                watch.At = change.Version;
            }
            await http.Response.BodyWriter.FlushAsync(end);
            await WaitAsync(watch.At, nextBookmark, end);
            if (watch.Bookmarks && clock.Now >= nextBookmark)
            {
                await BookmarkAsync(http, watch, end);
                nextBookmark = clock.Now + BookmarkInterval;
            }
        }
    }

    private async Task WaitAsync(long at, DateTimeOffset until, CancellationToken end)
    {
        var left = until - clock.Now;
        if (left <= TimeSpan.Zero)
            return;
        using var woken = CancellationTokenSource.CreateLinkedTokenSource(end);
        await Task.WhenAny(store.WaitBeyondAsync(at, woken.Token), Task.Delay(left, clock.Time, woken.Token));
        await woken.CancelAsync();
        end.ThrowIfCancellationRequested();
    }

    private async Task SendPresentAsync(HttpContext http, Watch watch, CancellationToken end)
    {
        var (items, version) = store.List(watch.Target.Type, watch.Target.Namespace);
        var wanted = items.Where(watch.Wants).ToList();
        foreach (var item in watch.IsCut ? wanted.Take(wanted.Count / 2) : wanted)
            await WriteAsync(http, "ADDED", Wire(http, item), end);
        watch.At = version;
        if (watch is { HasEnd: true, Bookmarks: true, IsCut: false })
            await BookmarkAsync(http, watch, end, initialEnd: true);
    }

    private Task SendAsync(HttpContext http, Watch watch, Change change, CancellationToken end)
    {
        if (change.Shown.Type != watch.Target.Type
            || (watch.Target.Namespace.Length > 0 && change.Shown.Key.Namespace != watch.Target.Namespace))
            return Task.CompletedTask;
        var before = change.Before is { } b && watch.Wants(b);
        var after = change.After is { } a && watch.Wants(a);
        return (before, after) switch
        {
            (false, true) => WriteAsync(http, "ADDED", Wire(http, change.Shown), end),
            (true, true) => WriteAsync(http, "MODIFIED", Wire(http, change.Shown), end),
            // Left the selection: the client sees its last selected state go, at the version of this change.
            (true, false) => WriteAsync(http, "DELETED", Wire(http, change.After is null ? change.Shown : change.LastSeen()), end),
            _ => Task.CompletedTask,
        };
    }

    private static Task BookmarkAsync(HttpContext http, Watch watch, CancellationToken end, bool initialEnd = false)
    {
        var meta = new JsonObject { ["resourceVersion"] = watch.At.ToString(CultureInfo.InvariantCulture), ["creationTimestamp"] = null };
        if (initialEnd)
            meta["annotations"] = new JsonObject { ["k8s.io/initial-events-end"] = "true" };
        var bookmark = new JsonObject
        {
            ["kind"] = watch.Target.Type.Kind,
            ["apiVersion"] = watch.Target.Type.GroupVersion,
            ["metadata"] = meta,
        };
        return WriteAsync(http, "BOOKMARK",
            System.Text.Encoding.UTF8.GetBytes(bookmark.ToJsonString(Objects.Wire.Options)), end, flush: true);
    }

    private Task ExpiredAsync(HttpContext http, long at)
    {
        var status = ApiException.Expired($"too old resource version: {at} ({store.Version})").ToStatus();
        return WriteAsync(http, "ERROR",
            System.Text.Encoding.UTF8.GetBytes(status.ToJsonString(Objects.Wire.Options)), http.RequestAborted, flush: true);
    }

    private byte[] Wire(HttpContext http, StoredObject o)
    {
        if (!TableFormat.IsWanted(http)) return o.Utf8;
        var meta = new JsonObject { ["resourceVersion"] = o.Json.Text("metadata", "resourceVersion") };
        return TableFormat.Render(o.Type, meta, [o], clock.Now);
    }

    private static async Task WriteAsync(HttpContext http, string type, byte[] utf8, CancellationToken end, bool flush = false)
    {
        var body = http.Response.BodyWriter;
        body.Write(System.Text.Encoding.UTF8.GetBytes($"{{\"type\":\"{type}\",\"object\":"));
        body.Write(utf8);
        body.Write(LineEnd);
        if (flush || body.UnflushedBytes > FlushAbove)
            await body.FlushAsync(end);
    }

    private sealed class Watch(RequestTarget target, LabelSelector labels, FieldSelector fields)
    {
        public RequestTarget Target { get; } = target;
        public long At { get; set; }
        public required bool Bookmarks { get; init; }
        public required bool InitialEvents { get; init; }

        /// <summary>The end of what exists is told.</summary>
        public required bool HasEnd { get; init; }
        public required bool IsCut { get; init; }
        public required CancellationToken DropToken { get; init; }

        public bool Wants(StoredObject o) => labels.Matches(o.Json) && fields.Matches(o.Json);
    }
}
