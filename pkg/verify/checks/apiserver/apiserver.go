// Package apiserver checks the API servers.
package apiserver

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/verify"
)

const groupAPI = "api"

// Checks returns the checks of the API servers.
func Checks() []verify.Check {
	return []verify.Check{
		{
			ID: "api.ready", Nodes: verify.ControlPlanes, Group: groupAPI, Title: "Every API server is ready",
			Proves: "Requests `/readyz` of every API server directly, because the load balancer would hide one that is not ready. Every expected API server must be there.",
			Hint:   "kubectl -n kube-system get pods -l component=kube-apiserver; kubectl get --raw '/readyz?verbose'",
			Needs:  []string{"kubelet.alive"},
			Rights: verify.JoinRights(verify.RightsOfSystemPods, verify.RightsOfForwards, []string{"get /readyz"}),
			Skip:   verify.Hidden("kube-apiserver"), Timeout: 18 * time.Second,
			Run: apiReady,
		},
		{
			ID: "api.scope", Group: groupAPI, Title: "Resources have the scope that the API documents",
			Proves: "Discovery must report Pods, ReplicationControllers, ReplicaSets, PersistentVolumeClaims and Roles as namespaced, and PersistentVolumes, Nodes, Namespaces and ClusterRoles as cluster-scoped.",
			Hint:   "kubectl api-resources",
			Rights: []string{"get /api/v1", "get /apis/apps/v1", "get /apis/rbac.authorization.k8s.io/v1"},
			Run:    apiScope,
		},
		authzCheck(),
	}
}

// apiReady asks each API server past the load balancer, which would hide a
// sick one.
func apiReady(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	servers, err := t.Components(ctx, "kube-apiserver")
	if err != nil {
		return nil, err
	}
	return verify.Evaluated(verify.Each(servers, verify.PodNode, func(pod corev1.Pod) (string, error) {
		ctx, cancel := verify.Answering(ctx)
		defer cancel()
		status, body, err := t.Pods.GetAPIServer(ctx, pod.Namespace, pod.Name, verify.APIServerPort, "/readyz?verbose")
		if err != nil {
			return "", fmt.Errorf("%s: %w", pod.Name, err)
		}
		good, bad := kube.Readyz(string(body))
		if status != http.StatusOK || good == 0 {
			return "", fmt.Errorf("%s: /readyz answers %d: %s", pod.Name, status, strings.Join(bad, ", "))
		}
		return fmt.Sprintf("%s: ready, %d of its own checks ok", pod.Name, good), nil
	}))
}

// scopes is what the API reference says about the resources that people mix up
// most: a claim lives in a namespace, the volume that it binds does not; roles
// come in both kinds.
var scopes = []struct {
	groupVersion, resource string
	namespaced             bool
}{
	{"v1", "pods", true},
	{"v1", "replicationcontrollers", true},
	{"v1", "persistentvolumeclaims", true},
	{"apps/v1", "replicasets", true},
	{"rbac.authorization.k8s.io/v1", "roles", true},
	{"v1", "persistentvolumes", false},
	{"v1", "nodes", false},
	{"v1", "namespaces", false},
	{"rbac.authorization.k8s.io/v1", "clusterroles", false},
}

func apiScope(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	served := map[string]bool{}
	for _, group := range []string{"v1", "apps/v1", "rbac.authorization.k8s.io/v1"} {
		list, err := t.Kube.Clientset.Discovery().ServerResourcesForGroupVersion(group)
		if err != nil {
			return nil, fmt.Errorf("discover %s: %w", group, err)
		}
		for _, resource := range list.APIResources {
			served[group+" "+resource.Name] = resource.Namespaced
		}
	}
	var evidence verify.Evidence
	var problems []error
	for _, want := range scopes {
		namespaced, found := served[want.groupVersion+" "+want.resource]
		switch {
		case !found:
			problems = append(problems, fmt.Errorf("%s %s is not served", want.groupVersion, want.resource))
		case namespaced != want.namespaced:
			problems = append(problems, fmt.Errorf("%s is %s", want.resource, scope(namespaced)))
		default:
			evidence = append(evidence, fmt.Sprintf("%s: %s", want.resource, scope(namespaced)))
		}
	}
	return evidence, errors.Join(problems...)
}

func scope(namespaced bool) string {
	if namespaced {
		return "namespaced"
	}
	return "cluster-wide"
}
