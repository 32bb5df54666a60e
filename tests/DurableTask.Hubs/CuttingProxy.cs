using System.Text;

namespace Heal.DurableTask.Hubs.Tests;

/// <summary>
/// Stands between a hub and PostgreSQL. When told, it lets one request with a certain word through to the server, waits for the answer,
/// and cuts the connection instead of handing the answer on: the client can not know whether it was done.
/// </summary>
internal sealed class CuttingProxy(string target) : PostgresProxy(target)
{
    private byte[]? _word;
    private bool _isEvery;

    public void CutAfter(string word) => Cut(word, isEvery: false);

    /// <summary>Cuts the connection of every request with the word, until told otherwise with null.</summary>
    public void CutEvery(string? word) => Cut(word, isEvery: true);

    private void Cut(string? word, bool isEvery)
    {
        _isEvery = isEvery;
        _word = word is null ? null : Encoding.ASCII.GetBytes(word);
    }

    private protected override IPassage Open() => new Passage(this);

    private sealed class Passage(CuttingProxy proxy) : IPassage
    {
        private volatile bool _isDoomed;

        public async Task<bool> AskAsync(ReadOnlyMemory<byte> request, Stream server, CancellationToken cancellation)
        {
            if (proxy._word is { } word && request.Span.IndexOf(word) >= 0)
            {
                _isDoomed = true;
                proxy._word = proxy._isEvery ? word : null;
            }

            await server.WriteAsync(request, cancellation);
            return true;
        }

        public async Task<bool> AnswerAsync(ReadOnlyMemory<byte> answer, Stream client, CancellationToken cancellation)
        {
            if (_isDoomed)
            {
                return false;
            }

            await client.WriteAsync(answer, cancellation);
            return true;
        }
    }
}
