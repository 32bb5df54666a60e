using System.IO.Compression;
using Heal.Healing;
using Heal.Postgres;
using Npgsql;

namespace Heal.Activities;

/// <summary>Evidence bundles in PostgreSQL: gzipped JSON, so that any tool can read them.</summary>
internal sealed class EvidenceStore(NpgsqlDataSource dataSource, TimeProvider time) : IEvidenceStore
{
    // Bounds on what one call removes, and lists.
    private const int MaxForgotten = 50;
    private const int MaxListed = 1000;

    private static readonly SqlStatements Sql = SqlStatements.Of<HealStore>();

    public async Task<EvidenceReference> KeepAsync(
        string incidentId, int step, EvidenceBundle bundle, TimeSpan retention, CancellationToken cancellationToken)
    {
        var plain = EvidenceJson.Write(bundle);
        var content = Compress(plain);
        var reference = new EvidenceReference(incidentId, step, EvidenceJson.Hash(plain), bundle.Schema, plain.Length, content.Length);
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        object?[] row =
        [
            incidentId, step, reference.Hash, bundle.Target.Key, bundle.CollectedAt.ToUniversalTime(), reference.Schema,
            reference.PlainBytes, reference.StoredBytes, content,
        ];
        await using (var keep = connection.CreateCommand(Sql["evidence_keep"], row))
        {
            await keep.ExecuteNonQueryAsync(cancellationToken);
        }

        await using var forget = connection.CreateCommand(
            Sql["evidence_forget"], (time.GetUtcNow() - retention).ToUniversalTime(), MaxForgotten);
        await forget.ExecuteNonQueryAsync(cancellationToken);
        return reference;
    }

    public async Task<EvidenceBundle?> FindAsync(EvidenceReference reference, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(Sql["evidence_find"], reference.IncidentId, reference.Step, reference.Hash);
        if (await command.ExecuteScalarAsync(cancellationToken) is not byte[] content) return null;
        var plain = Decompress(content, reference);
        var hash = EvidenceJson.Hash(plain);
        return hash == reference.Hash
            ? EvidenceJson.Read(plain)
            : throw Damaged(reference, $"expected content with hash {reference.Hash}, got {hash}");
    }

    public async Task<IReadOnlyList<EvidenceReference>> ListAsync(string incidentId, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(Sql["evidence_list"], incidentId, MaxListed);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var found = new List<EvidenceReference>();
        while (await reader.ReadAsync(cancellationToken))
        {
            found.Add(new EvidenceReference(
                incidentId, reader.GetInt32(0), reader.GetString(1), reader.GetInt32(2), reader.GetInt32(3), reader.GetInt32(4)));
        }

        return found;
    }

    private static byte[] Compress(byte[] plain)
    {
        using var buffer = new MemoryStream();
        using (var gzip = new GZipStream(buffer, CompressionLevel.Optimal, leaveOpen: true)) gzip.Write(plain);
        return buffer.ToArray();
    }

    // No further than the row says: damaged content must not fill the memory.
    private static byte[] Decompress(byte[] content, EvidenceReference reference)
    {
        var plain = new byte[reference.PlainBytes];
        try
        {
            using var gzip = new GZipStream(new MemoryStream(content), CompressionMode.Decompress);
            gzip.ReadExactly(plain);
            return plain;
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException)
        {
            throw Damaged(reference, $"expected {reference.PlainBytes} bytes, gzipped; {e.Message}", e);
        }
    }

    private static InvalidDataException Damaged(EvidenceReference reference, string why, Exception? inner = null) =>
        new($"Evidence of {reference.IncidentId}, step {reference.Step}: {why}. The row was changed after it was kept.", inner);
}
