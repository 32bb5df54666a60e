using System.Security.Cryptography;
using System.Text.Json;

namespace Microsoft.Azure.Functions.Worker.Keys;

/// <summary>
/// The keys that the host made for itself: <c>{state folder}/host-keys.json</c>, readable by its user only (mode 0600).
/// Made at the first start that needs it; later starts, and other hosts on the same folder, read it.
/// </summary>
internal static class KeyFile
{
    private const string FileName = "host-keys.json";
    private const int KeyBytes = 32;

    private static readonly JsonSerializerOptions Indented = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public static string PathIn(string stateFolder) => Path.Combine(stateFolder, FileName);

    /// <exception cref="InvalidDataException">The file is there but holds no keys.</exception>
    public static KeySet ReadOrCreate(string stateFolder)
    {
        string path = PathIn(stateFolder);
        if (!File.Exists(path))
        {
            Create(path);
        }

        try
        {
            Content content = JsonSerializer.Deserialize<Content>(File.ReadAllBytes(path), Indented)
                ?? throw new JsonException("The file is null.");
            return new KeySet { Master = content.Master, Host = content.Host, System = content.System };
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException(
                $"'{path}' holds no keys: {exception.Message} Correct it, or delete it to have new keys made.", exception);
        }
    }

    private static void Create(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var content = new Content(
            NewKey(),
            new(StringComparer.Ordinal) { ["default"] = NewKey() },
            new(StringComparer.Ordinal) { [KeyRing.DurableTaskSystemKey] = NewKey() });
        // Written aside and moved, so that nobody reads half a file; a host that was faster wins, and its file is read.
        string draft = $"{path}.{Environment.ProcessId}";
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using (var stream = new FileStream(draft, options))
        {
            JsonSerializer.Serialize(stream, content, Indented);
        }

        try
        {
            File.Move(draft, path, overwrite: false);
        }
        catch (IOException) when (File.Exists(path))
        {
            File.Delete(draft);
        }
    }

    private static string NewKey() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(KeyBytes));

    private sealed record Content(string Master, Dictionary<string, string> Host, Dictionary<string, string> System);
}
