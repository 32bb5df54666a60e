using Heal.Functions.Alerts;

namespace Heal.Functions.Tests;

/// <summary>The question what fires, and the settings that it goes by.</summary>
public sealed class AlertmanagerClientTests
{
    [Fact]
    public async Task A_question_that_takes_too_long_is_broken_off_by_the_clock_of_the_program()
    {
        var time = new ManualTime();
        using var silent = new Silent();
        using var http = new HttpClient(silent);
        var settings = new AlertSettings { AlertmanagerUrl = new Uri("http://alertmanager.example.test") };
        var asking = new AlertmanagerClient(http, settings, time).GetFiringAsync(CancellationToken.None);
        await silent.Asked;

        time.Advance(settings.AlertmanagerTimeout);

        var late = await Assert.ThrowsAsync<TimeoutException>(() => asking);
        Assert.Contains("00:00:20", late.Message, StringComparison.Ordinal);
        Assert.True(silent.IsBrokenOff);
    }

    [Theory]
    [InlineData("http://healer:s3cret@alertmanager.example.test:9093/s3cret", "'http://alertmanager.example.test:9093' with one")]
    [InlineData("ftp://alertmanager.example.test/s3cret", "'ftp://alertmanager.example.test'")]
    [InlineData("alertmanager/s3cret", "one without a scheme")]
    public void An_address_that_cannot_be_used_is_refused_without_what_may_be_secret_in_it(string url, string shown)
    {
        var settings = new AlertSettings { AlertmanagerUrl = new Uri(url, UriKind.RelativeOrAbsolute) };

        string fault = Assert.Single(settings.Faults());

        Assert.EndsWith($"got {shown}.", fault);
        Assert.DoesNotContain("s3cret", fault, StringComparison.Ordinal);
    }

    private sealed class Silent : HttpMessageHandler
    {
        private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Asked => _asked.Task;

        public bool IsBrokenOff { get; private set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            _asked.SetResult();
            try
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
            }
            finally
            {
                IsBrokenOff = true;
            }

            throw new InvalidOperationException("it was to be silent");
        }
    }
}
