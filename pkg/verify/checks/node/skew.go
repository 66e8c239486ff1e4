package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/version"

	"github.com/kindctl/kindctl/pkg/verify"
)

func skewCheck() verify.Check {
	return verify.Check{
		ID: "node.skew", Nodes: verify.AllNodes, Group: groupNode, Title: "Kubelets and kube-proxies run versions that the API servers support",
		Proves:  "No kubelet or kube-proxy may be newer than the oldest API server or more than three minor versions older, and the API servers may differ by one minor version at most. kube-proxy is asked directly, because the version in the Node object is only a copy of the kubelet's. An unsupported skew works until the meaning of a field changes.",
		Hint:    "upgrade the API servers first, then the nodes named: https://kubernetes.io/releases/version-skew-policy",
		Needs:   []string{"api.ready", "kubelet.alive", "proxy.mode"},
		Rights:  verify.JoinRights(verify.RightsOfNodes, verify.RightsOfSystemPods, verify.RightsOfForwards, []string{"get /version"}),
		Timeout: 15 * time.Second, Run: versionsFit,
	}
}

// The version skew policy of Kubernetes, in minor versions.
const (
	nodesMayBeOlder   = 3
	serversMayBeApart = 1
)

// versioned is a component, its node, and the version that it reports.
type versioned struct{ node, name, version string }

func (v versioned) String() string {
	if v.node == "" {
		return v.name
	}
	return v.node + ": " + v.name
}

func versionsFit(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	servers, err := serverVersions(ctx, t)
	if err != nil {
		return nil, err
	}
	nodes, err := t.Nodes(ctx)
	if err != nil {
		return nil, err
	}
	var clients []versioned
	for _, node := range nodes {
		clients = append(clients, versioned{node.Name, "kubelet", node.Status.NodeInfo.KubeletVersion})
	}
	if verify.WithoutProxy(t) == "" {
		proxies, err := proxyVersions(ctx, t)
		if err != nil {
			return nil, err
		}
		clients = append(clients, proxies...)
	}
	return verify.Evaluated(evaluateSkew(servers, clients))
}

// serverVersions asks each API server, or the cluster's address where they
// are no pods.
func serverVersions(ctx context.Context, t *verify.Target) ([]versioned, error) {
	if verify.Hidden("kube-apiserver")(t) != "" {
		found, err := t.Kube.Version(ctx)
		return []versioned{{name: "API server", version: found}}, err
	}
	pods, err := t.Components(ctx, "kube-apiserver")
	if err != nil {
		return nil, err
	}
	return versionsOf(pods, func(pod corev1.Pod) (string, error) {
		ctx, cancel := verify.Answering(ctx)
		defer cancel()
		status, body, err := t.Pods.GetAPIServer(ctx, pod.Namespace, pod.Name, verify.APIServerPort, "/version")
		if err != nil {
			return "", fmt.Errorf("/version: %w", err)
		}
		var answer struct{ GitVersion string }
		if err := json.Unmarshal(body, &answer); err != nil || status != http.StatusOK {
			return "", fmt.Errorf("/version answers %d: %q", status, body)
		}
		return answer.GitVersion, nil
	})
}

// buildInfo is the metric in which Kubernetes programs tell their version.
var buildInfo = regexp.MustCompile(`(?m)^kubernetes_build_info\{[^}]*\bgit_version="([^"]+)"`)

func proxyVersions(ctx context.Context, t *verify.Target) ([]versioned, error) {
	pods, err := t.SystemPods(ctx, verify.ProxySelector)
	if err != nil {
		return nil, err
	}
	if len(pods) == 0 {
		return nil, errors.New("there are no kube-proxy pods")
	}
	return versionsOf(pods, func(pod corev1.Pod) (string, error) {
		ctx, cancel := verify.Answering(ctx)
		defer cancel()
		status, body, err := t.Pods.GetPod(ctx, pod.Namespace, pod.Name, verify.ProxyMetricsPort, "/metrics")
		if err != nil {
			return "", verify.Unobservable(fmt.Errorf("/metrics: %w", err))
		}
		match := buildInfo.FindSubmatch(body)
		if match == nil {
			return "", verify.Unobservable(fmt.Errorf("/metrics answers %d without kubernetes_build_info", status))
		}
		return string(match[1]), nil
	})
}

// versionsOf asks pods side by side.
func versionsOf(pods []corev1.Pod, ask func(corev1.Pod) (string, error)) ([]versioned, error) {
	found := make([]versioned, len(pods))
	_, err := verify.Each(verify.Indices(pods), nil, func(i int) (string, error) {
		answer, err := ask(pods[i])
		if err != nil {
			return "", verify.OnNode(pods[i].Spec.NodeName, fmt.Errorf("%s: %w", pods[i].Name, err))
		}
		found[i] = versioned{pods[i].Spec.NodeName, pods[i].Name, answer}
		return "", nil
	})
	return found, err
}

// evaluateSkew compares minor versions with that of the oldest API server.
func evaluateSkew(servers, clients []versioned) (evidence verify.Evidence, err error) {
	var oldest, newest *version.Version
	for _, server := range servers {
		found, err := version.ParseGeneric(server.version)
		if err != nil {
			return nil, fmt.Errorf("%s: version %q: %w", server, server.version, err)
		}
		if oldest == nil || found.LessThan(oldest) {
			oldest = found
		}
		if newest == nil || newest.LessThan(found) {
			newest = found
		}
		evidence = append(evidence, server.String()+" is "+server.version)
	}
	if oldest == nil {
		return nil, errors.New("there is no API server")
	}
	var problems []error
	wrong := func(client versioned, err error) { problems = append(problems, verify.OnNode(client.node, err)) }
	if minorsBetween(oldest, newest) > serversMayBeApart {
		problems = append(problems, fmt.Errorf("the API servers are v%s and v%s, more than %d minor version apart", oldest, newest, serversMayBeApart))
	}
	for _, client := range clients {
		found, err := version.ParseGeneric(client.version)
		if err != nil {
			wrong(client, fmt.Errorf("%s: version %q: %w", client.name, client.version, err))
			continue
		}
		switch behind := minorsBetween(found, oldest); {
		case behind < 0:
			wrong(client, fmt.Errorf("%s is %s, newer than the API server v%s", client.name, client.version, oldest))
		case behind > nodesMayBeOlder:
			wrong(client, fmt.Errorf("%s is %s, %d minor versions older than the API server v%s, of %d that are supported", client.name, client.version, behind, oldest, nodesMayBeOlder))
		default:
			evidence = append(evidence, client.String()+" is "+client.version)
		}
	}
	return evidence, errors.Join(problems...)
}

// minorsBetween is by how many minor versions the second is the newer one.
// Major versions are worlds apart.
func minorsBetween(a, b *version.Version) int {
	const world = 1000
	return (int(b.Major())-int(a.Major()))*world + int(b.Minor()) - int(a.Minor()) //nolint:gosec // small numbers
}
