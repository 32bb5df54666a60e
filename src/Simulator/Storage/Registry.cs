using System.Globalization;
using System.Text.Json.Nodes;
using Heal.Simulator.Admission;
using Heal.Simulator.Api;
using Heal.Simulator.Objects;
using Heal.Simulator.Ownership;

namespace Heal.Simulator.Storage;

/// <summary>
/// Every write, of clients and of controllers alike: defaults, validation, generation, field ownership, finalizers, graceful deletion.
/// A write that changes nothing makes no new version.
/// </summary>
internal sealed class Registry(ObjectStore store, SimulatorClock clock, Names names)
{
    public const long DefaultPodGraceSeconds = 30;
    public const string ForegroundFinalizer = "foregroundDeletion";
    public const string OrphanFinalizer = "orphan";

    private int _serviceAddress;

    public ObjectStore Store { get; } = store;
    public SimulatorClock Clock { get; } = clock;
    public Names Names { get; } = names;

    public StoredObject Get(ResourceType type, string ns, string name)
        => Store.Find(type, ns, name) ?? throw ApiException.NotFound(type, name);

    public StoredObject Create(ResourceType type, string ns, JsonObject o, WriteContext context)
    {
        lock (Store.Gate)
        {
            Identify(type, ns, o);
            RequireNamespace(type, ns, o.Name());
            if (o.Text("metadata", "resourceVersion") is { Length: > 0 })
                throw ApiException.BadRequest("resourceVersion should not be set on objects to be created");
            if (Store.Find(type, ns, o.Name()) is not null)
                throw ApiException.AlreadyExists(type, o.Name());
            ResetForCreate(type, o);
            Defaults.Apply(type, o);
            if (type == ResourceCatalog.Services)
                AllocateAddress(o);
            Validation.Check(type, o, null);
            if (!context.IsApply)
            {
                var managed = new ManagedFields();
                managed.RecordUpdate(null, o, context.Manager, context.Subresource, Clock.Timestamp());
                managed.Write(o);
            }
            return context.DryRun ? new StoredObject(type, o, 0) : Store.Put(type, o);
        }
    }

    /// <summary>
    /// Reads, lets the caller change a copy, and commits. A resourceVersion in the changed object that is not the current one is a
    /// conflict.
    /// </summary>
    public StoredObject Update(ResourceType type, string ns, string name, Func<JsonObject, JsonObject> change, WriteContext context)
    {
        lock (Store.Gate)
        {
            var old = Get(type, ns, name);
            var proposed = change(old.Copy());
            CheckIdentity(old, proposed);
            var next = Restrict(old.Json, proposed, type, context.Subresource);
            KeepSystemFields(old.Json, next);
            Defaults.Apply(type, next);
            Validation.Check(type, next, old.Json, context.Subresource);
            if (type.HasGeneration && !JsonAccess.Same(next["spec"], old.Json["spec"]))
                next.Meta()["generation"] = (old.Json.Number("metadata", "generation") ?? 0) + 1;
            if (!context.IsApply)
            {
                var source = next.At("metadata", "managedFields") is null ? old.Json : next;
                var managed = ManagedFields.Read(source);
                managed.RecordUpdate(old.Json, next, context.Manager, context.Subresource, Clock.Timestamp());
                managed.Write(next);
            }
            if (JsonAccess.Same(WithoutTimes(next), WithoutTimes(old.Json)))
                return old;
            if (context.DryRun)
                return new StoredObject(type, next, old.Version);
            if (next.IsDeleting() && next.Finalizers().Count == 0 && MayGo(type, next))
                return RemoveFinally(Store.Put(type, next));
            return Store.Put(type, next);
        }
    }

    /// <summary>Deletes, or marks for deletion; returns the last state, and whether the object is gone.</summary>
    public (StoredObject Last, bool Gone) Delete(ObjectKey key, DeleteOptions options)
    {
        lock (Store.Gate)
        {
            var old = Get(key.Type, key.Namespace, key.Name);
            if (options.Uid is { } uid && uid != old.Json.Uid())
                throw ApiException.Conflict(
                    key.Type, key.Name,
                    $"Precondition failed: UID in precondition: {uid}, UID in object meta: {old.Json.Uid()}");
            if (options.Version is { } version && version != old.Json.Text("metadata", "resourceVersion"))
                throw ApiException.Conflict(key.Type, key.Name, $"Precondition failed: ResourceVersion in precondition: {version}, "
                    + $"ResourceVersion in object meta: {old.Json.Text("metadata", "resourceVersion")}");
            if (options.DryRun)
                return (old, false);
            var next = old.Copy();
            var meta = next.Meta();
            AddPropagation(meta, options.Propagation);
            var grace = Grace(key.Type, next, options);
            if (!next.IsDeleting() || grace < (next.Number("metadata", "deletionGracePeriodSeconds") ?? 0))
            {
                meta["deletionTimestamp"] = (Clock.Now + TimeSpan.FromSeconds(grace)).Timestamp();
                meta["deletionGracePeriodSeconds"] = grace;
            }
            if (key.Type == ResourceCatalog.Namespaces)
                next.Ensure("status")["phase"] = "Terminating";
            if (next.Finalizers().Count == 0 && MayGo(key.Type, next))
                return (RemoveFinally(old), true);
            return (JsonAccess.Same(next, old.Json) ? old : Store.Put(key.Type, next), false);
        }
    }

    private StoredObject RemoveFinally(StoredObject last) => Store.Remove(last.Key) ?? last;

    private static bool MayGo(ResourceType type, JsonObject o) => type switch
    {
        _ when type == ResourceCatalog.Namespaces => o.At("spec", "finalizers") is not JsonArray { Count: > 0 },
        _ when type == ResourceCatalog.Pods => (o.Number("metadata", "deletionGracePeriodSeconds") ?? 0) == 0,
        _ => true,
    };

    private static long Grace(ResourceType type, JsonObject o, DeleteOptions options)
    {
        if (type != ResourceCatalog.Pods || o.Text("spec", "nodeName") is null || o.Text("status", "phase") is "Succeeded" or "Failed")
            return 0;
        return options.GraceSeconds ?? o.Number("spec", "terminationGracePeriodSeconds") ?? DefaultPodGraceSeconds;
    }

    private static void AddPropagation(JsonObject meta, string propagation)
    {
        var finalizer = propagation switch { "Foreground" => ForegroundFinalizer, "Orphan" => OrphanFinalizer, _ => null };
        if (finalizer is null)
            return;
        var list = meta["finalizers"] as JsonArray ?? [];
        if (!list.Any(f => f?.ToString() == finalizer))
            list.Add(finalizer);
        if (meta["finalizers"] is null)
            meta["finalizers"] = list;
    }

    private void Identify(ResourceType type, string ns, JsonObject o)
    {
        o["apiVersion"] = type.GroupVersion;
        o["kind"] = type.Kind;
        var meta = o.Meta();
        if (meta.Text("namespace") is { Length: > 0 } given && given != ns && type.Namespaced)
            throw ApiException.BadRequest(
                $"the namespace of the provided object does not match the namespace sent on the request: {given} != {ns}");
        if (type.Namespaced)
            meta["namespace"] = ns;
        else
            meta.Remove("namespace");
        if (o.Name().Length == 0 && meta.Text("generateName") is { Length: > 0 } prefix)
            meta["name"] = prefix + Names.Suffix();
        if (o.Name().Length == 0)
            throw ApiException.Invalid(type, "", [FieldError.Required("metadata.name", "name or generateName is required")]);
    }

    private void RequireNamespace(ResourceType type, string ns, string name)
    {
        if (!type.Namespaced)
            return;
        var space = Store.Find(ResourceCatalog.Namespaces, "", ns) ?? throw ApiException.NotFound(ResourceCatalog.Namespaces, ns);
        if (space.Json.IsDeleting() && type != ResourceCatalog.Events)
            throw ApiException.Forbidden(type, name, $"unable to create new content in namespace {ns} because it is being terminated");
    }

    private void ResetForCreate(ResourceType type, JsonObject o)
    {
        var meta = o.Meta();
        foreach (var system in new[] { "resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "generation" })
            meta.Remove(system);
        meta["uid"] = Names.Uid();
        meta["creationTimestamp"] = Clock.Timestamp();
        if (type.HasGeneration)
            meta["generation"] = 1;
        if (type == ResourceCatalog.Nodes)
            return;
        if (type.HasStatus)
            o["status"] = new JsonObject();
        if (type == ResourceCatalog.Pods)
            o["status"] = new JsonObject { ["phase"] = "Pending", ["qosClass"] = PodQuality.Of(o) };
        if (type == ResourceCatalog.Namespaces)
        {
            o["spec"] = new JsonObject { ["finalizers"] = new JsonArray("kubernetes") };
            o["status"] = new JsonObject { ["phase"] = "Active" };
            meta.Ensure("labels")["kubernetes.io/metadata.name"] = o.Name();
        }
        if (type == ResourceCatalog.PersistentVolumeClaims)
            o["status"] = new JsonObject { ["phase"] = "Pending" };
    }

    private void AllocateAddress(JsonObject service)
    {
        if (service["spec"] is not JsonObject spec || spec.Text("type") == "ExternalName" || spec["clusterIP"] is not null)
            return;
        _serviceAddress++;
        spec["clusterIP"] = string.Create(CultureInfo.InvariantCulture, $"10.96.{_serviceAddress / 250}.{1 + (_serviceAddress % 250)}");
        spec["clusterIPs"] = new JsonArray(spec.Text("clusterIP"));
    }

    private static void CheckIdentity(StoredObject old, JsonObject proposed)
    {
        if (proposed.Name() is { Length: > 0 } name && name != old.Key.Name)
            throw ApiException.BadRequest($"the name of the object ({name}) does not match the name on the URL ({old.Key.Name})");
        if (proposed.Uid() is { Length: > 0 } uid && uid != old.Json.Uid())
            throw ApiException.Conflict(
                old.Type, old.Key.Name,
                $"Precondition failed: UID in precondition: {uid}, UID in object meta: {old.Json.Uid()}");
        if (proposed.Text("metadata", "resourceVersion") is { Length: > 0 } version
            && version != old.Json.Text("metadata", "resourceVersion"))
            throw ApiException.Modified(old.Type, old.Key.Name);
        if (proposed.Text("kind") is { } kind && kind != old.Type.Kind)
            throw ApiException.BadRequest($"the kind of the object ({kind}) does not match the resource ({old.Type.Kind})");
    }

    /// <summary>The main resource cannot write the status, the status subresource nothing else.</summary>
    private static JsonObject Restrict(JsonObject old, JsonObject proposed, ResourceType type, string subresource)
    {
        if (subresource == "resize")
            return Resized(old.Copy(), proposed);
        if (subresource == "status")
        {
            var next = old.Copy();
            next["status"] = proposed["status"]?.DeepClone();
            return next;
        }
        var main = proposed.Parent is null ? proposed : proposed.Copy();
        if (!type.HasStatus)
            return main;
        main.Remove("status");
        if (old["status"] is { } status)
            main["status"] = status.DeepClone();
        return main;
    }

    /// <summary>Requests and limits of the containers that both have, and nothing else.</summary>
    private static JsonObject Resized(JsonObject next, JsonObject proposed)
    {
        foreach (var field in new[] { "containers", "initContainers" })
        {
            var wanted = proposed.Items("spec", field).ToDictionary(c => c.Text("name") ?? "", StringComparer.Ordinal);
            foreach (var container in next.Items("spec", field))
            {
                if (wanted.TryGetValue(container.Text("name") ?? "", out var other) && other["resources"] is { } resources)
                    container["resources"] = resources.DeepClone();
            }
        }
        return next;
    }

    private static void KeepSystemFields(JsonObject old, JsonObject next)
    {
        next["apiVersion"] = old.Text("apiVersion");
        next["kind"] = old.Text("kind");
        var meta = next.Meta();
        foreach (var name in new[]
        {
            "name", "namespace", "uid", "resourceVersion", "creationTimestamp",
            "deletionTimestamp", "deletionGracePeriodSeconds", "generation",
            "generateName",
        })
        {
            if (old.At("metadata", name) is { } value)
                meta[name] = value.DeepClone();
            else
                meta.Remove(name);
        }
    }

    /// <summary>For "did anything change": the time of a field manager's last write is no change.</summary>
    private static JsonObject WithoutTimes(JsonObject o)
    {
        var copy = o.Copy();
        foreach (var entry in copy.Items("metadata", "managedFields"))
            entry.Remove("time");
        return copy;
    }
}
