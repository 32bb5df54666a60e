namespace Microsoft.DurableTask.Generators.Emission;

/// <summary>Writes AddAllGeneratedTasks.</summary>
internal static class RegistrationWriter
{
    private const string Registry = "global::Microsoft.DurableTask.DurableTaskRegistry";

    public static void Write(SourceWriter writer, IEnumerable<TaskModel> tasks)
    {
        writer.Gap()
            .Line("/// <summary>Adds every class with [DurableTask] of this assembly under its name and version.</summary>")
            .Open($"internal static {Registry} AddAllGeneratedTasks(this {Registry} builder)");
        foreach (var task in tasks)
        {
            // The registry reads name and version from the attribute, as for a class that is added by hand.
            writer.Line($"builder.Add{task.Kind}(typeof({task.TypeName}));");
        }

        writer.Line("return builder;").Close();
    }
}
