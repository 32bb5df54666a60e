using System.Text.Json.Nodes;
using Heal.Simulator.Objects;
using Heal.Simulator.Ownership;
using Heal.Simulator.Patching;
using Heal.Simulator.Storage;
using Microsoft.AspNetCore.Http;

namespace Heal.Simulator.Api;

/// <summary>POST, PUT, PATCH and DELETE of objects and of their status.</summary>
internal sealed class WriteRequests(Registry registry)
{
    private const string PatchTypes = "application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, "
        + "application/apply-patch+yaml";

    public async Task CreateAsync(HttpContext http, RequestTarget target)
    {
        if (target.Type.Namespaced && target.Namespace.Length == 0)
            throw ApiException.MethodNotAllowed();
        var (body, duplicates) = await BodyReader.ReadObjectFieldsAsync(http);
        CheckKind(target.Type, body);
        body = new FieldValidation(http, "CreateOptions", duplicates).Whole(target.Type, body);
        var made = registry.Create(target.Type, target.Namespace, body, Context(http));
        await Responses.JsonAsync(http, 201, made.Utf8);
    }

    public async Task ReplaceAsync(HttpContext http, RequestTarget target)
    {
        var (body, duplicates) = await BodyReader.ReadObjectFieldsAsync(http);
        CheckKind(target.Type, body);
        body = new FieldValidation(http, "UpdateOptions", duplicates).Whole(target.Type, body);
        var next = registry.Update(target.Type, target.Namespace, target.Name, _ => body, Context(http, target.Subresource));
        await Responses.JsonAsync(http, 200, next.Utf8);
    }

    public async Task PatchAsync(HttpContext http, RequestTarget target)
    {
        var media = BodyReader.MediaType(http);
        var (patch, duplicates) = await BodyReader.ReadFieldsAsync(http);
        var fields = new FieldValidation(http, "PatchOptions", duplicates);
        if (media.StartsWith("application/apply-patch", StringComparison.Ordinal))
        {
            await ApplyAsync(http, target,
                patch as JsonObject ?? throw ApiException.BadRequest("an applied configuration must be an object"), fields);
            return;
        }
        Func<JsonObject, JsonObject> change = media switch
        {
            "application/json-patch+json" => o => JsonPatch.Apply(o, patch),
            "application/merge-patch+json" => o => (JsonObject)MergePatch.Apply(o, AsObject(patch))!,
            "application/strategic-merge-patch+json" => o => StrategicMergePatch.Apply(o, AsObject(patch), target.Type.Kind),
            _ => throw ApiException.UnsupportedMediaType(media, PatchTypes),
        };
        var next = registry.Update(
            target.Type, target.Namespace, target.Name, o => fields.Patched(target.Type, patch, o.Copy(), change(o)),
            Context(http, target.Subresource));
        await Responses.JsonAsync(http, 200, next.Utf8);
    }

    public async Task DeleteAsync(HttpContext http, RequestTarget target)
    {
        var options = await DeleteOptionsAsync(http);
        var key = new ObjectKey(target.Type, target.Namespace, target.Name);
        var (last, gone) = registry.Delete(key, options);
        if (!gone)
        {
            await Responses.JsonAsync(http, 200, last.Utf8);
            return;
        }
        var details = ApiException.Details(target.Type, target.Name);
        details["uid"] = last.Json.Uid();
        await Responses.JsonAsync(http, 200, new JsonObject
        {
            ["kind"] = "Status",
            ["apiVersion"] = "v1",
            ["metadata"] = new JsonObject(),
            ["status"] = "Success",
            ["details"] = details,
        });
    }

    public async Task DeleteCollectionAsync(HttpContext http, RequestTarget target)
    {
        var options = await DeleteOptionsAsync(http);
        var labels = LabelSelector.Parse(http.Request.Query["labelSelector"]);
        var fields = FieldSelector.Parse(http.Request.Query["fieldSelector"], target.Type);
        var (items, _) = registry.Store.List(target.Type, target.Namespace);
        var deleted = new JsonArray();
        foreach (var item in items.Where(o => labels.Matches(o.Json) && fields.Matches(o.Json)))
        {
            if (registry.Store.Find(item.Type, item.Key.Namespace, item.Key.Name) is null)
                continue;
            deleted.Add(registry.Delete(item.Key, options).Last.Copy());
        }
        await Responses.JsonAsync(http, 200, new JsonObject
        {
            ["kind"] = $"{target.Type.Kind}List",
            ["apiVersion"] = target.Type.GroupVersion,
            ["metadata"] = new JsonObject { ["resourceVersion"] = $"{registry.Store.Version}" },
            ["items"] = deleted,
        });
    }

    public static WriteContext Context(HttpContext http, string subresource = "")
    {
        var dryRun = http.Request.Query["dryRun"].ToString();
        if (dryRun is not ("" or "All"))
            throw ApiException.BadRequest($"invalid value for query parameter dryRun: expected All, got '{dryRun}'");
        var manager = http.Request.Query["fieldManager"].ToString();
        if (manager.Length == 0)
            manager = http.Request.Headers.UserAgent.ToString().Split('/')[0] is { Length: > 0 } agent ? agent : "unknown";
        return new WriteContext(manager, subresource, dryRun == "All");
    }

    private async Task ApplyAsync(HttpContext http, RequestTarget target, JsonObject applied, FieldValidation fields)
    {
        var context = Context(http, target.Subresource) with { IsApply = true };
        if (http.Request.Query["fieldManager"].ToString().Length == 0)
            throw new ApiException(422, "Invalid",
                "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch");
        CheckKind(target.Type, applied, required: true);
        if (applied.Name() is { Length: > 0 } name && name != target.Name)
            throw ApiException.BadRequest($"the name of the object ({name}) does not match the name on the URL ({target.Name})");
        applied.Meta()["name"] = target.Name;
        fields.Applied(target.Type, applied);
        var force = http.Request.Query["force"].ToString() is "true" or "1";
        var time = registry.Clock.Timestamp();
        StoredObject next;
        bool created;
        lock (registry.Store.Gate)
        {
            created = registry.Store.Find(target.Type, target.Namespace, target.Name) is null;
            if (created && target.Subresource.Length > 0)
                throw ApiException.NotFound(target.Type, target.Name);
            next = created
                ? registry.Create(target.Type, target.Namespace,
                    ServerSideApply.Merge(null, applied, context.Manager, force, time), context)
                : registry.Update(target.Type, target.Namespace, target.Name,
                    live => ServerSideApply.Merge(live, applied, context.Manager, force, time), context);
        }
        await Responses.JsonAsync(http, created ? 201 : 200, next.Utf8);
    }

    private static async Task<DeleteOptions> DeleteOptionsAsync(HttpContext http)
    {
        var body = await BodyReader.ReadAsync(http) as JsonObject ?? [];
        var propagation = http.Request.Query["propagationPolicy"].ToString() is { Length: > 0 } given
            ? given
            : body.Text("propagationPolicy");
        if (body.Flag("orphanDependents") == true || http.Request.Query["orphanDependents"].ToString() == "true")
            propagation = "Orphan";
        if (propagation is not (null or "Background" or "Foreground" or "Orphan"))
            throw ApiException.BadRequest(
                $"invalid DeleteOptions: propagationPolicy: expected Foreground, Background or Orphan, got '{propagation}'");
        var context = Context(http);
        return new DeleteOptions(
            ReadRequests.Number(http, "gracePeriodSeconds") ?? body.Number("gracePeriodSeconds"),
            propagation ?? "Background",
            body.Text("preconditions", "uid"),
            body.Text("preconditions", "resourceVersion"),
            context.DryRun || body["dryRun"] is JsonArray { Count: > 0 });
    }

    private static JsonObject AsObject(JsonNode? patch) =>
        patch as JsonObject ?? throw ApiException.BadRequest("error decoding patch: a merge patch is an object");

    private static void CheckKind(ResourceType type, JsonObject body, bool required = false)
    {
        var (version, kind) = (body.Text("apiVersion"), body.Text("kind"));
        if (required && (version is null || kind is null))
            throw ApiException.BadRequest("apiVersion and kind must be set in an applied configuration");
        if ((version ?? type.GroupVersion) != type.GroupVersion || (kind ?? type.Kind) != type.Kind)
            throw ApiException.BadRequest($"the API version in the data ({version}, Kind={kind}) does not match the expected API version "
                + $"({type.GroupVersion}, Kind={type.Kind})");
    }
}
