using System.Text.Json;
using Microsoft.Azure.Functions.Worker.Store;

namespace Microsoft.Azure.Functions.Worker.Keys;

/// <summary>
/// Keys in plain text, in files of the state folder. <c>host-keys.json</c> as hosts wrote it before keys were hashed: taken over at the
/// first start, then gone. <c>new-keys.json</c>: keys that this host has just made, for the operator to read, once; no host reads it.
/// </summary>
internal static class PlainKeyFile
{
    private const string NewKeys = "new-keys";
    private const int MostFiles = 100;

    private static readonly JsonSerializerOptions Indented = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public static string OldPath(string folder) => Path.Combine(folder, FileHostStore.KeysName);

    /// <summary>Null when there is no such file, or its keys are hashed already.</summary>
    /// <exception cref="InvalidDataException">The file is there but holds no keys.</exception>
    public static KeySet? ReadOld(string folder)
    {
        string path = OldPath(folder);
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            if (document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("keys", out _))
            {
                return null;
            }

            Content content = document.Deserialize<Content>(Indented) ?? throw new JsonException("The file is null.");
            return new KeySet
            {
                Master = content.Master,
                Host = content.Host ?? [],
                System = content.System ?? [],
            };
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException(
                $"'{path}' holds no keys: {exception.Message} Correct it, or delete it to have new keys made.", exception);
        }
    }

    /// <summary>Writes keys into a file of their own, mode 0600.</summary>
    /// <returns>The file's path.</returns>
    public static string WriteNew(string folder, IReadOnlyList<(KeyId Id, string Value)> keys)
    {
        Directory.CreateDirectory(folder);
        var content = new Content(
            keys.FirstOrDefault(static key => key.Id.Kind == KeyKind.Master).Value,
            Named(keys, KeyKind.Host),
            Named(keys, KeyKind.System));
        for (int i = 1; ; i++)
        {
            string path = Path.Combine(folder, i == 1 ? $"{NewKeys}.json" : $"{NewKeys}-{i}.json");
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            try
            {
                using var stream = new FileStream(path, options);
                JsonSerializer.Serialize(stream, content, Indented);
                return path;
            }
            catch (IOException) when (File.Exists(path) && i < MostFiles)
            {
                // What was written before may not have been read yet: it stays.
            }
        }
    }

    private static Dictionary<string, string> Named(IReadOnlyList<(KeyId Id, string Value)> keys, KeyKind kind) => keys
        .Where(key => key.Id.Kind == kind)
        .ToDictionary(static key => key.Id.Name, static key => key.Value, StringComparer.Ordinal);

    private sealed record Content(string? Master, Dictionary<string, string>? Host, Dictionary<string, string>? System);
}
