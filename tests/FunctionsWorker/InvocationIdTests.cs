using Microsoft.Azure.Functions.Worker.Invocation;

namespace Heal.FunctionsWorker.Tests;

public sealed class InvocationIdTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Each_is_a_UUID_of_version_7_of_the_present_millisecond()
    {
        var id = Guid.Parse(new InvocationIds(new ManualTime(Noon)).Next());
        Assert.Equal(7, id.Version);
        Assert.InRange(id.Variant, 0x8, 0xB);
        byte[] bytes = id.ToByteArray(bigEndian: true);
        Assert.Equal(Noon.ToUnixTimeMilliseconds(), Convert.ToInt64(Convert.ToHexString(bytes[..6]), 16));
    }

    [Fact]
    public void None_comes_twice_from_one_process_or_from_two()
    {
        var time = new ManualTime(Noon);
        var one = new InvocationIds(time);
        var other = new InvocationIds(time);
        var ids = new string[100_000];
        Parallel.For(0, ids.Length, i => ids[i] = (i % 2 == 0 ? one : other).Next());
        Assert.Equal(ids.Length, ids.Distinct(StringComparer.Ordinal).Count());
    }
}
