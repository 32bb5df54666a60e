using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;

namespace Heal.Drivers.Libvirt;

/// <summary>All faults of all hosts at once.</summary>
internal sealed partial class LibvirtOptionsValidator : IValidateOptions<LibvirtOptions>
{
    /// <summary>.NET's timers and libvirt's both take it.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    public ValidateOptionsResult Validate(string? name, LibvirtOptions options)
    {
        var faults = options.Hosts.OrderBy(host => host.Key, StringComparer.Ordinal)
            .SelectMany(host => FaultsOf(host.Key, host.Value)).ToList();
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }

    private static IEnumerable<string> FaultsOf(string name, LibvirtHostOptions options)
    {
        var subject = $"Heal:Libvirt:Hosts:{name}";
        if (!Names().IsMatch(name))
            yield return $"{subject}: the name is '{name}', expected 1 to 63 letters, digits, '-', '_' or '.'.";
        if (!Uri.TryCreate(options.Uri, UriKind.Absolute, out _))
            yield return $"{subject}:Uri is '{options.Uri}', expected a libvirt URI, for example qemu:///system.";
        if (options.MigrationUri.Length > 0 && !Uri.TryCreate(options.MigrationUri, UriKind.Absolute, out _))
        {
            yield return $"{subject}:MigrationUri is '{options.MigrationUri}', expected a URI with a scheme, for example "
                + "tcp://10.9.0.2, or nothing.";
        }

        foreach (var (key, value) in new[]
        {
            (nameof(options.CallTimeout), options.CallTimeout), (nameof(options.ConnectTimeout), options.ConnectTimeout),
            (nameof(options.BreakFor), options.BreakFor), (nameof(options.MaxReconnectDelay), options.MaxReconnectDelay),
        })
        {
            if (value <= TimeSpan.Zero || value > Longest)
                yield return $"{subject}:{key} is {value}, expected more than 0 and at most {Longest}.";
        }

        foreach (var (key, value, most) in new[]
        {
            (nameof(options.MaxThreads), options.MaxThreads, 64), (nameof(options.MaxMigrations), options.MaxMigrations, 16),
            (nameof(options.MaxCopies), options.MaxCopies, 16), (nameof(options.MaxWaiting), options.MaxWaiting, 10_000),
            (nameof(options.KeepAliveSeconds), options.KeepAliveSeconds, 3_600),
            (nameof(options.KeepAliveCount), options.KeepAliveCount, 100), (nameof(options.BreakAfter), options.BreakAfter, 1_000),
            (nameof(options.EventBacklog), options.EventBacklog, 1_000_000),
        })
        {
            if (value < 1 || value > most)
                yield return $"{subject}:{key} is {value}, expected 1 to {most}.";
        }
    }

    [GeneratedRegex(@"^[A-Za-z0-9._-]{1,63}$", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Names();
}
