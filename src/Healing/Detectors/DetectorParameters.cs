using System.Globalization;
using System.Reflection;

namespace Heal.Healing;

/// <summary>The parameters of the detectors as a list: for checking them at start, and for the documentation.</summary>
public static class DetectorParameters
{
    private static readonly TimeSpan OneDay = TimeSpan.FromDays(1);

    /// <summary>All that is wrong with the settings; empty when they are usable.</summary>
    /// <param name="section">Where they stand in the configuration.</param>
    public static IEnumerable<string> Faults(DetectorSettings settings, string section) =>
        from detector in DetectorCatalogue.All(settings)
        from parameter in Of(detector.Value)
        let number = Number(parameter.Value)
        where !(number >= parameter.Rule.Minimum && number <= parameter.Rule.Maximum)
        select $"{section}:{detector.Setting}:{parameter.Name}: expected {Range(parameter)}, got {Show(parameter.Value)}.";

    /// <summary>The page <c>docs/operating/detectors.md</c>, from its first detector on.</summary>
    public static string Document()
    {
        var page = new System.Text.StringBuilder();
        foreach (var (setting, value, detector) in DetectorCatalogue.All(new DetectorSettings()))
        {
            page.Append(CultureInfo.InvariantCulture, $"## {detector.Info.Name}\n\n");
            page.Append(CultureInfo.InvariantCulture, $"Fires: {detector.Info.Fires}\n\n");
            page.Append(CultureInfo.InvariantCulture, $"Does not fire on: {detector.Info.Spares}\n\n");
            page.Append(CultureInfo.InvariantCulture,
                $"Looks at: {string.Join(", ", detector.Info.Kinds)}. Alert: `{string.Join("`, `", detector.Info.Alerts)}`.\n\n");
            if (detector.Info.ForPeople is { } why) page.Append(CultureInfo.InvariantCulture, $"For people, without a workflow: {why}\n\n");
            page.Append(CultureInfo.InvariantCulture, $"| Setting below `{setting}` | Meaning | Values | Default |\n|---|---|---|---|\n");
            page.Append("| `Enabled` | Whether it runs | `true`, `false` | `true` |\n");
            foreach (var parameter in Of(value))
            {
                page.Append(CultureInfo.InvariantCulture,
                    $"| `{parameter.Name}` | {parameter.Rule.Meaning} | {Range(parameter)} | `{Show(parameter.Value)}` |\n");
            }

            page.Append('\n');
        }

        return page.ToString().TrimEnd('\n') + "\n";
    }

    private static IEnumerable<Parameter> Of(DetectorSetting setting) =>
        from property in setting.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance)
        let rule = property.GetCustomAttribute<ParameterAttribute>()
        where rule is not null
        // A detector's own parameters come before what all have.
        orderby property.DeclaringType == typeof(DetectorSetting), property.MetadataToken
        select new Parameter(property.Name, rule, property.GetValue(setting)!);

    private static double Number(object value) =>
        value is TimeSpan time ? time.TotalSeconds : Convert.ToDouble(value, CultureInfo.InvariantCulture);

    private static string Range(Parameter parameter)
    {
        var (minimum, maximum) = (parameter.Rule.Minimum, parameter.Rule.Maximum);
        return parameter.Value is TimeSpan
            ? $"{Show(TimeSpan.FromSeconds(minimum))} to {Show(TimeSpan.FromSeconds(maximum))}"
            : string.Create(CultureInfo.InvariantCulture, $"{minimum} to {maximum}");
    }

    private static string Show(object value) => value switch
    {
        TimeSpan time when time >= OneDay => time.ToString(@"d\.hh\:mm\:ss", CultureInfo.InvariantCulture),
        TimeSpan time => time.ToString(@"hh\:mm\:ss", CultureInfo.InvariantCulture),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    private sealed record Parameter(string Name, ParameterAttribute Rule, object Value);
}
