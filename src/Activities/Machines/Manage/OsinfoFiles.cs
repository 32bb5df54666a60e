using System.Xml;
using System.Xml.Linq;
using Heal.Healing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Heal.Activities;

/// <summary>The data of osinfo-db (plain XML; libosinfo is not needed), read once, when first asked for. Absent: nothing is
/// known.</summary>
internal sealed partial class OsinfoFiles(IOptions<VmManagerOptions> options, ILogger<OsinfoFiles> logger)
{
    private const int MaximumFiles = 5_000;
    private const long MaximumFileBytes = 4 << 20;

    private readonly Lazy<OsCatalogue> _catalogue = new(() => Read(options.Value.OsinfoFolder, logger));

    public OsCatalogue Catalogue => _catalogue.Value;

    private static OsCatalogue Read(string folder, ILogger logger)
    {
        var systems = Path.Combine(folder, "os");
        if (!Directory.Exists(systems))
        {
            Log.Absent(logger, systems);
            return OsCatalogue.Empty;
        }

        var documents = new List<XDocument>();
        foreach (var file in Directory.EnumerateFiles(systems, "*.xml", SearchOption.AllDirectories).Take(MaximumFiles))
        {
            try
            {
                if (new FileInfo(file).Length > MaximumFileBytes) continue;
                using var reader = XmlReader.Create(
                    file, new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null });
                documents.Add(XDocument.Load(reader));
            }
            catch (Exception e) when (e is XmlException or IOException or UnauthorizedAccessException)
            {
                Log.Unreadable(logger, file, e.Message);
            }
        }

        var catalogue = OsCatalogue.Of(documents);
        Log.Loaded(logger, catalogue.Count, systems);
        return catalogue;
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning,
            "{Folder} is not there: defaults for operating systems are guessed. Debian package osinfo-db brings it.")]
        public static partial void Absent(ILogger logger, string folder);

        [LoggerMessage(2, LogLevel.Warning, "{File} is left out: {Reason}")]
        public static partial void Unreadable(ILogger logger, string file, string reason);

        [LoggerMessage(3, LogLevel.Information, "{Count} operating systems known from {Folder}")]
        public static partial void Loaded(ILogger logger, int count, string folder);
    }
}
