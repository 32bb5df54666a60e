using System.Globalization;

namespace Heal.DurableTask.Simulation.Tests.World;

/// <summary>What happened, as a hash that two runs of one seed must share, and as text when somebody wants to read it.</summary>
internal sealed class Trace(TextWriter? readable)
{
    private const ulong Prime = 0x100000001b3;

    private Func<long> _now = static () => 0;

    /// <summary>FNV-1a over all that was mixed in.</summary>
    public ulong Hash { get; private set; } = 0xcbf29ce484222325;

    public void UseClock(Func<long> now) => _now = now;

    public void Mix(int one, int other)
    {
        Hash = (Hash ^ (uint)one) * Prime;
        Hash = (Hash ^ (uint)other) * Prime;
    }

    public void Write(string line)
    {
        foreach (char letter in line)
        {
            Hash = (Hash ^ letter) * Prime;
        }

        readable?.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"{TimeSpan.FromTicks(_now()).TotalSeconds,14:F6}  {line}"));
    }

    /// <summary>For what is too dear to put together on every run, and must not be in the hash (it may hold random ids).</summary>
    public void Explain(Func<string> line) => readable?.WriteLine($"{"",16}{line()}");
}
