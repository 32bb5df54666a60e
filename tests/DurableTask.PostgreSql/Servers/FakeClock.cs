using System.Globalization;

namespace Heal.DurableTask.PostgreSql.Tests.Servers;

/// <summary>A wall clock for a process, that a test can set: libfaketime, which the Debian package of that name installs.</summary>
internal sealed class FakeClock : IDisposable
{
    private readonly string _file = Path.Combine(Path.GetTempPath(), "heal-clock-" + Guid.NewGuid().ToString("N")[..12]);

    public FakeClock()
    {
        Set(0);
        string library = Directory.Exists("/usr/lib")
            ? Directory.EnumerateFiles("/usr/lib", "libfaketime.so.1", SearchOption.AllDirectories).FirstOrDefault() ?? "" : "";
        Environment = library.Length > 0
            ? new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["LD_PRELOAD"] = library,
                ["FAKETIME_TIMESTAMP_FILE"] = _file,
                ["FAKETIME_NO_CACHE"] = "1",
                ["FAKETIME_DISABLE_SHM"] = "1",
                ["FAKETIME_DONT_FAKE_MONOTONIC"] = "1",
                ["DONT_FAKE_MONOTONIC"] = "1",
            }
            : throw new InvalidOperationException(
                "These tests need libfaketime. ./test.sh installs it; by hand: apt-get install libfaketime.");
    }

    /// <summary>For the process whose clock it is.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; }

    /// <summary>So many seconds before or after the real time, from now on.</summary>
    public void Set(int seconds)
    {
        string next = _file + ".next";
        File.WriteAllText(next, seconds.ToString("+0;-0;+0", CultureInfo.InvariantCulture) + "\n");
        File.Move(next, _file, overwrite: true);
    }

    public void Dispose() => File.Delete(_file);
}
