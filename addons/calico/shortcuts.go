package calico

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/kindctl/kindctl/addons/plugin"
	"github.com/kindctl/kindctl/internal/fidelity"
)

// Shortcuts are what Render changes so that the cluster is up sooner.
func (a *Addon) Shortcuts() []fidelity.Shortcut {
	return fidelity.Taken([]fidelity.Shortcut{
		{Setting: "Calico's init containers", Here: "install-cni alone", There: "also upgrade-ipam and ebpf-bootstrap",
			Effect: "two containers fewer to start on every node; both do nothing in a new cluster"},
		{Setting: "Calico's CNI configuration", Here: "in place when the agent is there", There: "in place before the agent starts",
			Effect: "no node is ready before its network, which costs the first pods 10 to 15 s"},
		{Setting: "a new pod's network with Calico", Here: "there when the pod starts", There: "a moment later",
			Effect: "no packet of a young pod is lost, which it would send again after 1, 3 and 7 s"},
		{Setting: "Calico's way to the API server", Here: "its own address", There: "the Service kubernetes, through kube-proxy",
			Effect: "agents that start before kube-proxy do not fail and wait 10 s"},
		{Setting: "the liveness probe of Calico's agent", Here: "by HTTP", There: "a program", Effect: "a node spends less on it while nothing happens"},
		{Setting: "Calico's readiness probes", Here: "the agent's every second, by HTTP; the controllers' every 2 s until they start", There: "a program every 10 s",
			Effect: "both count as ready as soon as they are; a kubelet that has just started waits up to a period before it asks"},
	}, a.options.Production)
}

// superfluous are init containers that a new cluster does not need: one moves
// addresses out of another IPAM, one prepares the eBPF data plane.
var superfluous = []string{"upgrade-ipam", "ebpf-bootstrap"}

// installer puts the CNI plugin and its configuration on the node. With the
// configuration the node becomes ready; the agent has that directory too.
const (
	installer = "install-cni"
	confDir   = "/host/etc/cni/net.d/"
	conf      = "10-calico.conflist"
	// withheld ends in no way that a container runtime reads (libcni reads .conf,
	// .conflist and .json).
	withheld = conf + ".withheld"
)

// release puts the withheld configuration into place once the plugin can work: it
// wants the node's name from the agent (Calico v3.31, cni-plugin/pkg/plugin), and
// the agent's own kubeconfig, which says in its first line who wrote it
// (node/pkg/cni): in the installer's, Go since 1.26 does not read the address.
const release = `
until [ -e /var/lib/calico/nodename ] && read -r first < ` + confDir + `calico-kubeconfig && [ "${first%calico/node*}" != "$first" ]; do sleep 0.1; done
if [ -e ` + confDir + withheld + ` ]; then mv ` + confDir + withheld + " " + confDir + conf + `; fi`

// speedUpAgent leaves out what is not needed and the wait for kube-proxy, and
// has the agent put the plugin's configuration into place. When a node is ready
// earlier, the plugin refuses its first pods, and the kubelet tries them again
// after 10 to 15 s (kubelet v1.37, pod_workers.go).
func speedUpAgent(pod *corev1.PodSpec, options plugin.Options) {
	pod.InitContainers = slices.DeleteFunc(pod.InitContainers, func(c corev1.Container) bool { return slices.Contains(superfluous, c.Name) })
	for i := range pod.InitContainers {
		init := &pod.InitContainers[i]
		init.Env = straight(init.Env, options)
		if init.Name == installer {
			init.Env = set(init.Env, "CNI_CONF_NAME", withheld)
			init.Env = set(init.Env, "CNI_OLD_CONF_NAME", withheld) // or it would remove the one in place
		}
	}
	container := named(pod, agent)
	container.Env = straight(container.Env, options)
	container.Lifecycle = cmp.Or(container.Lifecycle, &corev1.Lifecycle{})
	container.Lifecycle.PostStart = &corev1.LifecycleHandler{Exec: &corev1.ExecAction{Command: []string{"/bin/sh", "-c", release}}}
}

// straight leads to the API server without the Service, which needs kube-proxy.
func straight(env []corev1.EnvVar, options plugin.Options) []corev1.EnvVar {
	if options.APIServerHost == "" {
		return env
	}
	env = set(env, "KUBERNETES_SERVICE_HOST", options.APIServerHost)
	return set(env, "KUBERNETES_SERVICE_PORT", strconv.Itoa(options.APIServerPort))
}

// untilReachable has the plugin wait until the agent has let a pod into its
// rules (Calico v3.31, cni-plugin/pkg/types). What a pod sends before is dropped,
// and sent again after 1, 3 and 7 s.
func untilReachable(objects []*unstructured.Unstructured) error {
	return pluginSetting(objects, `"type": "calico",`, ` "policy_setup_timeout_seconds": 10,`)
}

// pluginSetting adds to the plugin's configuration, after the text of a part.
func pluginSetting(objects []*unstructured.Unstructured, part, setting string) error {
	for _, object := range objects {
		if object.GetKind() != "ConfigMap" || object.GetName() != "calico-config" {
			continue
		}
		path := []string{"data", "cni_network_config"}
		config, _, err := unstructured.NestedString(object.Object, path...)
		if err != nil {
			return err
		}
		if !strings.Contains(config, part) {
			return fmt.Errorf("ConfigMap calico-config has no %s", part)
		}
		return unstructured.SetNestedField(object.Object, strings.Replace(config, part, part+setting, 1), path...)
	}
	return errors.New("there is no ConfigMap calico-config")
}

// felixReady asks, every second, what the published probe starts a program for
// every 10 s. A kubelet that has just started waits up to a period before it asks
// at all (kubelet v1.37, prober/worker.go).
func felixReady() *corev1.Probe {
	return &corev1.Probe{PeriodSeconds: 1, TimeoutSeconds: 10, ProbeHandler: felixHealth("/readiness")}
}

// felixHealth asks Felix itself. The programs that the published probes start on
// every node, -felix-ready and -felix-live, ask just that (Calico v3.31,
// node/pkg/health).
func felixHealth(path string) corev1.ProbeHandler {
	return corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Host: "127.0.0.1", Port: intstr.FromInt32(healthPort), Path: path}}
}

// startupProbe asks every 2 s until it is told yes. Then the kubelet asks for
// readiness at once, and later in the period of that probe.
func startupProbe(ready *corev1.Probe) *corev1.Probe {
	return &corev1.Probe{PeriodSeconds: 2, TimeoutSeconds: ready.TimeoutSeconds, FailureThreshold: 300, ProbeHandler: ready.ProbeHandler}
}
