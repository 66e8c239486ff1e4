package verify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

func kubeletConfigCheck() Check {
	return Check{
		ID: "kubelet.config", Nodes: AllNodes, Group: groupNode, Title: "Every kubelet runs with the cluster's configuration",
		Proves:  "Every setting in the ConfigMap kubelet-config is what each kubelet says it runs with. On a cluster that kindctl made, the kubelets are configured alike too, but for what the configuration asks of single ones, by flags or patches, and clusterDNS is the DNS Service's address unless the configuration names another. A kubelet that was changed by hand, or not restarted after an upgrade, would otherwise show as a node that treats its pods differently.",
		Hint:    "compare kubectl -n kube-system get configmap kubelet-config -o yaml with /var/lib/kubelet/config.yaml on the node named; then there: systemctl restart kubelet",
		Needs:   []string{"kubelet.alive"},
		Rights:  rights(rightsOfNodes, rightsOfKubeletConfigs, []string{"get configmaps@kube-system", "get services@kube-system"}),
		Differs: "A kubelet's configuration was changed, or the ConfigMap was.",
		Timeout: 12 * time.Second, Run: kubeletsConfigured,
	}
}

// kubeletConfigMap is where kubeadm keeps what it gives to joining nodes.
const (
	kubeletConfigMap = "kubelet-config"
	kubeletConfigKey = "kubelet"
)

// ownSettings may differ from node to node in one cluster.
var ownSettings = map[string]string{
	"providerID":         "names the node to its cloud",
	"registerWithTaints": "kubeadm gives taints to control planes alone",
	"systemReserved":     "nodes may be limited to a part of the machine, each to its own",
}

// settings are the leaves of a configuration by their path, such as
// "authentication.anonymous.enabled".
type settings map[string]any

// nodeSettings are those that a node's kubelet runs with.
type nodeSettings struct {
	node string
	settings
}

func kubeletsConfigured(ctx context.Context, t *Target) (Evidence, error) {
	want, err := t.sharedSettings(ctx)
	if err != nil {
		return nil, err
	}
	var address string
	if !t.Expect.Discovered { // others may have a cache on every node
		if address, err = t.dnsAddress(ctx); err != nil {
			return nil, err
		}
	}
	nodes, err := t.nodes(ctx)
	if err != nil {
		return nil, err
	}
	running := make([]nodeSettings, len(nodes))
	evidence, err := Each(indices(nodes), func(i int) string { return nodes[i].Name }, func(i int) (seen string, err error) {
		if running[i], err = t.runningSettings(ctx, nodes[i]); err == nil {
			seen, err = judgeSettings(running[i], want, address, t.Expect.askedOf(nodes[i].Name))
		}
		return seen, err
	})
	if t.Expect.Discovered {
		return Judged(evidence, err)
	}
	known := slices.DeleteFunc(running, func(node nodeSettings) bool { return node.settings == nil })
	alike, differ := judgeAlike(known, func(node, path string) bool { _, is := t.Expect.askedOf(node).of(path); return is })
	return Judged(append(evidence, alike...), errors.Join(err, differ))
}

// sharedSettings reads what kubeadm gave to the nodes.
func (t *Target) sharedSettings(ctx context.Context) (settings, error) {
	name := "ConfigMap " + systemNamespace + "/" + kubeletConfigMap
	found, err := t.Kube.Clientset.CoreV1().ConfigMaps(systemNamespace).Get(ctx, kubeletConfigMap, metav1.GetOptions{})
	if apierrors.IsNotFound(err) && t.Expect.Discovered {
		return nil, Inapplicable("there is no " + name + ", which kubeadm makes")
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	var configuration map[string]any
	if err := yaml.Unmarshal([]byte(found.Data[kubeletConfigKey]), &configuration); err != nil {
		return nil, fmt.Errorf("%s: %s: %w", name, kubeletConfigKey, err)
	}
	if len(configuration) == 0 {
		return nil, fmt.Errorf("%s has no key %q", name, kubeletConfigKey)
	}
	return leaves(configuration), nil
}

func (t *Target) runningSettings(ctx context.Context, node corev1.Node) (nodeSettings, error) {
	body, err := t.configz(ctx, node.Name)
	if err != nil {
		return nodeSettings{}, OnNode(node.Name, err)
	}
	var answer struct {
		Kubelet map[string]any `json:"kubeletconfig"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nodeSettings{}, OnNode(node.Name, fmt.Errorf("/configz: %w", err))
	}
	if len(answer.Kubelet) == 0 {
		return nodeSettings{}, OnNode(node.Name, fmt.Errorf("/configz answers %d without a configuration", http.StatusOK))
	}
	return nodeSettings{node.Name, leaves(answer.Kubelet)}, nil
}

// judgeSettings wants what is set in the ConfigMap; what is not set, or to
// nothing, each kubelet fills in by itself, and what the configuration asks of the
// node alone is for cfg.applied to compare.
func judgeSettings(node nodeSettings, want settings, dns string, wishes asked) (string, error) {
	var problems []error
	differs := func(path, format string, arguments ...any) {
		problems = append(problems, Differs(node.node+"."+path, "change it back in /var/lib/kubelet/config.yaml on "+node.node+", or in the ConfigMap "+kubeletConfigMap+", then there: systemctl restart kubelet",
			OnNode(node.node, fmt.Errorf("%s is %s, "+format, append([]any{path, shown(node.settings[path])}, arguments...)...))))
	}
	line := ""
	compared := 0
	for _, path := range slices.Sorted(keys(want)) {
		if unset(want[path]) {
			continue
		}
		compared++
		if have := node.settings[path]; sameSetting(have, want[path]) {
			continue
		} else if wish, is := wishes.of(path); is {
			line += "; " + wish.describe(path, have)
		} else {
			differs(path, "in %s it is %s", kubeletConfigMap, shown(want[path]))
		}
	}
	if have := node.settings[clusterDNS]; dns != "" && !sameSetting(have, []any{dns}) && len(problems) == 0 {
		if wish, is := wishes.of(clusterDNS); is {
			line += "; " + wish.describe(clusterDNS, have)
		} else {
			differs(clusterDNS, "the address of Service %s is %s", dnsService, dns)
		}
	}
	switch {
	case len(problems) > 0:
		return "", errors.Join(problems...)
	case compared == 0:
		return "", OnNode(node.node, fmt.Errorf("%s sets nothing that could be compared", kubeletConfigMap))
	}
	return fmt.Sprintf("%s: all %d settings of %s; clusterDNS %s%s", node.node, compared, kubeletConfigMap, shown(node.settings[clusterDNS]), line), nil
}

// clusterDNS is the setting with the addresses that pods ask for names.
const clusterDNS = "clusterDNS"
