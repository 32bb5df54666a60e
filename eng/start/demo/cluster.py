"""The Deployment that the demo breaks, over the Kubernetes API of the simulator."""

import web

NAMESPACE = "demo"
NAME = "web"
BAD_CONFIG = "web-config-next"


class Cluster:
    def __init__(self, url):
        self._core = f"{url}/api/v1/namespaces/{NAMESPACE}"
        self._deployment = f"{url}/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{NAME}"

    def break_it(self):
        """The faulty change: a ConfigMap with a value that the program refuses, mounted by the Deployment."""
        config = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": BAD_CONFIG, "namespace": NAMESPACE},
            "data": {"mode": "broken"},
        }
        web.call("POST", f"{self._core}/configmaps?fieldManager=demo", config)
        change = {
            "spec": {
                # one replica may be away during a rollout, so that the fault costs capacity, as it does in life
                "strategy": {"rollingUpdate": {"maxUnavailable": 1}},
                "template": {"spec": {"volumes": [{"name": "config", "configMap": {"name": BAD_CONFIG}}]}},
            }
        }
        kind = {"Content-Type": "application/strategic-merge-patch+json"}
        web.call("PATCH", f"{self._deployment}?fieldManager=demo", change, kind)

    def state(self):
        """What a person would look at: replicas, image, configuration, revision, crashing pods."""
        deployment = web.call("GET", self._deployment)
        template = deployment["spec"]["template"]["spec"]
        pods = web.call("GET", f"{self._core}/pods?labelSelector=app%3D{NAME}")["items"]
        return {
            "ready": f"{deployment['status'].get('readyReplicas', 0)} of {deployment['spec']['replicas']}",
            "crashing pods": str(sum(1 for pod in pods if crash_of(pod))),
            "image": template["containers"][0]["image"],
            "configuration": template["volumes"][0]["configMap"]["name"],
            "revision": deployment["metadata"]["annotations"].get("deployment.kubernetes.io/revision", "?"),
        }

    def is_healthy(self):
        status = web.call("GET", self._deployment).get("status", {})
        return status.get("readyReplicas", 0) == status.get("replicas", -1) == status.get("updatedReplicas", -2)

    def crash(self):
        """Name and last words of a pod that waits in CrashLoopBackOff, or None."""
        for pod in web.call("GET", f"{self._core}/pods?labelSelector=app%3D{NAME}")["items"]:
            if container := crash_of(pod):
                return pod["metadata"]["name"], container["lastState"].get("terminated", {})
        return None


def crash_of(pod):
    for container in pod.get("status", {}).get("containerStatuses", []):
        if container.get("state", {}).get("waiting", {}).get("reason") == "CrashLoopBackOff":
            return container
    return None
