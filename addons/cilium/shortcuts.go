package cilium

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kindctl/kindctl/addons/plugin"
	"github.com/kindctl/kindctl/addons/setting"
	"github.com/kindctl/kindctl/internal/fidelity"
	"github.com/kindctl/kindctl/internal/kube"
)

// Shortcuts are what makes the release differ from one in production, so that
// the cluster is up sooner.
func (a *Addon) Shortcuts() []fidelity.Shortcut {
	mounts, starts := "bpffs", "mount-cgroup, clean-cilium-state"
	if a.options.ProxyMode == "none" { // which takes cgroup2
		mounts, starts = "bpffs and cgroup2", "clean-cilium-state"
	}
	all := []fidelity.Shortcut{
		{Setting: "Cilium's way between nodes", Here: "plain routes, as all nodes are on one network", There: "VXLAN",
			Effect: "half of the programs to compile: with the tunnel's device Cilium compiles all of them twice"},
		{Setting: "Cilium's init containers", Here: "those that mount " + mounts + " and install the plugin", There: "also config, apply-sysctl-overwrites, " + starts,
			Effect: "three or four containers fewer to start on every node, one after the other; nodes cannot have a CiliumNodeConfig of their own"},
		{Setting: "Cilium's definitions of resources", Here: "there before the agents", There: "made by the operator, for which the agents wait",
			Effect: "agents start up to 15 s earlier"},
		{Setting: "Cilium's probes", Here: "every second, from the first", There: "startup after 5 s, every 2 s; readiness every 30 s, the operator's every 5 s",
			Effect: "both count as ready as soon as they are; a kubelet that has just started waits up to a period before it asks"},
		{Setting: "addresses of pods with Cilium", Here: "of the node's podCIDR", There: "of a pool of Cilium's own", Kept: true,
			Effect: "pods have addresses of the cluster's podSubnet"},
	}
	all = append(all, a.settings.leftOut()...)
	if !a.settings.sizesMaps() {
		all = append(all, fixedMapSizes)
	}
	if !a.options.SingleNode {
		all = append(all, fidelity.Shortcut{Setting: "Cilium's operator", Here: "one replica", There: "two",
			Effect: "less CPU and memory; while it is restarted, no addresses are handed to new nodes"})
	}
	return fidelity.Taken(all, a.options.Production)
}

// leftOut is what a release leaves out unless the user asks for it.
func (s Settings) leftOut() (out []fidelity.Shortcut) {
	on := func(path ...string) bool {
		value, _ := setting.Get(s.Values, path...)
		return value == true
	}
	if !s.Hubble && !on("hubble", "enabled") {
		out = append(out, fidelity.Shortcut{Setting: "Hubble", Here: "off", There: "on in every agent",
			Effect: "less CPU and memory; no flows are recorded, unless the configuration says cilium: {hubble: true}"})
	}
	if !s.envoy() && !on("l7Proxy") {
		out = append(out, fidelity.Shortcut{Setting: "Cilium's proxies", Here: "off", There: "on, with Envoy on every node", Kept: true,
			Effect: "policies that name hosts or have rules for HTTP or TLS are refused when they are applied; cilium: {dnsProxy: true} and {l7Proxy: true} turn the proxies on, the latter with an image of Envoy from a registry"})
	}
	return out
}

// speedUp changes the values of a release so that its pods start less.
func speedUp(values map[string]any, options plugin.Options) {
	values["operator"].(map[string]any)["replicas"] = 1
	values["hubble"] = map[string]any{"enabled": false}
	values["daemon"] = map[string]any{"configSources": "config-map:cilium-config"} // read without an init container
	values["sysctlfix"] = map[string]any{"enabled": false}                         // nodes have no udev that would change new devices
	fixMapSizes(values)
	values["startupProbe"], values["readinessProbe"] = map[string]any{"periodSeconds": 1}, map[string]any{"periodSeconds": 1}
	values["routingMode"], values["autoDirectNodeRoutes"] = "native", true
	four, six := kube.ByFamily(options.PodSubnet)
	for name, subnet := range map[string]string{"ipv4NativeRoutingCIDR": four, "ipv6NativeRoutingCIDR": six} {
		if subnet != "" {
			values[name] = subnet
		}
	}
	delete(values, "tunnelProtocol")
	if options.ProxyMode != "none" {
		values["cgroup"] = map[string]any{"autoMount": map[string]any{"enabled": false}} // for what replaces kube-proxy
	}
}

// superfluous does nothing where there is no state yet.
const superfluous = "clean-cilium-state"

// speedUpWorkload changes what the chart has no values for.
func speedUpWorkload(object *unstructured.Unstructured) (changed bool, err error) {
	switch object.GetKind() + " " + object.GetName() {
	case "DaemonSet cilium":
		return true, renderAgent(object)
	case "Deployment cilium-operator":
		return true, renderOperator(object)
	}
	return false, nil
}

func renderAgent(object *unstructured.Unstructured) error {
	path := []string{"spec", "template", "spec", "initContainers"}
	inits, _, err := unstructured.NestedSlice(object.Object, path...)
	if err != nil {
		return err
	}
	inits = slices.DeleteFunc(inits, func(each any) bool { return each.(map[string]any)["name"] == superfluous })
	if err := unstructured.SetNestedSlice(object.Object, inits, path...); err != nil {
		return err
	}
	return eachContainer(object, func(container map[string]any) {
		if probe, has := container["startupProbe"].(map[string]any); has {
			probe["initialDelaySeconds"] = int64(0)
		}
	})
}

// renderOperator has the operator asked every second.
func renderOperator(object *unstructured.Unstructured) error {
	return eachContainer(object, func(container map[string]any) {
		if probe, has := container["readinessProbe"].(map[string]any); has {
			probe["periodSeconds"] = int64(1)
		}
	})
}

func eachContainer(object *unstructured.Unstructured, change func(map[string]any)) error {
	path := []string{"spec", "template", "spec", "containers"}
	containers, _, err := unstructured.NestedSlice(object.Object, path...)
	if err != nil {
		return err
	}
	for _, container := range containers {
		change(container.(map[string]any))
	}
	return unstructured.SetNestedSlice(object.Object, containers, path...)
}
