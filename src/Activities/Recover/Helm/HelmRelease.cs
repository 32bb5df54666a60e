using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Heal.Activities;

/// <summary>
/// One revision of a Helm release, as Helm 3 keeps it: a Secret of type helm.sh/release.v1 whose <c>release</c> is JSON, gzipped and
/// written
/// in base64 once by Helm and once by Kubernetes. It may hold secrets (values, manifests): it is read where it is needed and kept nowhere.
/// </summary>
internal sealed record HelmRelease(string Name, int Version, string Status, JsonObject Secret, JsonObject Content)
{
    public const string SecretType = "helm.sh/release.v1";

    /// <summary>Annotation by which an object of a release says which.</summary>
    public const string NameMark = "meta.helm.sh/release-name";

    public const string NamespaceMark = "meta.helm.sh/release-namespace";

    /// <summary>Unpacked, a release may have this many bytes.</summary>
    public const int MaxBytes = 32 << 20;

    public string Manifest => Content.Text("manifest") ?? "";

    public static string SecretName(string release, int version) =>
        string.Create(CultureInfo.InvariantCulture, $"sh.helm.release.v1.{release}.v{version}");

    /// <summary>All revisions of a release that are kept, the newest first.</summary>
    public static async Task<IReadOnlyList<HelmRelease>> HistoryAsync(
        ActionTools tools, string ns, string release, CancellationToken cancellationToken)
    {
        var secrets = await tools.ListAsync(Kinds.Secret, ns, cancellationToken, $"owner=helm,name={release}");
        return [.. secrets.Select(Read).OfType<HelmRelease>().OrderByDescending(item => item.Version)];
    }

    /// <summary>Null when the Secret is no release that can be read.</summary>
    public static HelmRelease? Read(JsonObject secret)
    {
        if (secret.Text("type") != SecretType || secret.Text("data", "release") is not { } data) return null;
        if (!int.TryParse(secret.Label("version"), NumberStyles.None, CultureInfo.InvariantCulture, out var version)) return null;
        try
        {
            var packed = Convert.FromBase64String(Encoding.ASCII.GetString(Convert.FromBase64String(data)));
            var content = JsonNode.Parse(Unpack(packed)) as JsonObject;
            return content is null ? null
                : new HelmRelease(secret.Label("name") ?? "", version, secret.Label("status") ?? "", secret, content);
        }
        catch (Exception e) when (e is FormatException or InvalidDataException or JsonException)
        {
            return null;
        }
    }

    public static string Pack(JsonObject content)
    {
        using var buffer = new MemoryStream();
        using (var zip = new GZipStream(buffer, CompressionLevel.Optimal, leaveOpen: true))
        {
            zip.Write(Encoding.UTF8.GetBytes(content.ToJsonString()));
        }

        return Convert.ToBase64String(Encoding.ASCII.GetBytes(Convert.ToBase64String(buffer.ToArray())));
    }

    /// <summary>Whether its workloads were once in place: superseded means that a later revision took over from it.</summary>
    public bool WasDeployed => Status is "superseded" or "deployed";

    /// <summary>The objects of its manifest, hooks apart.</summary>
    public IReadOnlyList<JsonObject> Objects() => ManifestReader.Read(Manifest);

    /// <summary>A manifest with the marks that Helm sets when it installs.</summary>
    public static JsonObject Owned(JsonObject manifest, string release, string ns)
    {
        var body = manifest.DeepClone().AsObject();
        if (body["metadata"] is not JsonObject metadata) body["metadata"] = metadata = new JsonObject();
        if (metadata["annotations"] is not JsonObject annotations) metadata["annotations"] = annotations = new JsonObject();
        if (metadata["labels"] is not JsonObject labels) metadata["labels"] = labels = new JsonObject();
        annotations[NameMark] = release;
        annotations[NamespaceMark] = ns;
        labels["app.kubernetes.io/managed-by"] = "Helm";
        return body;
    }

    private static byte[] Unpack(byte[] packed)
    {
        // Helm 2 wrote without compression, and Helm 3 reads that still.
        if (packed is not [0x1f, 0x8b, ..]) return packed;
        using var zip = new GZipStream(new MemoryStream(packed), CompressionMode.Decompress);
        using var plain = new MemoryStream();
        var chunk = new byte[64 << 10];
        int read;
        while ((read = zip.Read(chunk)) > 0)
        {
            plain.Write(chunk, 0, read);
            if (plain.Length > MaxBytes) throw new InvalidDataException($"A release of more than {MaxBytes} bytes is not read.");
        }

        return plain.ToArray();
    }
}
