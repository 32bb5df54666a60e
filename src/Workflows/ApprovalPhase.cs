using System.Globalization;
using Heal.Healing;
using Microsoft.DurableTask;

namespace Heal.Workflows;

/// <summary>
/// Waits for a person. No answer in time is an answer too: the action is not taken and people are called. An answer is given to one
/// question: sent twice, late, or before anything was asked, it must not let another action run.
/// </summary>
internal sealed class ApprovalPhase(TaskOrchestrationContext context, IncidentState state)
{
    private const int NameLength = 100;
    private Task<SignalEvent>? _signal;

    // Put, and interrupted before it was answered: an alert of its target ended.
    private OpenQuestion? _open;

    /// <returns>An ending, the plan to carry out, or neither: then the target must be looked at again.</returns>
    public async Task<(Ending? Ending, Plan? Plan)> AskAsync(Plan plan)
    {
        var timeout = state.Input.Workflow!.Approval.Timeout;
        var about = plan.KeepsQuestion ? About(plan) : null;
        var open = about is not null && _open?.About == about ? _open : new OpenQuestion(about, ++state.Question, state.Now + timeout);
        var question = open.Number;
        _open = null;
        state.Enter(Phase.Approve, $"waits for approval of '{plan.Action!.Id}' until {open.Until:u}: {plan.Summary}");
        using var answered = new CancellationTokenSource();
        var answer = ListenAsync(answered.Token);

        // What had come before the question was put is an answer to it only when it says so.
        while (plan.BindsAnswer && answer.IsCompleted && (await answer).Question != question)
        {
            Dismiss(plan, question, await answer);
            answer = ListenAsync(answered.Token);
        }

        var expiry = context.CreateTimer(open.Until.UtcDateTime, answered.Token);
        while (true)
        {
            // One waiter for signals at a time, kept over several questions: events are handed out one per waiter.
            _signal ??= context.WaitForExternalEvent<SignalEvent>(SignalEvent.Name);
            var first = await Task.WhenAny(answer, expiry, _signal);
            if (first == answer)
            {
                var given = await answer;
                if (!Counts(given, plan, question))
                {
                    Dismiss(plan, question, given);
                    answer = ListenAsync(answered.Token);
                    continue;
                }

                answered.CancelInTurn();
                return Decide(plan, given);
            }

            if (first == expiry)
            {
                answered.CancelInTurn();
                return (new Ending(OutcomeKind.Escalated, $"nobody approved '{plan.Action.Id}' within {timeout}"), null);
            }

            var signal = await _signal;
            _signal = null;
            if (signal.Status != AlertStatus.Resolved) continue;
            answered.CancelInTurn();
            _open = open;
            return (null, null);
        }
    }

    // What a person reads before he answers: what is to be done, why, and to what.
    private string About(Plan plan) => string.Join('\n', (string?[])
    [
        plan.Action!.Id, state.Diagnosis?.Leading()?.Cause,
        (state.Evidence?.Workload?.Generation ?? state.Evidence?.Object?.Generation)?.ToString(CultureInfo.InvariantCulture),
        .. plan.Parameters.OrderBy(item => item.Key, StringComparer.Ordinal).Select(item => $"{item.Key}={item.Value}"),
    ]);

    private Task<ApprovalEvent> ListenAsync(CancellationToken until) =>
        context.WaitForExternalEvent<ApprovalEvent>(ApprovalEvent.Name, until);

    // One that names no question can only be meant for the first: whoever answers a later one has read its number, and one that was sent
    // for an earlier question, and came late or twice, has not.
    private static bool Counts(ApprovalEvent given, Plan plan, int question) =>
        !plan.BindsAnswer || (given.Question is { } named ? named == question : question == 1 || !plan.StrictAnswer);

    // Told in the status, which whoever gave it can see: no answer is dropped without a word.
    private void Dismiss(Plan plan, int question, ApprovalEvent given)
    {
        var names = given.Question is { } other ? string.Create(CultureInfo.InvariantCulture, $"question {other}") : "no question";
        state.Enter(Phase.Approve, string.Create(
            CultureInfo.InvariantCulture,
            $"an answer of '{SafeText.Line(given.By, NameLength)}' does not count: it names {names}, and this is question {question}. "
                + $"Answer with 'Question': {question}. Waits for approval of '{plan.Action!.Id}': {plan.Summary}"));
    }

    private static (Ending? Ending, Plan? Plan) Decide(Plan plan, ApprovalEvent answer)
    {
        var who = SafeText.Line(answer.By, NameLength);
        if (!answer.Approved)
        {
            return (new Ending(OutcomeKind.Escalated, $"'{who}' refused '{plan.Action!.Id}': {SafeText.Line(answer.Comment, 300)}"), null);
        }

        var parameters = plan.Parameters.ToDictionary(item => item.Key, item => item.Value, StringComparer.Ordinal);
        foreach (var (name, value) in answer.Parameters ?? new Dictionary<string, string>()) parameters[name] = value;
        return (null, plan with
        {
            Parameters = parameters, TimeLimit = LimitOf(plan, parameters), Reasons = [.. plan.Reasons, $"approved by '{who}'"],
        });
    }

    // What is no duration is refused by the action itself, with the reason.
    private static TimeSpan? LimitOf(Plan plan, Dictionary<string, string> parameters) =>
        plan.LimitedBy is { } name && Duration.TryParse(parameters.GetValueOrDefault(name), out var edited) ? edited : plan.TimeLimit;

    /// <param name="About">Null: it is never put again.</param>
    private sealed record OpenQuestion(string? About, int Number, DateTimeOffset Until);
}
