using System.Globalization;

namespace Heal.Shared.Tests;

/// <summary>A wall clock for a process, that a test can set: libfaketime, which the Debian package of that name installs.</summary>
internal sealed class FakeClock : IDisposable
{
    private const string FileVariable = "FAKETIME_TIMESTAMP_FILE";

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
                [FileVariable] = _file,
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
    public void Set(int seconds) => Set(_file, seconds);

    /// <summary>In the process whose clock it is: puts it right.</summary>
    public static void SetRight() => Set(System.Environment.GetEnvironmentVariable(FileVariable)!, 0);

    public void Dispose() => File.Delete(_file);

    private static void Set(string file, int seconds)
    {
        string next = file + ".next";
        File.WriteAllText(next, seconds.ToString("+0;-0;+0", CultureInfo.InvariantCulture) + "\n");
        File.Move(next, file, overwrite: true);
    }
}
