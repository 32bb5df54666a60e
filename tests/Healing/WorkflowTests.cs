namespace Heal.Healing.Tests;

public sealed class WorkflowTests
{
    [Theory]
    [InlineData("name: crashloop", "name: Crash Loop",
        "w.yaml(1,7): name: expected a name of lower-case letters, digits and hyphens, 1 to 63 characters, got 'Crash Loop'")]
    [InlineData("version: \"1.0.0\"", "version: 1",
        "w.yaml(2,10): version: expected a semantic version in quotes, such as \"1.0.0\", got 1")]
    [InlineData("description: for tests", "descripton: for tests", "w.yaml(3,1): descripton: 'descripton' is not known here")]
    [InlineData("  - name: KubePodCrashLooping", "  - alert: KubePodCrashLooping",
        "w.yaml(5,5): alerts[0].name: expected the name of an alert")]
    [InlineData("  maxRisk: R2", "  maxRisk: R9", "w.yaml(7,12): limits.maxRisk: expected a risk class: R0, R1, R2, R3 or R4, got 'R9'")]
    [InlineData("  maxActions: 1", "  maxActions: many", "w.yaml(8,15): limits.maxActions: expected a number from 1 to 10, got 'many'")]
    [InlineData("  maxActions: 1", "  maxActions: 99", "w.yaml(8,15): limits.maxActions: expected a number from 1 to 10, got 99")]
    [InlineData("  coolDown: 5m", "  coolDown: soon",
        "w.yaml(9,13): limits.coolDown: expected a duration such as 30s, 5m or 1h30m, got 'soon'")]
    [InlineData("  coolDown: 5m", "  coolDown: 5m\n  coolDownFrom: 0",
        "w.yaml(10,17): limits.coolDownFrom: expected a number from 1 to 10, got 0")]
    [InlineData("  timeout: 30m", "  timeout: 9999h", "w.yaml(11,12): approval.timeout: expected a duration of at most 30 days")]
    [InlineData("  - id: rollback_deployment", "  - id: reboot_everything",
        "w.yaml(13,9): actions[0].id: expected one of rollback_deployment, got 'reboot_everything'")]
    [InlineData("    timeout: 2m\n", "", "w.yaml(13,5): actions[0].timeout: expected a timeout")]
    [InlineData("    verification:\n      timeout: 5m\n", "",
        "w.yaml(13,5): actions[0].verification: expected a verification: 'rollback_deployment' has risk R2")]
    [InlineData("    timeout: 2m\n", "    timeout: 2m\n    parameters: { minimumServed: 90h }\n",
        "w.yaml(15,34): actions[0].parameters.minimumServed: expected 0s to 24h, got 90h")]
    [InlineData("    timeout: 2m\n", "    timeout: 2m\n    parameters: { speed: 3 }\n",
        "w.yaml(15,26): actions[0].parameters.speed: expected one of 'minimumServed', got 'speed'")]
    [InlineData("    timeout: 2m\n", "    timeout: 2m\n    causes: [BadLuck]\n",
        "w.yaml(15,14): actions[0].causes[0]: expected one of CrashAfterTemplateChange")]
    [InlineData("  maxRisk: R2", "  maxRisk: R1",
        "w.yaml(13,9): actions[0].id: 'rollback_deployment' has risk R2, above limits.maxRisk R1: it could never run")]
    [InlineData("name: crashloop", "name: crashloop\nname: again", "w.yaml(2,1): ")]
    [InlineData("description: for tests", "description: [", "w.yaml(")]
    [InlineData("description: for tests", "description: &a for tests\nversion2: *a",
        "w.yaml(3,14): expected plain values, got one that is used twice")]
    public void A_fault_is_reported_with_its_place_and_what_was_expected(string original, string changed, string fault)
    {
        var text = Some.WorkflowText.ReplaceLineEndings("\n");
        Assert.Contains(original, text);

        var refused = Assert.Throws<WorkflowDefinitionException>(() =>
            WorkflowCatalogue.Parse([("w.yaml", text.Replace(original, changed))], [Some.Rollback]));

        Assert.Contains(refused.Faults, found => found.ToString().StartsWith(fault, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("  coolDown: 5m", 1)]
    [InlineData("  coolDown: 5m\n  coolDownFrom: 2", 2)]
    public void The_pause_counts_from_the_operation_that_the_workflow_says_or_from_the_first(string limit, int expected)
    {
        var text = Some.WorkflowText.Replace("  coolDown: 5m", limit, StringComparison.Ordinal);

        var workflow = Assert.Single(WorkflowCatalogue.Parse([("w.yaml", text)], [Some.Rollback]).Definitions);

        Assert.Equal(expected, workflow.Limits.CoolDownFrom);
    }

    [Fact]
    public void All_faults_of_all_files_are_reported_together()
    {
        var bad = Some.WorkflowText.Replace("maxActions: 1", "maxActions: 0").Replace("R2", "R7");

        var refused = Assert.Throws<WorkflowDefinitionException>(() =>
            WorkflowCatalogue.Parse([("a.yaml", bad), ("b.yaml", "7")], [Some.Rollback]));

        Assert.Equal(3, refused.Faults.Count);
        Assert.Equal(["a.yaml", "a.yaml", "b.yaml"], refused.Faults.Select(fault => fault.File));
    }

    [Fact]
    public void Two_workflows_may_not_share_a_name_or_an_alert()
    {
        var refused = Assert.Throws<WorkflowDefinitionException>(() =>
            WorkflowCatalogue.Parse([("a.yaml", Some.WorkflowText), ("b.yaml", Some.WorkflowText)], [Some.Rollback]));

        Assert.Contains(refused.Faults, fault => fault.ToString() == "b.yaml(1,7): name: 'crashloop' is the name of a.yaml already");
        Assert.Contains(refused.Faults, fault =>
            fault.Message.StartsWith("alert 'KubePodCrashLooping' is served by a.yaml already", StringComparison.Ordinal));
    }

    [Fact]
    public void Labels_with_different_values_keep_two_workflows_of_one_alert_apart()
    {
        string For(string name, string cluster) => Some.WorkflowText.Replace("name: crashloop", $"name: {name}")
            .Replace("  - name: KubePodCrashLooping", $"  - name: KubePodCrashLooping\n    labels: {{ cluster: {cluster} }}");
        var catalogue = WorkflowCatalogue.Parse([("a.yaml", For("one", "a")), ("b.yaml", For("two", "b"))], [Some.Rollback]);

        Assert.Equal("two", catalogue.For(Some.Alert("KubePodCrashLooping", ("cluster", "b")))!.Name);
        Assert.Null(catalogue.For(Some.Alert("KubePodCrashLooping", ("cluster", "c"))));
    }

    [Fact]
    public void A_cause_that_an_alert_is_to_prove_must_be_known()
    {
        var refused = Assert.Throws<WorkflowDefinitionException>(() => WorkflowCatalogue.Parse(
            [("w.yaml", Some.WorkflowText.ReplaceLineEndings("\n").Replace("limits:\n", "alertProves: BadLuck\nlimits:\n"))],
                [Some.Rollback]));

        Assert.Contains(refused.Faults, fault =>
            fault.ToString().StartsWith("w.yaml(6,14): alertProves: expected one of", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("30s", 30)]
    [InlineData("5m", 300)]
    [InlineData("1h30m", 5400)]
    [InlineData("", null)]
    [InlineData("5", null)]
    [InlineData("5m1h", null)]
    [InlineData("99999999999s", null)]
    [InlineData("721h", null)]
    public void A_duration_is_hours_minutes_seconds(string text, int? seconds)
    {
        Assert.Equal(seconds is not null, Duration.TryParse(text, out var duration));
        if (seconds is not null) Assert.Equal(seconds.Value, duration.TotalSeconds);
    }
}
