using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Heal.Shared.Tests;

/// <summary>Takes the spans that a process exports by OTLP over HTTP. Of each it keeps the trace and the name.</summary>
/// <remarks>The messages are those of opentelemetry-proto: a request holds resources, these hold scopes, these hold spans.</remarks>
internal sealed class TraceReceiver : IAsyncDisposable
{
    private const int ResourceSpans = 1;
    private const int ScopeSpans = 2;
    private const int Spans = 2;
    private const int TraceId = 1;
    private const int Name = 5;

    private readonly ConcurrentQueue<(string Trace, string Name)> _spans = new();
    private readonly WebApplication _web;

    private TraceReceiver(WebApplication web) => _web = web;

    public string Url => _web.Urls.Single();

    public static async Task<TraceReceiver> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        WebApplication web = builder.Build();
        web.Urls.Add("http://127.0.0.1:0");
        var receiver = new TraceReceiver(web);
        web.MapPost("/v1/traces", receiver.TakeAsync);
        web.MapPost("/v1/metrics", static () => Results.Ok());
        await web.StartAsync();
        return receiver;
    }

    public IReadOnlyCollection<string> NamesIn(string trace) =>
        [.. _spans.Where(span => span.Trace == trace).Select(static span => span.Name).Distinct(StringComparer.Ordinal)];

    public async ValueTask DisposeAsync() => await _web.DisposeAsync();

    private async Task TakeAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        IEnumerable<ReadOnlyMemory<byte>> spans = Of(body.ToArray(), ResourceSpans)
            .SelectMany(static resource => Of(resource, ScopeSpans)).SelectMany(static scope => Of(scope, Spans));
        foreach (ReadOnlyMemory<byte> span in spans)
        {
            _spans.Enqueue((
                Convert.ToHexStringLower(Of(span, TraceId).Single().Span), Encoding.UTF8.GetString(Of(span, Name).Single().Span)));
        }
    }

    /// <summary>The values of a field that has bytes: texts, and messages in the message.</summary>
    private static List<ReadOnlyMemory<byte>> Of(ReadOnlyMemory<byte> message, int field)
    {
        var found = new List<ReadOnlyMemory<byte>>();
        int at = 0;
        while (at < message.Length)
        {
            ulong key = Number(message.Span, ref at);
            switch (key & 7)
            {
                case 0:
                    Number(message.Span, ref at);
                    break;
                case 1:
                    at += sizeof(ulong);
                    break;
                case 2:
                    int length = (int)Number(message.Span, ref at);
                    if ((int)(key >> 3) == field)
                    {
                        found.Add(message.Slice(at, length));
                    }

                    at += length;
                    break;
                case 5:
                    at += sizeof(uint);
                    break;
                default:
                    throw new InvalidDataException($"Kind {key & 7} of a field at byte {at} is none that is known.");
            }
        }

        return found;
    }

    private static ulong Number(ReadOnlySpan<byte> bytes, ref int at)
    {
        ulong number = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte next = bytes[at++];
            number |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return number;
            }
        }
    }
}
