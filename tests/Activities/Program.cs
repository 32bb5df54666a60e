namespace Heal.Activities.Tests;

/// <summary>The assembly is the tests, and the program whose process they have killed.</summary>
internal static class Program
{
    public static Task Main(string[] arguments) => arguments switch
    {
        [nameof(DoomedAction)] => DoomedAction.RunAsync(),
        [nameof(DoomedMachineAction)] => DoomedMachineAction.RunAsync(),
        [nameof(UnprivilegedHealer)] => UnprivilegedHealer.RunAsync(),
        [nameof(WrongClock)] => WrongClock.RunAsync(),
        _ => throw new ArgumentException($"expected what to run, got '{string.Join(' ', arguments)}'", nameof(arguments)),
    };
}
