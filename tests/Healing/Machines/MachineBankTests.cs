namespace Heal.Healing.Tests;

/// <summary>What the memory of signals about machines keeps, and for how long.</summary>
public sealed class MachineBankTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Machines_that_nothing_was_noted_of_for_an_hour_are_forgotten()
    {
        var bank = new MachineBank();
        for (var i = 0; i < 100; i++) Assert.NotNull(bank.Note(Note($"short-lived-{i}"), Now));
        bank.Note(Note("stays"), Now.AddMinutes(30));
        var before = bank.Noted;

        bank.Tick(Now.AddHours(1));

        Assert.Equal((101, 1), (before, bank.Noted));
    }

    [Fact]
    public void A_kind_of_note_that_was_told_too_often_is_told_again_as_the_hour_goes_by()
    {
        var bank = new MachineBank();
        for (var i = 0; i < BankLimits.NotesPerHour; i++) Assert.NotNull(bank.Note(Note("web"), Now.AddMinutes(i)));

        var (more, other) = (bank.Note(Note("web"), Now.AddMinutes(59)), bank.Note(Note("other"), Now.AddMinutes(59)));
        var (later, again) = (bank.Note(Note("web"), Now.AddMinutes(60)), bank.Note(Note("web"), Now.AddMinutes(60)));

        Assert.Null(more);
        Assert.NotNull(other);
        Assert.NotNull(later);
        Assert.Null(again);
    }

    [Fact]
    public void Notes_of_more_machines_than_can_be_remembered_are_not_told()
    {
        var bank = new MachineBank();
        for (var i = 0; i < BankLimits.Memories; i++) bank.Note(Note($"vm-{i}"), Now);

        Assert.Null(bank.Note(Note("one-more"), Now));
        Assert.Equal(BankLimits.Memories, bank.Noted);
        Assert.NotNull(bank.Note(Note("one-more"), Now.AddHours(1)));
        Assert.Equal(1, bank.Noted);
    }

    private static MachineFault Note(string name) => new(
        "Note:reboot", MachineNotes.Alert, new TargetReference("hv1", TargetKinds.VirtualMachine, "", name), $"hv1/{name}", Now, "booted",
        []);
}
