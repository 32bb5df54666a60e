namespace Heal.Healing.Tests;

/// <summary>The mark in a domain's metadata, which people write too.</summary>
public sealed class VmMarkTests
{
    [Fact]
    public void What_is_written_is_read_back()
    {
        var mark = VmMark.Of(Vm.Blueprint(Vm.Web.Replace("\"vcpus\": 2",
            "\"vcpus\": 2, \"autonomy\": \"act\", \"metadata\": { \"a\": \"<\" }")));
        var read = VmMark.Parse(mark.ToXml().ToString())!;
        Assert.Equal((mark.Definition, mark.Digest, VmDesired.Running, Autonomy.Act), (read.Definition, read.Digest, read.Desired,
            read.Autonomy));
        Assert.Equal("<", read.Labels["a"]);
    }

    [Fact]
    public void What_libvirt_gets_has_no_namespace_because_libvirt_puts_it_in()
    {
        var mark = VmMark.Of(Vm.Blueprint(Vm.Web.Replace("\"vcpus\": 2", "\"vcpus\": 2, \"metadata\": { \"a\": \"b\" }")));
        Assert.DoesNotContain("xmlns", mark.ToPlainText());
        Assert.Equal("b", VmMark.Parse(mark.ToPlainText())!.Labels["a"]);
    }

    [Fact]
    public void A_mark_by_hand_needs_no_definition()
    {
        var mark = VmMark.Parse("<vm desired='running' autonomy='approve'/>")!;
        Assert.Equal(("", VmDesired.Running, Autonomy.Approve), (mark.Definition, mark.Desired!.Value, mark.Autonomy!.Value));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("<vm")]
    [InlineData("<other xmlns='urn:heal:vm:1'/>")]
    [InlineData("<vm xmlns='urn:somebody:else'/>")]
    [InlineData("<!DOCTYPE vm [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><vm definition='&x;'/>")]
    public void What_is_no_mark_is_none(string? xml) => Assert.Null(VmMark.Parse(xml));

    [Fact]
    public void An_attribute_that_makes_no_sense_counts_as_absent()
    {
        var mark = VmMark.Parse("<vm xmlns='urn:heal:vm:1' definition='a' desired='maybe' autonomy='7'/>")!;
        Assert.Null(mark.Desired);
        Assert.Null(mark.Autonomy);
    }
}
