using System.Text;
using System.Text.Json;
using Heal.Drivers.Kubernetes.Models;

namespace Heal.Drivers.Kubernetes.Tests.Caching;

public sealed class PoolTests
{
    private const string Json = """
        {"metadata":{"name":"a","namespace":"shop","labels":{"app":"web"},"managedFields":[{"manager":"kubectl"}]},
         "spec":{"nodeName":"n1","dnsPolicy":"ClusterFirst","tolerations":[{"key":"k","value":"v\u00e9"}],"absent":null} }
        """;

    [Fact]
    public void Equal_texts_and_fields_of_two_objects_are_one_and_all_of_them_are_there()
    {
        var first = Read();
        var second = Read();
        Assert.Same(first.Metadata.Labels!.Keys.Single(), second.Metadata.Labels!.Keys.Single());
        Assert.Same(first.Spec!.NodeName, second.Spec!.NodeName);
        Assert.Equal(JsonValueKind.Null, first.Spec.OtherFields!["absent"].ValueKind);
        Assert.Equal("v\u00e9", second.Spec.OtherFields!["tolerations"][0].GetProperty("value").GetString());
        Assert.Null(first.Metadata.ManagedFields);
        var written = first.ToJson();
        Assert.Equal("ClusterFirst", written["spec"]!["dnsPolicy"]!.GetValue<string>());
    }

    [Fact]
    public void What_does_not_fit_into_the_pool_is_handed_out_unshared()
    {
        var pool = new ElementPool();
        using var large = JsonDocument.Parse($"\"{new string('x', ElementPool.MaxBytes)}\"");
        Assert.Equal(ElementPool.MaxBytes, pool.Get(large.RootElement).GetString()!.Length);
        var texts = new TextPool();
        Assert.Equal("", texts.Get([]));
        var long1 = Encoding.UTF8.GetBytes(new string('y', TextPool.MaxBytes + 1));
        Assert.NotSame(texts.Get(long1), texts.Get(long1));
        Assert.Equal("\u00fc", texts.Get(Encoding.UTF8.GetBytes("\u00fc")));
        Assert.Same(texts.Get("z"u8), texts.Get("z"u8));
    }

    private static Pod Read() => JsonSerializer.Deserialize<Pod>(Json, TrimmedJson.For(new ObjectTrim()))!;
}
