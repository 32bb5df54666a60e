using System.Net;
using Heal.FunctionsWorker.Tests.Support;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Keys;

namespace Heal.FunctionsWorker.Tests.Keys;

public sealed class WrongKeyTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public async Task An_address_that_tries_too_many_wrong_keys_is_told_to_wait_and_its_valid_keys_open_all_the_same()
    {
        await using TestHost host = await TestHost.StartAsync(
            settings: new(StringComparer.Ordinal) { ["FUNCTIONS_WRONG_KEYS_PER_MINUTE"] = "3" });
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(HttpStatusCode.Unauthorized, (await host.GetAsync("/api/Echo", $"wrong-key-number-{i}")).StatusCode);
        }

        HttpResponseMessage refused = await host.GetAsync("/api/Echo?code=wrong-key-in-the-query", key: null);

        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 20);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await host.GetAsync("/admin/host/status", TestHost.HostKey)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/api/Echo")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await host.GetAsync("/api/Echo", key: null)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/api/Text", "wrong-key-number-9")).StatusCode);
        Assert.DoesNotContain("wrong-key", host.Log.All, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_limit_that_is_no_number_ends_the_start()
    {
        HostStartupException exception = await Assert.ThrowsAsync<HostStartupException>(() => TestHost.StartAsync(
            settings: new(StringComparer.Ordinal) { ["FUNCTIONS_WRONG_KEYS_PER_MINUTE"] = "none" }));
        Assert.Contains("FUNCTIONS_WRONG_KEYS_PER_MINUTE: is 'none', expected", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Tries_come_back_with_time()
    {
        var limiter = new WrongKeyLimiter(2, _time);
        Assert.Null(limiter.Count(Address(1)));
        Assert.Null(limiter.Count(Address(1)));
        Assert.Equal(TimeSpan.FromSeconds(30), limiter.Count(Address(1)));
        Assert.Null(limiter.Count(Address(2)));
        _time.Advance(TimeSpan.FromSeconds(30));
        Assert.Null(limiter.Count(Address(1)));
        Assert.NotNull(limiter.Count(Address(1)));
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Null(limiter.Count(Address(1)));
        Assert.Null(limiter.Count(Address(1)));
        Assert.NotNull(limiter.Count(Address(1)));
    }

    [Fact]
    public void An_ipv6_network_is_one_address_and_a_mapped_address_is_that_of_ipv4()
    {
        var limiter = new WrongKeyLimiter(1, _time);
        Assert.Null(limiter.Count(IPAddress.Parse("2001:db8:1:2::1")));
        Assert.NotNull(limiter.Count(IPAddress.Parse("2001:db8:1:2:ffff::2")));
        Assert.Null(limiter.Count(IPAddress.Parse("2001:db8:1:3::1")));
        Assert.Null(limiter.Count(IPAddress.Parse("192.0.2.1")));
        Assert.NotNull(limiter.Count(IPAddress.Parse("::ffff:192.0.2.1")));
    }

    [Fact]
    public void The_addresses_that_are_kept_are_bounded()
    {
        var limiter = new WrongKeyLimiter(1, _time);
        for (int i = 0; i < WrongKeyLimiter.MaxAddresses + 100; i++)
        {
            limiter.Count(Address(i));
        }

        Assert.InRange(limiter.Addresses, WrongKeyLimiter.MaxAddresses, WrongKeyLimiter.MaxAddresses + 1);
        Assert.NotNull(limiter.Count(Address(WrongKeyLimiter.MaxAddresses + 200)));
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Null(limiter.Count(Address(WrongKeyLimiter.MaxAddresses + 200)));
        Assert.Equal(1, limiter.Addresses);
    }

    private static IPAddress Address(int number) => new([10, (byte)(number >> 16), (byte)(number >> 8), (byte)number]);
}
