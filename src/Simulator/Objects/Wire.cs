using System.Text.Encodings.Web;
using System.Text.Json;

namespace Heal.Simulator.Objects;

/// <summary>
/// How JSON leaves the server. Relaxed escaping: the answers are never embedded in HTML, and quotes in messages stay readable.
/// </summary>
internal static class Wire
{
    public static readonly JsonSerializerOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
