using Microsoft.DurableTask;
using Microsoft.DurableTask.Worker;
using Microsoft.DurableTask.Worker.Orchestrations;
using Moq;

namespace Heal.DurableTask.Worker.Tests;

public sealed class FailuresTests
{
    [Fact]
    public void An_exception_is_stored_by_its_full_type_name_and_message_with_its_inner_ones()
    {
        var stored = Failures.From(new InvalidOperationException("outer", new FormatException("inner")), null);

        Assert.Equal(("System.InvalidOperationException", "outer"), (stored.ErrorType, stored.ErrorMessage));
        Assert.Equal(("System.FormatException", "inner"), (stored.InnerFailure!.ErrorType, stored.InnerFailure.ErrorMessage));
    }

    [Fact]
    public void A_failed_task_keeps_its_own_details_as_the_inner_failure()
    {
        var details = Some.Failure("Payment.Refused");

        var stored = Failures.From(new TaskFailedException("Pay", 3, details), null);

        Assert.Equal("Microsoft.DurableTask.TaskFailedException", stored.ErrorType);
        Assert.Equal("Payment.Refused", stored.InnerFailure!.ErrorType);
    }

    [Fact]
    public void A_chain_that_is_too_long_is_cut()
    {
        var exception = new InvalidOperationException("0");
        for (var depth = 1; depth <= 100; depth++)
        {
            exception = new InvalidOperationException($"{depth}", exception);
        }

        var length = 0;
        for (var failure = Failures.From(exception, null); failure is not null; failure = failure.InnerFailure)
        {
            length++;
        }

        Assert.InRange(length, 2, 20);
    }

    [Fact]
    public void An_application_adds_its_own_properties()
    {
        var refused = new InvalidOperationException("refused");
        var provider = new Mock<IExceptionPropertiesProvider>();
        provider.Setup(own => own.GetExceptionProperties(refused)).Returns(new Dictionary<string, object?> { ["order"] = 17 });

        // As a number of the kind that storage gives back: a replay must not see another one.
        Assert.Equal(17.0, Failures.From(refused, new ExceptionPropertiesProviderAdapter(provider.Object)).Properties!["order"]);
    }

    [Fact]
    public void A_task_that_nobody_registered_is_never_tried_again() =>
        Assert.True(Failures.NotFound("ActivityTaskNotFound", "activity", "Pay", "2").IsNonRetriable);

    [Theory]
    [InlineData(null, "No activity task named 'Pay' was found.")]
    [InlineData("2", "No activity task named 'Pay' with version '2' was found.")]
    public void A_task_that_nobody_registered_is_named(string? version, string expected) =>
        Assert.StartsWith(
            expected, Failures.NotFound("ActivityTaskNotFound", "activity", "Pay", version).ErrorMessage, StringComparison.Ordinal);
}
