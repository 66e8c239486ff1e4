package node

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/checks/config"
	"github.com/kindctl/kindctl/pkg/verify/checks/dns"
)

func kubeletConfigCheck() verify.Check {
	return verify.Check{
		ID: "kubelet.config", Nodes: verify.AllNodes, Group: groupNode, Title: "Every kubelet runs with the cluster's configuration",
		Proves: "Every setting in the ConfigMap kubelet-config must match what each kubelet reports. In clusters that kindctl created, the kubelets must also match each other, except where the configuration sets flags or patches for single nodes, and clusterDNS must be the address of the DNS Service unless the configuration names another. A kubelet that was changed by hand, or not restarted after an upgrade, treats its pods differently.",
		Hint:   "compare kubectl -n kube-system get configmap kubelet-config -o yaml with /var/lib/kubelet/config.yaml on the node named; then there: systemctl restart kubelet",
		Needs:  []string{"kubelet.alive"},
		Rights: verify.JoinRights(
			verify.RightsOfNodes, config.RightsOfKubeletConfigs, []string{"get configmaps@kube-system", "get services@kube-system"},
		),
		Differs: "The configuration of a kubelet, or the ConfigMap, was changed.",
		Timeout: 12 * time.Second, Run: kubeletsConfigured,
	}
}

// ownSettings may differ from node to node in one cluster.
var ownSettings = map[string]string{
	"providerID":         "names the node to its cloud",
	"registerWithTaints": "kubeadm gives taints to control planes alone",
	"systemReserved":     "nodes may be limited to a part of the machine, each to its own",
}

func kubeletsConfigured(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	want, err := config.SharedSettings(ctx, t)
	if err != nil {
		return nil, err
	}
	var address string
	if !t.Expect.Discovered { // others may have a cache on every node
		if address, err = dns.Address(ctx, t); err != nil {
			return nil, err
		}
	}
	nodes, err := t.Nodes(ctx)
	if err != nil {
		return nil, err
	}
	running := make([]config.NodeSettings, len(nodes))
	evidence, err := verify.Each(verify.Indices(nodes), func(i int) string { return nodes[i].Name }, func(i int) (seen string, err error) {
		if running[i], err = config.RunningSettings(ctx, t, nodes[i]); err == nil {
			seen, err = evaluateSettings(running[i], want, address, askedOf(t.Expect, nodes[i].Name))
		}
		return seen, err
	})
	if t.Expect.Discovered {
		return verify.Evaluated(evidence, err)
	}
	known := slices.DeleteFunc(running, func(node config.NodeSettings) bool { return node.Settings == nil })
	alike, differ := evaluateAlike(known, func(node, path string) bool { _, is := askedOf(t.Expect, node).of(path); return is })
	return verify.Evaluated(append(evidence, alike...), errors.Join(err, differ))
}

// evaluateSettings wants what is set in the ConfigMap; what is not set, or to
// nothing, each kubelet fills in by itself, and what the configuration asks of the
// node alone is for cfg.applied to compare.
func evaluateSettings(node config.NodeSettings, want config.Settings, address string, requests asked) (string, error) {
	var problems []error
	differs := func(path, format string, arguments ...any) {
		problems = append(problems, verify.Differs(node.Node+"."+path, "change it back in /var/lib/kubelet/config.yaml on "+node.Node+", or in the ConfigMap "+config.KubeletConfigMap+", then there: systemctl restart kubelet",
			verify.OnNode(node.Node, fmt.Errorf("%s is %s, "+format, append([]any{path, config.Shown(node.Settings[path])}, arguments...)...))))
	}
	var line strings.Builder
	compared := 0
	for _, path := range slices.Sorted(maps.Keys(want)) {
		if config.Unset(want[path]) {
			continue
		}
		compared++
		if have := node.Settings[path]; config.SameSetting(have, want[path]) {
			continue
		} else if request, is := requests.of(path); is {
			line.WriteString("; " + describe(request, path, have))
		} else {
			differs(path, "in %s it is %s", config.KubeletConfigMap, config.Shown(want[path]))
		}
	}
	if have := node.Settings[config.ClusterDNS]; address != "" && !config.SameSetting(have, []any{address}) && len(problems) == 0 {
		if request, is := requests.of(config.ClusterDNS); is {
			line.WriteString("; " + describe(request, config.ClusterDNS, have))
		} else {
			differs(config.ClusterDNS, "the address of Service %s is %s", dns.ServiceName, address)
		}
	}
	switch {
	case len(problems) > 0:
		return "", errors.Join(problems...)
	case compared == 0:
		return "", verify.OnNode(node.Node, fmt.Errorf("%s sets nothing that could be compared", config.KubeletConfigMap))
	}
	return fmt.Sprintf("%s: all %d settings of %s; clusterDNS %s%s", node.Node, compared, config.KubeletConfigMap, config.Shown(node.Settings[config.ClusterDNS]), line.String()), nil
}

// evaluateAlike wants the same settings on all nodes, and names those nodes that
// differ from most, but for settings that are asked of a single node.
func evaluateAlike(nodes []config.NodeSettings, asked func(node, path string) bool) (verify.Evidence, error) {
	paths := map[string]bool{}
	for _, node := range nodes {
		for path := range node.Settings {
			paths[path] = true
		}
	}
	var own []string
	var problems []error
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		others := slices.DeleteFunc(slices.Clone(nodes), func(node config.NodeSettings) bool { return asked(node.Node, path) })
		if len(others) < len(nodes) {
			own = append(own, path+" as asked for")
		}
		usual := usualSetting(others, path)
		var odd []error
		for _, node := range others {
			have := node.Settings[path]
			if config.SameSetting(have, usual) {
				continue
			}
			odd = append(odd, verify.Differs(node.Node+"."+path, "change it back in /var/lib/kubelet/config.yaml on "+node.Node+", then there: systemctl restart kubelet",
				verify.OnNode(node.Node, fmt.Errorf("%s is %s, on most nodes %s", path, config.Shown(have), config.Shown(usual)))))
		}
		if _, may := ownSettings[strings.SplitN(path, ".", 2)[0]]; may {
			if len(odd) > 0 {
				own = append(own, path)
			}
			continue
		}
		problems = append(problems, odd...)
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	line := fmt.Sprintf("%d nodes are alike in %d settings", len(nodes), len(paths)-len(own))
	if len(own) > 0 {
		line += ", and may differ in " + strings.Join(own, ", ")
	}
	return verify.Evidence{line}, nil
}

// usualSetting is the one that most nodes have; of as many, the first.
func usualSetting(nodes []config.NodeSettings, path string) (usual any) {
	most := 0
	for _, candidate := range nodes {
		count := 0
		for _, node := range nodes {
			if config.SameSetting(node.Settings[path], candidate.Settings[path]) {
				count++
			}
		}
		if count > most {
			most, usual = count, candidate.Settings[path]
		}
	}
	return usual
}
