package calico

import (
	"cmp"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kindctl/kindctl/addons/plugin"
	"github.com/kindctl/kindctl/internal/kube"
)

// The workloads in the manifest, and their containers.
const (
	agent       = "calico-node"
	controllers = "calico-kube-controllers"
)

// Render changes the manifest's objects for a cluster: the agent's settings and,
// but for production, its init containers and readiness probes. Everything else
// stays as it was published.
func Render(objects []*unstructured.Unstructured, options plugin.Options) error {
	if err := assign(objects, options); err != nil {
		return err
	}
	if err := renderPod(objects, "DaemonSet", agent, func(pod *corev1.PodSpec) {
		container := named(pod, agent)
		container.Env = yielding(settings(container.Env, options), plugin.SettingsOf[Settings](options))
		if !options.Production {
			container.ReadinessProbe = felixReady()
			if container.LivenessProbe != nil {
				container.LivenessProbe.ProbeHandler = felixHealth("/liveness")
			}
			speedUpAgent(pod, options)
		}
	}); err != nil || options.Production {
		return err
	}
	if err := untilReachable(objects); err != nil {
		return err
	}
	return renderPod(objects, "Deployment", controllers, func(pod *corev1.PodSpec) {
		if container := named(pod, controllers); container.ReadinessProbe != nil {
			container.StartupProbe = startupProbe(container.ReadinessProbe)
		}
	})
}

// renderPod changes the pods of a workload, which has a container of its name.
func renderPod(objects []*unstructured.Unstructured, kind, name string, change func(*corev1.PodSpec)) error {
	for _, object := range objects {
		if object.GetKind() != kind || object.GetName() != name {
			continue
		}
		content, _, err := unstructured.NestedMap(object.Object, "spec", "template", "spec")
		if err != nil {
			return err
		}
		var pod corev1.PodSpec
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(content, &pod); err != nil {
			return err
		}
		if named(&pod, name) == nil {
			return fmt.Errorf("the pods of %s %s have no container %s", kind, name, name)
		}
		change(&pod)
		if content, err = runtime.DefaultUnstructuredConverter.ToUnstructured(&pod); err != nil {
			return err
		}
		return unstructured.SetNestedMap(object.Object, content, "spec", "template", "spec")
	}
	return fmt.Errorf("there is no %s %s", kind, name)
}

func named(pod *corev1.PodSpec, name string) *corev1.Container {
	for i := range pod.Containers {
		if pod.Containers[i].Name == name {
			return &pod.Containers[i]
		}
	}
	return nil
}

// settings returns the agent's environment for a cluster.
func settings(env []corev1.EnvVar, options plugin.Options) []corev1.EnvVar {
	tables := "Disabled"
	if options.ProxyMode == "nftables" {
		tables = "Enabled"
	}
	four, six := kube.ByFamily(options.PodSubnet)
	env = set(env, "CALICO_IPV4POOL_CIDR", cmp.Or(four, "none"))
	env = set(env, "FELIX_NFTABLESMODE", tables)
	if six != "" {
		env = set(env, "CALICO_IPV6POOL_CIDR", six)
		env = set(env, "CALICO_IPV6POOL_NAT_OUTGOING", "true") // as that of IPv4
		env = set(env, "FELIX_IPV6SUPPORT", "true")
		env = set(env, "IP6", "autodetect")
	}
	if four == "" {
		env = set(env, "IP", "none")
	}
	if options.LacksVXLAN {
		env = set(env, "CALICO_IPV4POOL_VXLAN", "Never")
		if six != "" {
			env = set(env, "CALICO_IPV6POOL_VXLAN", "Never")
		}
	}
	// Without a pool of IPv4, CALICO_IPV6POOL_VXLAN is not read (Calico v3.31, node/pkg/lifecycle/startup).
	if options.LacksVXLAN || four == "" {
		env = set(env, "FELIX_PROGRAMCLUSTERROUTES", "Enabled") // else BIRD would have to
	}
	return env
}

// assign has the plugin give pods an address of each family; by itself it gives
// one of IPv4.
func assign(objects []*unstructured.Unstructured, options plugin.Options) error {
	four, six := kube.ByFamily(options.PodSubnet)
	if six == "" {
		return nil
	}
	return pluginSetting(objects, `"type": "calico-ipam"`, fmt.Sprintf(`, "assign_ipv4": "%t", "assign_ipv6": "true"`, four != ""))
}

func set(env []corev1.EnvVar, name, value string) []corev1.EnvVar {
	setting := corev1.EnvVar{Name: name, Value: value}
	for i := range env {
		if env[i].Name == name {
			env[i] = setting
			return env
		}
	}
	return append(env, setting)
}
