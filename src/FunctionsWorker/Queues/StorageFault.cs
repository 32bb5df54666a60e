using Azure;
using Azure.Identity;

namespace Microsoft.Azure.Functions.Worker.Queues;

/// <summary>
/// Why a queue could not be reached, and what to look at: of a sign-in that failed the settings of the connection, for the storage knows
/// only that somebody came with a token that it does not take, and of a token that was never given nothing.
/// </summary>
internal static class StorageFault
{
    private const int LongestReason = 400; // characters: messages of a sign-in hold whole replies
    private const int Unauthorized = 401;
    private const int Forbidden = 403;

    /// <returns>What happened, and a sentence that says what to look at.</returns>
    /// <param name="exception">What the call ended with.</param>
    /// <param name="connection">The name of the connection, as settings have it.</param>
    public static string Of(Exception exception, string connection) => exception switch
    {
        AuthenticationFailedException =>
            $"no token for connection '{connection}': {FirstLine(exception)} {ExpectedIdentity(connection)}",
        RequestFailedException { Status: Unauthorized or Forbidden } refused =>
            $"{refused.ErrorCode}{Detail(refused)}. The storage refuses connection '{connection}'. {ExpectedIdentity(connection)}",
        RequestFailedException { ErrorCode: { } code } => $"{code}. Is the storage up?",
        _ => $"{FirstLine(exception.GetBaseException())} Is the storage up?",
    };

    /// <summary>The first line of a message, which says what happened; the others are advice of a library to its caller.</summary>
    public static string FirstLine(Exception exception) => FirstLine(exception.Message);

    private static string FirstLine(string message)
    {
        string line = message.Split('\n', 2)[0].Trim();
        line = line.Length > LongestReason ? line[..LongestReason] + "..." : line;
        return line.EndsWith('.') ? line : line + ".";
    }

    private static string Detail(RequestFailedException refused) =>
        refused.Data["AuthenticationErrorDetail"] is string { Length: > 0 } detail ? $" ({FirstLine(detail).TrimEnd('.')})" : "";

    private static string ExpectedIdentity(string connection) =>
        $"Expected an identity (settings '{connection}__credential', '{connection}__clientId') or a key (setting '{connection}') "
            + "that may read and write the queues of the account.";
}
