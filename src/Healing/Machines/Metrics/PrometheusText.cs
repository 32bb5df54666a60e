using System.Globalization;
using System.Text;

namespace Heal.Healing;

/// <summary>Measurements in Prometheus' text format 0.0.4, under the names of the common libvirt exporters.</summary>
public static class PrometheusText
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    public static string Of(IEnumerable<MachineMeasurement> measurements)
    {
        var text = new StringBuilder(16 * 1024);
        var groups = measurements.GroupBy(measurement => measurement.Metric);
        foreach (var group in groups.OrderBy(group => group.Key.ExporterName, StringComparer.Ordinal))
        {
            var name = group.Key.ExporterName;
            text.Append("# HELP ").Append(name).Append(' ').Append(group.Key.Help).Append('\n');
            text.Append("# TYPE ").Append(name).Append(' ').Append(group.Key.IsCounter ? "counter" : "gauge").Append('\n');
            foreach (var measurement in group)
            {
                text.Append(name).Append('{');
                for (var i = 0; i < measurement.Labels.Count; i++)
                {
                    var (label, value) = measurement.Labels[i];
                    if (i > 0) text.Append(',');
                    text.Append(label).Append("=\"");
                    Escape(text, value);
                    text.Append('"');
                }

                text.Append("} ").Append(measurement.Value.ToString("R", CultureInfo.InvariantCulture)).Append('\n');
            }
        }

        return text.ToString();
    }

    // By runes: half a character becomes the replacement character, because UTF-8 cannot carry it.
    private static void Escape(StringBuilder text, string value)
    {
        foreach (var rune in value.EnumerateRunes())
        {
            switch (rune.Value)
            {
                case '\\':
                    text.Append("\\\\");
                    break;
                case '"':
                    text.Append("\\\"");
                    break;
                case '\n':
                    text.Append("\\n");
                    break;
                default:
                    text.Append(rune.ToString());
                    break;
            }
        }
    }
}
