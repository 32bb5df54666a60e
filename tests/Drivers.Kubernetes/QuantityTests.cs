using Heal.Drivers.Kubernetes.Models;

namespace Heal.Drivers.Kubernetes.Tests;

public sealed class QuantityTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("1500m", 1.5)]
    [InlineData("1e3", 1000)]
    [InlineData("2E", 2e18)]
    [InlineData("1Ki", 1024)]
    [InlineData("-5k", -5000)]
    [InlineData(".5", 0.5)]
    public void Amounts_are_read_as_kubernetes_writes_them(string text, double expected) =>
        Assert.Equal((decimal)expected, Quantity.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData(null)]
    [InlineData("many")]
    [InlineData("1Xi")]
    [InlineData("99999999999999999999999E")]
    public void What_is_no_amount_is_null(string? text) => Assert.Null(Quantity.Parse(text));
}
