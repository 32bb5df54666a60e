using System.Buffers;
using Microsoft.Extensions.Logging;

namespace Microsoft.Azure.Functions.Worker.Logging;

/// <summary>What an entry looks like on the console.</summary>
internal interface ILineFormat
{
    /// <summary>The format shows scopes. Nobody keeps them for one that does not.</summary>
    bool WantsScopes { get; }

    /// <summary>Writes an entry as UTF-8, its last line's end included.</summary>
    void Write(IBufferWriter<byte> line, in LineEntry entry, IExternalScopeProvider? scopes);
}

/// <summary>A log entry with its text.</summary>
internal readonly record struct LineEntry(LogLevel Level, string Category, int EventId, string Message, Exception? Exception);
