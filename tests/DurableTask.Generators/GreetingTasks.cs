using Microsoft.DurableTask;

namespace Heal.DurableTask.Generators.Tests;

/// <summary>Tasks that the compiler of this project ran the generator on.</summary>
[DurableTask]
internal sealed class GreetAll : TaskOrchestrator<string[], string>
{
    public override async Task<string> RunAsync(TaskOrchestrationContext context, string[] input)
    {
        var greetings = new List<string>();
        foreach (var name in input)
        {
            greetings.Add(await context.CallGreetAsync(name));
        }

        var signed = await context.WaitForSignatureAsync();
        return await context.CallSignAsync(new Letter(string.Join(' ', greetings), signed.By));
    }
}

[DurableTask("Greet")]
internal sealed class GreetActivity : TaskActivity<string, string>
{
    public override Task<string> RunAsync(TaskActivityContext context, string input) => Task.FromResult($"Hello, {input}!");
}

[DurableTask("Sign", Version = "1")]
internal sealed class SignFirst : TaskOrchestrator<Letter, string>
{
    public override Task<string> RunAsync(TaskOrchestrationContext context, Letter input) => Task.FromResult("by the first version");
}

[DurableTask("Sign", Version = "2")]
internal sealed class SignSecond : TaskOrchestrator<Letter, string>
{
    public override Task<string> RunAsync(TaskOrchestrationContext context, Letter input) =>
        Task.FromResult($"{input.Text} - {input.By}, version {context.Version}");
}

/// <summary>The version that a caller means who names none.</summary>
[DurableTask("Sign")]
internal sealed class SignAny : TaskOrchestrator<Letter, string>
{
    public override Task<string> RunAsync(TaskOrchestrationContext context, Letter input) => context.CallSignSecondAsync(input);
}

/// <summary>Sends the signature to another orchestration.</summary>
[DurableTask]
internal sealed class SendFor : TaskOrchestrator<string, bool>
{
    public override Task<bool> RunAsync(TaskOrchestrationContext context, string input)
    {
        context.SendSignature(input, new Signature("Nobody"));
        return Task.FromResult(true);
    }
}

internal sealed record Letter(string Text, string By);

/// <summary>The event that ends a letter.</summary>
[DurableEvent]
public sealed record Signature(string By);
