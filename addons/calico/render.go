package calico

import (
	"errors"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// The agent in the manifest.
const agent = "calico-node"

// superfluous are init containers that a new cluster does not need: one moves
// addresses out of another IPAM, one prepares the eBPF data plane.
var superfluous = map[string]bool{"upgrade-ipam": true, "ebpf-bootstrap": true}

// Render changes the manifest's objects for a cluster: the agent's settings
// and its init containers. Everything else stays as it was published.
func Render(objects []*unstructured.Unstructured, options Options) error {
	for _, object := range objects {
		if object.GetKind() != "DaemonSet" || object.GetName() != agent {
			continue
		}
		var daemonSet appsv1.DaemonSet
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &daemonSet); err != nil {
			return err
		}
		if err := renderAgent(&daemonSet.Spec.Template.Spec, options); err != nil {
			return err
		}
		content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&daemonSet)
		if err != nil {
			return err
		}
		unstructured.RemoveNestedField(content, "status")
		object.Object = content
		return nil
	}
	return fmt.Errorf("there is no DaemonSet %s", agent)
}

func renderAgent(pod *corev1.PodSpec, options Options) error {
	var wanted []corev1.Container
	for _, container := range pod.InitContainers {
		if !superfluous[container.Name] {
			wanted = append(wanted, container)
		}
	}
	pod.InitContainers = wanted
	for i := range pod.Containers {
		if pod.Containers[i].Name == agent {
			pod.Containers[i].Env = settings(pod.Containers[i].Env, options)
			return nil
		}
	}
	return errors.New("the agent's pod has no container " + agent)
}

// settings returns the agent's environment for a cluster.
func settings(env []corev1.EnvVar, options Options) []corev1.EnvVar {
	tables := "Disabled"
	if options.ProxyMode == "nftables" {
		tables = "Enabled"
	}
	env = set(env, "CALICO_IPV4POOL_CIDR", options.PodSubnet)
	env = set(env, "FELIX_NFTABLESMODE", tables)
	if options.NoTunnel {
		env = set(env, "CALICO_IPV4POOL_VXLAN", "Never")
		env = set(env, "FELIX_PROGRAMCLUSTERROUTES", "Enabled") // else BIRD would have to
	}
	return env
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
