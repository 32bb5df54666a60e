using System.Reflection;
using System.Reflection.Emit;
using Microsoft.DurableTask;

namespace Heal.DurableTask.Abstractions.Tests;

public class FailureTests
{
    [Fact]
    public void Details_hold_the_full_type_name_and_the_whole_chain()
    {
        var details = TaskFailureDetails.FromException(new DerivedException("outer", new TimeoutException("inner")));

        Assert.Equal(typeof(DerivedException).FullName, details.ErrorType);
        Assert.Equal("outer", details.ErrorMessage);
        Assert.Equal("System.TimeoutException", details.InnerFailure!.ErrorType);
        Assert.Null(details.InnerFailure.InnerFailure);
    }

    [Fact]
    public void A_failed_tasks_failure_is_the_inner_failure()
    {
        var cause = new TaskFailureDetails("App.DiskFull", "disk full", null, null, null);
        var details = TaskFailureDetails.FromException(new TaskFailedException("Write", 3, cause));

        Assert.Equal("Microsoft.DurableTask.TaskFailedException", details.ErrorType);
        Assert.Same(cause, details.InnerFailure);
    }

    [Fact]
    public void A_failed_task_says_which_and_why()
    {
        var failed = new TaskFailedException("Write", 3, new InvalidOperationException("disk full"));

        Assert.Equal("Task 'Write' (#3) failed with an unhandled exception: disk full", failed.Message);
        Assert.Equal("System.InvalidOperationException", failed.FailureDetails.ErrorType);
    }

    [Fact]
    public void A_cause_is_found_by_name_and_by_base_type()
    {
        var details = new TaskFailureDetails(typeof(DerivedException).FullName!, "", null, null, null);

        Assert.True(details.IsCausedBy<DerivedException>());
        Assert.True(details.IsCausedBy<IOException>());
        Assert.True(details.IsCausedBy<Exception>());
        Assert.False(details.IsCausedBy<TimeoutException>());
    }

    [Fact]
    public void A_name_that_no_assembly_knows_is_caused_by_nothing()
    {
        Assert.False(new TaskFailureDetails("ActivityTaskNotFound", "", null, null, null).IsCausedBy<Exception>());
        Assert.False(new TaskFailureDetails("", "", null, null, null).IsCausedBy<Exception>());
        Assert.False(new TaskFailureDetails("System.String", "", null, null, null).IsCausedBy<Exception>());
    }

    [Fact]
    public void A_name_that_two_assemblies_know_is_ambiguous()
    {
        Emit("First", "Twice.Defined");
        Emit("Second", "Twice.Defined");

        Assert.Throws<AmbiguousMatchException>(() => new TaskFailureDetails("Twice.Defined", "", null, null, null).IsCausedBy<Exception>());
    }

    [Fact]
    public void A_name_that_others_know_too_is_looked_for_beside_the_asked_type_first()
    {
        Emit("Other", typeof(TwinException).FullName!);

        Assert.True(new TaskFailureDetails(typeof(TwinException).FullName!, "", null, null, null).IsCausedBy<TwinException>());
    }

    [Fact]
    public void Details_read_as_type_and_message() =>
        Assert.Equal("App.DiskFull: disk full", new TaskFailureDetails("App.DiskFull", "disk full", "at X", null, null).ToString());

    [Fact]
    public void Only_exceptions_can_be_causes() =>
        Assert.Throws<ArgumentException>(() => new TaskFailureDetails("x", "", null, null, null).IsCausedBy(typeof(string)));

    private static void Emit(string assembly, string type) =>
        AssemblyBuilder.DefineDynamicAssembly(new AssemblyName(assembly), AssemblyBuilderAccess.Run)
            .DefineDynamicModule("main")
            .DefineType(type, TypeAttributes.Public, typeof(Exception))
            .CreateType();

    private sealed class DerivedException(string message, Exception inner) : IOException(message, inner);
}

internal sealed class TwinException : Exception;
