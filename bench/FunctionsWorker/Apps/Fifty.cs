using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;

namespace Heal.Bench.FunctionsWorker.Apps;

/// <summary>Fifty functions, as an app of some size has them: what they cost at start is measured.</summary>
public static class Fifty
{
    [Function("Function01")]
    public static string Function01([HttpTrigger(AuthorizationLevel.Function, "get", "post")] HttpRequest request) => request.Path;

    [Function("Function02")]
    public static string Function02([HttpTrigger(AuthorizationLevel.Function, "get", "post")] HttpRequest request) => request.Path;

    [Function("Function03")]
    public static string Function03([HttpTrigger(AuthorizationLevel.Function, "get", "post")] HttpRequest request) => request.Path;

    [Function("Function04")]
    public static string Function04([HttpTrigger(AuthorizationLevel.Function, "get", "post")] HttpRequest request) => request.Path;

    [Function("Function05")]
    public static string Function05([HttpTrigger(AuthorizationLevel.Function, "get", "post")] HttpRequest request) => request.Path;

    [Function("Function06")]
    public static string Function06([HttpTrigger(AuthorizationLevel.Function, "get", "post")] HttpRequest request) => request.Path;

    [Function("Function07")]
    public static string Function07([HttpTrigger(AuthorizationLevel.Function, "get", "post")] HttpRequest request) => request.Path;

    [Function("Function08")]
    public static string Function08([HttpTrigger(AuthorizationLevel.Function, "get", "post")] HttpRequest request) => request.Path;

    [Function("Function09")]
    public static string Function09([HttpTrigger(AuthorizationLevel.Function, "get", "post")] HttpRequest request) => request.Path;

    [Function("Function10")]
    public static string Function10([HttpTrigger(AuthorizationLevel.Function, "get", "post")] HttpRequest request) => request.Path;

    [Function("Function11")]
    public static string Function11([HttpTrigger(AuthorizationLevel.Function, "get", "post")] HttpRequest request) => request.Path;

    [Function("Function12")]
    public static string Function12([HttpTrigger(AuthorizationLevel.Function, "get", "post")] HttpRequest request) => request.Path;

    [Function("Function13")]
    public static string Function13([HttpTrigger(AuthorizationLevel.Function, "get", "post")] HttpRequest request) => request.Path;

    [Function("Function14")]
    public static string Function14([HttpTrigger(AuthorizationLevel.Function, "get", "post")] HttpRequest request) => request.Path;

    [Function("Function15")]
    public static string Function15([HttpTrigger(AuthorizationLevel.Function, "get", "post")] HttpRequest request) => request.Path;

    [Function("Function16")]
    public static string Function16([HttpTrigger(AuthorizationLevel.Function, "get", "post")] HttpRequest request) => request.Path;

    [Function("Function17")]
    public static string Function17([HttpTrigger(AuthorizationLevel.Function, "get", "post")] HttpRequest request) => request.Path;

    [Function("Function18")]
    public static string Function18([HttpTrigger(AuthorizationLevel.Function, "get", "post")] HttpRequest request) => request.Path;

    [Function("Function19")]
    public static string Function19([HttpTrigger(AuthorizationLevel.Function, "get", "post")] HttpRequest request) => request.Path;

    [Function("Function20")]
    public static string Function20([HttpTrigger(AuthorizationLevel.Function, "get", "post")] HttpRequest request) => request.Path;

    [Function("Function21")]
    public static string Function21([HttpTrigger(AuthorizationLevel.Function, "get", "post")] HttpRequest request) => request.Path;

    [Function("Function22")]
    public static string Function22([HttpTrigger(AuthorizationLevel.Function, "get", "post")] HttpRequest request) => request.Path;

    [Function("Function23")]
    public static string Function23([HttpTrigger(AuthorizationLevel.Function, "get", "post")] HttpRequest request) => request.Path;

    [Function("Function24")]
    public static string Function24([HttpTrigger(AuthorizationLevel.Function, "get", "post")] HttpRequest request) => request.Path;

    [Function("Function25")]
    public static string Function25([HttpTrigger(AuthorizationLevel.Function, "get", "post")] HttpRequest request) => request.Path;

    [Function("Function26")]
    public static string Function26([HttpTrigger(AuthorizationLevel.Function, "get", "post")] HttpRequest request) => request.Path;

    [Function("Function27")]
    public static string Function27([HttpTrigger(AuthorizationLevel.Function, "get", "post")] HttpRequest request) => request.Path;

    [Function("Function28")]
    public static string Function28([HttpTrigger(AuthorizationLevel.Function, "get", "post")] HttpRequest request) => request.Path;

    [Function("Function29")]
    public static string Function29([HttpTrigger(AuthorizationLevel.Function, "get", "post")] HttpRequest request) => request.Path;

    [Function("Function30")]
    public static string Function30([HttpTrigger(AuthorizationLevel.Function, "get", "post")] HttpRequest request) => request.Path;

    [Function("Function31")]
    public static string Function31([HttpTrigger(AuthorizationLevel.Function, "get", "post")] HttpRequest request) => request.Path;

    [Function("Function32")]
    public static string Function32([HttpTrigger(AuthorizationLevel.Function, "get", "post")] HttpRequest request) => request.Path;

    [Function("Function33")]
    public static string Function33([HttpTrigger(AuthorizationLevel.Function, "get", "post")] HttpRequest request) => request.Path;

    [Function("Function34")]
    public static string Function34([HttpTrigger(AuthorizationLevel.Function, "get", "post")] HttpRequest request) => request.Path;

    [Function("Function35")]
    public static string Function35([HttpTrigger(AuthorizationLevel.Function, "get", "post")] HttpRequest request) => request.Path;

    [Function("Function36")]
    public static string Function36([HttpTrigger(AuthorizationLevel.Function, "get", "post")] HttpRequest request) => request.Path;

    [Function("Function37")]
    public static string Function37([HttpTrigger(AuthorizationLevel.Function, "get", "post")] HttpRequest request) => request.Path;

    [Function("Function38")]
    public static string Function38([HttpTrigger(AuthorizationLevel.Function, "get", "post")] HttpRequest request) => request.Path;

    [Function("Function39")]
    public static string Function39([HttpTrigger(AuthorizationLevel.Function, "get", "post")] HttpRequest request) => request.Path;

    [Function("Function40")]
    public static string Function40([HttpTrigger(AuthorizationLevel.Function, "get", "post")] HttpRequest request) => request.Path;

    [Function("Function41")]
    public static string Function41([HttpTrigger(AuthorizationLevel.Function, "get", "post")] HttpRequest request) => request.Path;

    [Function("Function42")]
    public static string Function42([HttpTrigger(AuthorizationLevel.Function, "get", "post")] HttpRequest request) => request.Path;

    [Function("Function43")]
    public static string Function43([HttpTrigger(AuthorizationLevel.Function, "get", "post")] HttpRequest request) => request.Path;

    [Function("Function44")]
    public static string Function44([HttpTrigger(AuthorizationLevel.Function, "get", "post")] HttpRequest request) => request.Path;

    [Function("Function45")]
    public static string Function45([HttpTrigger(AuthorizationLevel.Function, "get", "post")] HttpRequest request) => request.Path;

    [Function("Function46")]
    public static string Function46([HttpTrigger(AuthorizationLevel.Function, "get", "post")] HttpRequest request) => request.Path;

    [Function("Function47")]
    public static string Function47([HttpTrigger(AuthorizationLevel.Function, "get", "post")] HttpRequest request) => request.Path;

    [Function("Function48")]
    public static string Function48([HttpTrigger(AuthorizationLevel.Function, "get", "post")] HttpRequest request) => request.Path;

    [Function("Function49")]
    public static string Function49([HttpTrigger(AuthorizationLevel.Function, "get", "post")] HttpRequest request) => request.Path;

    [Function("Function50")]
    public static string Function50([HttpTrigger(AuthorizationLevel.Function, "get", "post")] HttpRequest request) => request.Path;
}
