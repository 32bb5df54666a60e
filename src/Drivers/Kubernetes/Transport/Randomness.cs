using System.Security.Cryptography;

namespace Heal.Drivers.Kubernetes.Transport;

/// <summary>Chance for jitter: from a seeded Random in tests, else from the system. Thread-safe.</summary>
internal sealed class Randomness(Random? seeded)
{
    private const int Steps = 1 << 24;

    private readonly Lock _lock = new();

    /// <summary>At least 0, less than 1.</summary>
    public double NextDouble()
    {
        if (seeded is null)
            return RandomNumberGenerator.GetInt32(Steps) / (double)Steps;
        lock (_lock)
            return seeded.NextDouble();
    }
}
