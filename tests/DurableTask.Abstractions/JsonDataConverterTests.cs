using Microsoft.DurableTask.Converters;
using Microsoft.DurableTask.Entities;

namespace Heal.DurableTask.Abstractions.Tests;

public class JsonDataConverterTests
{
    private readonly JsonDataConverter _converter = JsonDataConverter.Default;

    [Fact]
    public void Null_is_no_text_and_no_text_is_null()
    {
        Assert.Null(_converter.Serialize(null));
        Assert.Null(_converter.Deserialize(null, typeof(string)));
        Assert.Equal(0, _converter.Deserialize<int>(null));
    }

    [Fact]
    public void Fields_are_included()
    {
        var text = _converter.Serialize(new WithField { Field = 7 });

        Assert.Equal("""{"Field":7}""", text);
        Assert.Equal(7, _converter.Deserialize<WithField>(text)!.Field);
    }

    [Fact]
    public void Given_options_are_used_as_they_are() =>
        Assert.Equal("{}", new JsonDataConverter(new()).Serialize(new WithField()));

    [Fact]
    public void An_entity_id_is_one_string()
    {
        var id = new EntityInstanceId("Counter", "a@b");

        Assert.Equal("\"@counter@a@b\"", _converter.Serialize(id));
        Assert.Equal(id, _converter.Deserialize<EntityInstanceId>("\"@counter@a@b\""));
    }

    private sealed class WithField
    {
        public int Field;
    }
}
