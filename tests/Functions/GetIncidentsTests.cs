using DurableTask.Core.Hub;
using Heal.Functions.Incidents;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Heal.Functions.Tests;

/// <summary>The list of incidents, asked for with parameters that mean nothing.</summary>
public sealed class GetIncidentsTests
{
    [Theory]
    [InlineData("?after=not-one-of-ours", "'after'")]
    [InlineData("?after=!", "'after'")]
    [InlineData("?top=0", "'top'")]
    [InlineData("?top=+5", "'top'")]
    [InlineData("?top=501%0A", "'top'")]
    public async Task A_parameter_that_cannot_be_used_is_refused_and_named(string query, string named)
    {
        var context = new DefaultHttpContext();
        context.Request.QueryString = new QueryString(query);
        await using var hub = new PagingHub();

        var answer = await GetIncidents.ListAsync(context.Request, hub, CancellationToken.None);

        var refused = Assert.IsType<ObjectResult>(answer);
        Assert.Equal(StatusCodes.Status400BadRequest, refused.StatusCode);
        Assert.Contains(named, Assert.IsType<ProblemDetails>(refused.Value).Detail, StringComparison.Ordinal);
    }

    /// <summary>Reads the token as every hub does.</summary>
    private sealed class PagingHub : NoHub
    {
        public override AsyncPageable<OrchestrationMetadata> GetAllInstancesAsync(OrchestrationQuery? filter = null) =>
            Pageable.Create((token, _, _) =>
            {
                PageToken.Parse(token);
                return Task.FromResult(new Page<OrchestrationMetadata>([], null));
            });
    }
}
