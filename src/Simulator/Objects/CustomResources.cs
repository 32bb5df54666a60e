namespace Heal.Simulator.Objects;

/// <summary>Kinds that a cluster has from custom resource definitions. Nothing acts on them but whoever plays their controller.</summary>
internal static class CustomResources
{
    private static readonly string[] Status = ["status"];

    public static readonly ResourceType Certificates = new("cert-manager.io", "v1", "certificates", "Certificate", true)
        { ShortNames = ["cert"], Subresources = Status, HasGeneration = true };
    public static readonly ResourceType Issuers = new("cert-manager.io", "v1", "issuers", "Issuer", true)
        { Subresources = Status, HasGeneration = true };
    public static readonly ResourceType ClusterIssuers = new("cert-manager.io", "v1", "clusterissuers", "ClusterIssuer", false)
        { Subresources = Status, HasGeneration = true };

    public static readonly ResourceType MachineDeployments =
        new("cluster.x-k8s.io", "v1beta1", "machinedeployments", "MachineDeployment", true)
        { ShortNames = ["md"], Subresources = ["status", "scale"], HasGeneration = true };
    public static readonly ResourceType AuthorizationPolicies =
        new("security.istio.io", "v1", "authorizationpolicies", "AuthorizationPolicy", true)
            { Subresources = Status, HasGeneration = true };

    public static readonly ResourceType Applications = new("argoproj.io", "v1alpha1", "applications", "Application", true)
        { ShortNames = ["app"], Subresources = Status, HasGeneration = true };
    public static readonly ResourceType Kustomizations =
        new("kustomize.toolkit.fluxcd.io", "v1", "kustomizations", "Kustomization", true)
            { ShortNames = ["ks"], Subresources = Status, HasGeneration = true };

    public static readonly IReadOnlyList<ResourceType> Served =
        [Certificates, Issuers, ClusterIssuers, MachineDeployments, AuthorizationPolicies, Applications, Kustomizations];
}
