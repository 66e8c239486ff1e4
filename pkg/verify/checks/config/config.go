// Package config checks that components run with the settings that the configuration
// asks for, and reads those settings for other checks.
package config

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/kindctl/kindctl/pkg/verify"
)

// Checks returns the check of the requested settings.
func Checks() []verify.Check {
	return []verify.Check{{
		ID: "cfg.applied", Group: "api", Title: "Components run with the requested settings",
		Proves: "Reads back every setting that the patches in the configuration ask for: flags from the static pods of the control plane, kubelet settings from the kubelets themselves, those of kube-proxy and kubeadm from their ConfigMaps. If the nodes' containers can be reached (the cluster is given by name, not by context), it also compares the configuration that containerd prints and the files hosts.toml, and no configuration file may be newer than the running containerd. Without this check, a patch that was lost goes unnoticed until it is needed.",
		Hint:   "look at what the component named runs with: on a control plane, /etc/kubernetes/manifests; on a node, /var/lib/kubelet/config.yaml and kubeadm-flags.env, and: containerd config dump; after a change there: systemctl restart containerd",
		Needs:  []string{"api.ready", "kubelet.alive"},
		Rights: verify.JoinRights(
			verify.RightsOfSystemPods, verify.RightsOfNodes, RightsOfKubeletConfigs, []string{"get configmaps@kube-system"},
		),
		Timeout: 20 * time.Second, Skip: nothingRequested, Run: requestedApplied,
	}}
}

// nothingRequested is the reason to skip cfg.applied.
func nothingRequested(t *verify.Target) string {
	switch requested := t.Expect.Requested; {
	case len(requested) == 0:
		return "the configuration asks for no settings of components"
	case t.Containerd == nil && !slices.ContainsFunc(requested, func(r verify.Requested) bool { return !ofContainerd(r) }):
		return "the configuration asks for settings of containerd alone, and the nodes' containers are out of reach: use kindctl verify -n NAME"
	}
	return ""
}

// staticComponents run as static pods, with flags.
var staticComponents = []string{"kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd"}

func requestedApplied(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	var evidence verify.Evidence
	var problems []error
	take := func(seen verify.Evidence, err error) {
		evidence = append(evidence, seen...)
		if err != nil {
			problems = append(problems, err)
		}
	}
	for _, component := range staticComponents {
		take(flagsApplied(ctx, t, component))
	}
	take(kubeletsApplied(ctx, t))
	take(containerdApplied(ctx, t))
	take(configMapApplied(ctx, t, "kube-proxy", "kube-proxy", "config.conf"))
	take(configMapApplied(ctx, t, "kubeadm", "kubeadm-config", "ClusterConfiguration"))
	return evidence, errors.Join(problems...)
}

// flagsApplied looks for flags of a component in its static pods. Other checks find
// out whether one of them is missing.
func flagsApplied(ctx context.Context, t *verify.Target, component string) (evidence verify.Evidence, err error) {
	if len(t.Expect.RequestedOf(component, "")) == 0 {
		return nil, nil
	}
	pods, err := t.SystemPods(ctx, "component="+component)
	if err != nil {
		return nil, err
	}
	var problems []error
	for _, pod := range pods {
		flags := flagsOf(pod)
		for _, r := range t.Expect.RequestedOf(component, pod.Spec.NodeName) {
			if problem := missed(r, flags[r.Setting]); problem != "" {
				problems = append(problems, verify.AboutNode(pod.Spec.NodeName, fmt.Errorf("%s: %s", pod.Name, problem)))
				continue
			}
			evidence = append(evidence, fmt.Sprintf("%s: %s is %s", pod.Name, r.Setting, Shown(r.Value)))
		}
	}
	return evidence, errors.Join(problems...)
}

// flagsOf are the flags of a pod's first container, by name with dashes; one that is
// given twice counts as its last.
func flagsOf(pod corev1.Pod) map[string]any {
	flags := map[string]any{}
	if len(pod.Spec.Containers) == 0 {
		return flags
	}
	for _, word := range slices.Concat(pod.Spec.Containers[0].Command, pod.Spec.Containers[0].Args) {
		if name, value, is := strings.Cut(word, "="); is && strings.HasPrefix(name, "--") {
			flags[name] = value
		}
	}
	return flags
}

// kubeletsApplied asks every kubelet what it runs with.
func kubeletsApplied(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	if !slices.ContainsFunc(t.Expect.Requested, func(r verify.Requested) bool { return r.Component == "kubelet" }) {
		return nil, nil
	}
	nodes, err := t.Nodes(ctx)
	if err != nil {
		return nil, err
	}
	return verify.Each(verify.Indices(nodes), func(i int) string { return nodes[i].Name }, func(i int) (string, error) {
		requested := t.Expect.RequestedOf("kubelet", nodes[i].Name)
		if len(requested) == 0 {
			return nodes[i].Name + ": nothing is asked of its kubelet", nil
		}
		running, err := RunningSettings(ctx, t, nodes[i])
		if err != nil {
			return "", err
		}
		var seen, unread, problems []string
		for _, r := range withoutOverridden(requested, running.Settings) {
			switch problem, readable := kubeletMissed(r, running.Settings, nodes[i]); {
			case !readable:
				unread = append(unread, r.Setting)
			case problem != "":
				problems = append(problems, problem)
			default:
				seen = append(seen, fmt.Sprintf("%s is %s", r.Setting, Shown(r.Value)))
			}
		}
		if len(problems) > 0 {
			return "", verify.OnNode(nodes[i].Name, errors.New("kubelet: "+strings.Join(problems, "; ")))
		}
		line := nodes[i].Name + ": kubelet: " + strings.Join(seen, "; ")
		if len(unread) > 0 {
			line += "; cannot be read back: " + strings.Join(unread, ", ")
		}
		return line, nil
	})
}

// configMapApplied looks for fields in the configuration that a ConfigMap holds.
func configMapApplied(ctx context.Context, t *verify.Target, component, name, key string) (evidence verify.Evidence, err error) {
	requested := t.Expect.RequestedOf(component, "")
	if len(requested) == 0 {
		return nil, nil
	}
	found, err := t.Kube.Clientset.CoreV1().ConfigMaps(verify.SystemNamespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("read ConfigMap %s/%s: %w", verify.SystemNamespace, name, err)
	}
	var configuration map[string]any
	if err := yaml.Unmarshal([]byte(found.Data[key]), &configuration); err != nil {
		return nil, fmt.Errorf("ConfigMap %s/%s: %s: %w", verify.SystemNamespace, name, key, err)
	}
	var problems []error
	for _, r := range requested {
		if problem := missed(r, fieldOf(configuration, r.Setting)); problem != "" {
			problems = append(problems, fmt.Errorf("ConfigMap %s/%s: %s", verify.SystemNamespace, name, problem))
			continue
		}
		evidence = append(evidence, fmt.Sprintf("%s: %s is %s", name, r.Setting, Shown(r.Value)))
	}
	return evidence, errors.Join(problems...)
}
