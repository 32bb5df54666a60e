using System.Globalization;
using DurableTask.Core.History;
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

    [Theory]
    [InlineData(FailureLimits.MaximumText, 0)]
    [InlineData(FailureLimits.MaximumText + 1, 65)]
    [InlineData(1_000_000, 991_872)]
    public void A_message_that_is_too_long_is_cut_and_says_so(int length, int cut)
    {
        var message = Failures.From(new InvalidOperationException(new string('m', length)), null).ErrorMessage;

        var mark = cut == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $" [... cut: {cut:N0} of {length:N0} characters]");
        Assert.Equal(new string('m', length - cut) + mark, message);
    }

    [Fact]
    public void What_was_cut_is_not_cut_again_when_others_take_it_over()
    {
        var once = Failures.From(new InvalidOperationException(new string('m', 100_000)), null);
        var details = new TaskFailureDetails(once.ErrorType, once.ErrorMessage, null, null, null);

        Assert.Equal(once.ErrorMessage, Failures.From(new TaskFailedException("Pay", 3, details), null).InnerFailure!.ErrorMessage);
    }

    [Fact]
    public void A_message_is_not_cut_in_the_middle_of_a_character()
    {
        var begin = new string('m', FailureLimits.MaximumText - 65);
        var text = $"{begin}\ud83d\ude00{new string('m', 98)}";

        var message = Failures.From(new InvalidOperationException(text), null).ErrorMessage;

        Assert.StartsWith(begin + " [... cut: 100 of", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Stacks_and_what_is_inside_of_a_failure_are_cut_too()
    {
        var deep = new TaskFailureDetails("0", new string('d', 100_000), new string('s', 100_000), null, null);
        for (var depth = 1; depth <= 100; depth++)
        {
            deep = new TaskFailureDetails($"{depth}", $"{depth}", new string('s', 100_000), deep, null);
        }

        var stored = Failures.From(new TaskFailedException("Pay", 3, deep), null);

        Assert.InRange(HistorySerializer.Serialize(stored)!.Length, FailureLimits.MaximumText, 18 * 2 * FailureLimits.MaximumText);
        Assert.EndsWith("of 100,000 characters]", stored.InnerFailure!.StackTrace, StringComparison.Ordinal);
    }

    [Fact]
    public void Properties_that_are_too_large_are_left_out_and_it_is_said()
    {
        var refused = new InvalidOperationException("refused");
        var provider = new Mock<IExceptionPropertiesProvider>();
        provider.Setup(own => own.GetExceptionProperties(refused))
            .Returns(new Dictionary<string, object?> { ["answer"] = new string('p', 50_000), ["order"] = 17 });

        var stored = Failures.From(refused, new ExceptionPropertiesProviderAdapter(provider.Object));

        var said = Assert.IsType<string>(Assert.Single(stored.Properties!).Value);
        Assert.Contains("at most 32,768 characters of JSON, got 50,0", said, StringComparison.Ordinal);
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
