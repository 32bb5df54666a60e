using Microsoft.Extensions.Options;

namespace Microsoft.DurableTask.Worker;

/// <summary>Refuses the options of one worker with everything that is wrong with them.</summary>
/// <param name="worker">The worker's name; options of others are not looked at.</param>
/// <param name="faults">Each fault, as a sentence that begins with the property.</param>
internal sealed class FaultsValidator<TOptions>(string worker, Func<TOptions, IEnumerable<string>> faults) : IValidateOptions<TOptions>
    where TOptions : class
{
    public ValidateOptionsResult Validate(string? name, TOptions options)
    {
        if (name != worker)
        {
            return ValidateOptionsResult.Skip;
        }

        string[] found = [.. faults(options).Select(fault => $"{typeof(TOptions).Name} of worker '{worker}': {fault}")];
        return found.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(found);
    }
}
