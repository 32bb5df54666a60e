using Microsoft.DurableTask;
using Microsoft.DurableTask.Abstractions;

namespace Heal.DurableTask.Abstractions.Tests;

public class NamesAndVersionsTests
{
    [Fact]
    public void Names_are_equal_without_regard_to_case()
    {
        Assert.True(new TaskName("Restart") == "RESTART");
        Assert.Equal(new TaskName("Restart").GetHashCode(), new TaskName("restart").GetHashCode());
        Assert.True(new TaskName("Restart") != "Stop");
    }

    [Fact]
    public void A_name_turns_into_text_and_back()
    {
        TaskName name = "Restart";
        string text = name;

        Assert.Equal("Restart", text);
        Assert.Equal("", default(TaskName).Name);
    }

    [Fact]
    public void No_version_is_the_default_however_it_is_written()
    {
        Assert.Equal(TaskVersion.Unversioned, new TaskVersion(null));
        Assert.Equal(TaskVersion.Unversioned, (TaskVersion)"");
        Assert.Equal(new TaskVersion("1.0-RC"), new TaskVersion("1.0-rc"));
    }

    [Fact]
    public void White_space_is_no_version()
    {
        var error = Assert.Throws<ArgumentException>(() => new TaskVersion("  "));

        Assert.Contains("whitespace", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "1.0", -1)]
    [InlineData("1.0", "", 1)]
    [InlineData("", "", 0)]
    [InlineData("1.9", "1.10", -1)]
    [InlineData("2.0.1", "2.0", 1)]
    [InlineData("beta", "ALPHA", 1)]
    [InlineData("v1", "V1", 0)]
    public void Versions_have_an_order(string left, string right, int expected) =>
        Assert.Equal(expected, Math.Sign(TaskOrchestrationVersioningUtils.CompareVersions(left, right)));
}
