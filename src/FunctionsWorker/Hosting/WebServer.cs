using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Azure.Functions.Worker.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Microsoft.Azure.Functions.Worker.Hosting;

/// <summary>Limits of the web server, and what stands in front of everything else: proxies' headers, HSTS and CORS.</summary>
internal static partial class WebServer
{
    // The server looks at the rate once a second: less than a few looks say nothing.
    private static readonly TimeSpan BodyRateGracePeriod = TimeSpan.FromSeconds(5);

    public static void Limit(KestrelServerOptions options, HostSettings settings)
    {
        ServerSettings server = settings.Server;
        options.AddServerHeader = false;
        options.Limits.MaxRequestBodySize = settings.RequestBodyLimit;
        options.Limits.RequestHeadersTimeout = server.HeadersTimeout;
        options.Limits.MaxRequestHeaderCount = server.HeaderCount;
        options.Limits.MaxRequestHeadersTotalSize = server.HeadersSize;
        options.Limits.MaxRequestLineSize = server.RequestLineSize;
        options.Limits.KeepAliveTimeout = server.KeepAliveTimeout;
        options.Limits.MaxConcurrentConnections = server.MaximumConnections;
        options.Limits.MaxConcurrentUpgradedConnections = server.MaximumConnections;
        options.Limits.MinRequestBodyDataRate =
            server.BodyMinimumRate == 0 ? null : new MinDataRate(server.BodyMinimumRate, BodyRateGracePeriod);
    }

    public static void AddTo(IServiceCollection services, HostSettings settings)
    {
        if (settings.Server.Cors is not null)
        {
            services.AddCors();
        }

        if (settings.Http.Hsts is { } hsts)
        {
            services.AddHsts(options =>
            {
                options.MaxAge = hsts.MaxAge;
                options.IncludeSubDomains = hsts.IncludeSubDomains;
                options.Preload = hsts.Preload;
            });
        }
    }

    public static void Use(IApplicationBuilder app, HostSettings settings)
    {
        if (settings.Server.KnownProxies.Count > 0)
        {
            app.UseForwardedHeaders(ForwardedBy(settings.Server.KnownProxies));
        }

        if (settings.Http.Hsts is not null)
        {
            app.UseHsts();
        }

        if (settings.Server.Cors is { } cors)
        {
            UseCors(app, cors);
        }
    }

    /// <summary>Says so when keys and data would go over a network that others can listen to.</summary>
    public static void WarnOfPlainHttp(IEnumerable<string> addresses, HostSettings settings, ILogger logger)
    {
        foreach (string address in addresses)
        {
            bool isOpen = Uri.TryCreate(address, UriKind.Absolute, out Uri? uri) && uri.Scheme == Uri.UriSchemeHttp && !uri.IsLoopback;
            if (isOpen && settings.Server.KnownProxies.Count == 0)
            {
                Log.PlainHttp(logger, address);
            }
        }
    }

    /// <summary>Before the routes and their keys: a browser asks without a key whether it may ask with one.</summary>
    private static void UseCors(IApplicationBuilder app, CorsSettings cors) => app.UseCors(policy =>
    {
        policy.AllowAnyMethod().AllowAnyHeader();
        _ = cors.IsForAll ? policy.AllowAnyOrigin() : policy.WithOrigins([.. cors.Origins]);
        if (cors.Credentials)
        {
            policy.AllowCredentials();
        }
    });

    private static ForwardedHeadersOptions ForwardedBy(IReadOnlyList<KnownProxy> proxies)
    {
        var options = new ForwardedHeadersOptions
        {
            ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto | ForwardedHeaders.XForwardedHost,
            // Each hop must be a known proxy: that is the limit of the chain.
            ForwardLimit = null,
        };
        // The framework would trust loopback too.
        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        foreach (KnownProxy proxy in proxies)
        {
            options.KnownIPNetworks.Add(proxy.Network);
        }

        return options;
    }

    private static partial class Log
    {
        [LoggerMessage(73, LogLevel.Warning,
            "Listening on {Address} without TLS: keys and data can be read on the way. "
            + "Use https, or a proxy named by FUNCTIONS_KNOWN_PROXIES")]
        public static partial void PlainHttp(ILogger logger, string address);
    }
}
