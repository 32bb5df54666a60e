using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Configuration;

namespace Microsoft.Azure.Functions.Worker.Keys;

/// <summary>
/// How many wrong keys an address may try: a bucket of <paramref name="perMinute"/> tries that fills up again over a minute. Who has
/// none left is told to wait; who brings a valid key is let in all the same. IPv6 addresses count by their /64, which one caller has whole.
/// </summary>
internal sealed class WrongKeyLimiter(int perMinute, TimeProvider time)
{
    /// <summary>Addresses that are kept count of; when there are more, those without recent tries are forgotten, and if there are none, the
    /// others share one bucket.</summary>
    public const int MaxAddresses = 10_000;

    private const string Setting = "FUNCTIONS_WRONG_KEYS_PER_MINUTE";
    private const int DefaultPerMinute = 30;
    private const int PrefixBytes = 8;

    private static readonly IPAddress Shared = IPAddress.None;

    private readonly ConcurrentDictionary<IPAddress, Bucket> _buckets = new();

    public static int Read(IConfiguration configuration, List<string> faults)
    {
        string text = configuration[Setting] is { Length: > 0 } set ? set : DefaultPerMinute.ToString(CultureInfo.InvariantCulture);
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count is >= 1 and <= 100_000)
        {
            return count;
        }

        faults.Add($"setting {Setting}: is '{text}', expected a number from 1 to 100000");
        return DefaultPerMinute;
    }

    public int Addresses => _buckets.Count;

    /// <summary>Counts a wrong key.</summary>
    /// <returns>Null: it was one of the tries that the address has; else how long until the next one.</returns>
    public TimeSpan? Count(IPAddress? address)
    {
        IPAddress key = KeyOf(address ?? Shared);
        if (!_buckets.ContainsKey(key) && _buckets.Count >= MaxAddresses)
        {
            ForgetFull();
            key = _buckets.Count >= MaxAddresses ? Shared : key;
        }

        return _buckets.GetOrAdd(key, _ => new(perMinute, time)).Take();
    }

    private void ForgetFull()
    {
        foreach ((IPAddress address, Bucket bucket) in _buckets)
        {
            if (bucket.IsFull)
            {
                _buckets.TryRemove(address, out _);
            }
        }
    }

    private static IPAddress KeyOf(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            return address.MapToIPv4();
        }

        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return address;
        }

        byte[] bytes = address.GetAddressBytes();
        Array.Clear(bytes, PrefixBytes, bytes.Length - PrefixBytes);
        return new(bytes);
    }

    // Not System.Threading.RateLimiting: its bucket reads the machine's clock, not the injected one.
    private sealed class Bucket(int perMinute, TimeProvider time)
    {
        private readonly Lock _gate = new();
        private double _tokens = perMinute;
        private long _at = time.GetTimestamp();

        public bool IsFull
        {
            get
            {
                lock (_gate)
                {
                    Fill();
                    return _tokens >= perMinute;
                }
            }
        }

        public TimeSpan? Take()
        {
            lock (_gate)
            {
                Fill();
                if (_tokens < 1)
                {
                    return TimeSpan.FromMinutes((1 - _tokens) / perMinute);
                }

                _tokens--;
                return null;
            }
        }

        private void Fill()
        {
            long now = time.GetTimestamp();
            _tokens = Math.Min(perMinute, _tokens + (time.GetElapsedTime(_at, now).TotalMinutes * perMinute));
            _at = now;
        }
    }
}
