namespace Heal.Activities.Tests;

/// <summary>The assembly is the tests, and the program whose process they have killed.</summary>
internal static class Program
{
    public static Task Main() => DoomedAction.RunAsync(Console.In);
}
