using System.Text;
using System.Text.Json;

namespace Heal.Cli;

/// <summary>A definition as it was written. The healer reads it; here only the id is looked for.</summary>
internal sealed record VmFile(string Id, ReadOnlyMemory<byte> Content)
{
    /// <summary>More than the healer takes: what it refuses, it refuses in its own words.</summary>
    private const int MaximumBytes = 1 << 20;

    /// <param name="path">- for standard input.</param>
    /// <param name="id">Null: that of the definition.</param>
    public static async Task<VmFile> ReadAsync(string path, string? id, Screen screen, CancellationToken cancellationToken)
    {
        byte[] content = path == "-"
            ? await ReadInputAsync(screen, cancellationToken)
            : await ReadFileAsync(path, cancellationToken);
        return new VmFile(id ?? IdOf(path, content), content);
    }

    private static async Task<byte[]> ReadInputAsync(Screen screen, CancellationToken cancellationToken)
    {
        if (screen.CanAsk) screen.Note("heal: reading the definition from the terminal; Ctrl-D ends it");
        char[] buffer = new char[MaximumBytes + 1];
        int read = await screen.Input.ReadBlockAsync(buffer, cancellationToken);
        return read <= MaximumBytes ? Encoding.UTF8.GetBytes(buffer, 0, read) : throw TooLarge("standard input");
    }

    private static async Task<byte[]> ReadFileAsync(string path, CancellationToken cancellationToken)
    {
        if (Directory.Exists(path))
        {
            throw HealException.Usage($"'{Plain.Line(path)}' is a folder, expected a file", "Name the definition in it.");
        }

        try
        {
            await using FileStream file = File.OpenRead(path);
            byte[] buffer = new byte[MaximumBytes + 1];
            int read = await file.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
            return read <= MaximumBytes ? buffer[..read] : throw TooLarge($"'{Plain.Line(path)}'");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw HealException.Usage($"the definition cannot be read: {Plain.Line(e.Message)}", "Name a file, or - for standard input.");
        }
    }

    private static string IdOf(string path, byte[] content)
    {
        string source = path == "-" ? "standard input" : $"'{Plain.Line(path)}'";
        if (content.AsSpan().Trim(" \t\r\n"u8).IsEmpty)
        {
            throw HealException.Usage($"{source} is empty, expected a definition", "docs/operating/vms.md has one to begin with.");
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(content);
            Part id = new Part(document.RootElement)["id"];
            return id.Exists
                ? id.Raw
                : throw HealException.Usage($"the definition in {source} has no \"id\"", "Say --id ID, or write it into the definition.");
        }
        catch (JsonException e)
        {
            throw HealException.Usage(
                $"{source} is no JSON, in line {e.LineNumber + 1} at byte {e.BytePositionInLine + 1}: "
                + Plain.Line(e.Message.Split(" LineNumber:")[0]),
                "docs/operating/vms.md has a definition to begin with.");
        }
    }

    private static HealException TooLarge(string source) =>
        HealException.Usage($"{source} has more than {MaximumBytes} bytes", "A definition is small: large files belong into an image.");
}
