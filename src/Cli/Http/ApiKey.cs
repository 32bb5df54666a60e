using System.Text.Json;

namespace Heal.Cli;

/// <summary>Where the key comes from. Never from an argument: arguments stand in the list of processes, for everybody.</summary>
internal static class ApiKey
{
    private const int MaximumFileBytes = 64 * 1024;
    private const int MaximumLength = 1_024;
    private const string Expected = "a file with the key on one line, or the keys.json that start.sh makes";

    /// <param name="isAdmin">The master key is wanted, of a file that has several.</param>
    public static string FromFile(string path, bool isAdmin, Screen screen)
    {
        string text = Read(path, screen).Trim();
        return Checked(text.StartsWith('{') ? FromJson(path, text, isAdmin) : text, $"key file '{Plain.Line(path)}'");
    }

    /// <exception cref="HealException">It can be no key. The text itself is not shown.</exception>
    public static string Checked(string key, string source) =>
        key.Length is > 0 and <= MaximumLength && key.All(c => c is > ' ' and <= '~')
            ? key
            : throw HealException.Usage(
                $"{source} has no key: expected 1 to {MaximumLength} printable characters without spaces on one line",
                "docs/operating/command-line.md says where keys come from.");

    private static string Read(string path, Screen screen)
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            if (file.Length > MaximumFileBytes) throw Unusable($"it has more than {MaximumFileBytes} bytes");
            if (OthersMayRead(file))
            {
                screen.Note($"heal: warning: others may read '{Plain.Line(path)}'. Make it yours alone: chmod 600 FILE");
            }

            using var reader = new StreamReader(file);
            return reader.ReadToEnd();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unusable(Plain.Line(e.Message));
        }

        HealException Unusable(string why) =>
            HealException.Usage($"key file '{Plain.Line(path)}' cannot be read: {why}", $"Expected {Expected}.");
    }

    private static bool OthersMayRead(FileStream file) => !OperatingSystem.IsWindows()
        && (File.GetUnixFileMode(file.SafeFileHandle) & (UnixFileMode.GroupRead | UnixFileMode.OtherRead)) != UnixFileMode.None;

    private static string FromJson(string path, string text, bool isAdmin)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            var keys = new Part(document.RootElement);
            Part key = isAdmin ? keys["master"] : keys["host"]["default"];
            if (!key.Exists && !isAdmin) key = keys["master"];
            if (key.Exists) return key.Raw;
        }
        catch (JsonException)
        {
            // the message would quote the file
        }

        string member = isAdmin ? "\"master\"" : "\"host\": { \"default\": ... }";
        throw HealException.Usage($"key file '{Plain.Line(path)}' is no JSON with {member}", $"Expected {Expected}.");
    }
}
