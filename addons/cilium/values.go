package cilium

import (
	"fmt"
	"slices"

	"github.com/kindctl/kindctl/addons/plugin"
	"github.com/kindctl/kindctl/internal/kube"
)

// Values are the Helm values for a cluster: what differs from the chart's own
// defaults, which are passed because a list can only be replaced as a whole. The
// user's own come last.
func Values(options plugin.Options, defaults map[string]any) (map[string]any, error) {
	withoutDigest := func() map[string]any { return map[string]any{"useDigest": false} } // images built here have digests of their own
	values := map[string]any{
		"image":                withoutDigest(),
		"ipam":                 map[string]any{"mode": "kubernetes"}, // each node's podCIDR, as kubeadm hands it out
		"operator":             map[string]any{"image": withoutDigest()},
		"routingMode":          "tunnel",
		"tunnelProtocol":       "vxlan",
		"kubeProxyReplacement": "false",
		"envoy":                map[string]any{"enabled": false},
		"l7Proxy":              false,
	}
	if four, six := kube.ByFamily(options.PodSubnet); six != "" {
		values["ipv4"], values["ipv6"] = map[string]any{"enabled": four != ""}, map[string]any{"enabled": true}
	}
	if options.ProxyMode != "none" {
		// Without kube-proxy's replacement Cilium does not serve hostPorts itself.
		values["cni"] = map[string]any{"chainingMode": "portmap"}
	} else {
		values["kubeProxyReplacement"] = "true"
		values["k8sServiceHost"] = options.APIServerHost
		values["k8sServicePort"] = options.APIServerPort
	}
	if options.SingleNode {
		values["operator"].(map[string]any)["replicas"] = 1 // two are never on one node
	}
	if !options.Production {
		speedUp(values, options)
	}
	if options.LacksSysResource {
		capabilities, err := without("SYS_RESOURCE", defaults)
		if err != nil {
			return nil, err
		}
		values["securityContext"] = map[string]any{"capabilities": capabilities}
	}
	plugin.SettingsOf[Settings](options).applyTo(values, defaults)
	return values, nil
}

// without returns the capability lists of the chart's defaults, of the agent
// and of its init container, with one capability left out.
func without(capability string, defaults map[string]any) (map[string]any, error) {
	security, _ := defaults["securityContext"].(map[string]any)
	lists, _ := security["capabilities"].(map[string]any)
	reduced := map[string]any{}
	for _, name := range []string{"ciliumAgent", "cleanCiliumState"} {
		list, ok := lists[name].([]any)
		if !ok {
			return nil, fmt.Errorf("the chart has no list securityContext.capabilities.%s", name)
		}
		reduced[name] = slices.DeleteFunc(slices.Clone(list), func(each any) bool { return each == capability })
	}
	return reduced, nil
}
