namespace Heal.Healing;

/// <summary>Bounds on what an alert may carry. Beyond them an alert is refused (identity) or cut (annotations), never half read.</summary>
public static class AlertLimits
{
    /// <summary>Alerts in one payload. Alertmanager itself cuts far below when <c>max_alerts</c> is set.</summary>
    public const int Alerts = 1_000;

    /// <summary>Labels, and likewise annotations, of one alert.</summary>
    public const int Labels = 64;

    /// <summary>Characters of a label or annotation name.</summary>
    public const int NameLength = 128;

    /// <summary>Characters of a label value; a longer one is refused, because a cut label would name another object.</summary>
    public const int LabelLength = 1_024;

    /// <summary>Characters of an annotation; a longer one is cut.</summary>
    public const int AnnotationLength = 2_048;

    /// <summary>Faults that one answer lists; the rest is counted only.</summary>
    public const int Faults = 50;
}
