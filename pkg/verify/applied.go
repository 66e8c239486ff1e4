package verify

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

func appliedCheck() Check {
	return Check{
		ID: "cfg.applied", Group: groupAPI, Title: "Components run with the requested settings",
		Proves:  "Every setting that patches of the configuration ask for is read back from what runs: flags from the static pods of the control plane, settings of kubelets from their own answer, those of kube-proxy and of kubeadm from the ConfigMaps that nodes take them from. Where the containers of the nodes can be reached, as with the name of a cluster and not with a context, containerd prints the configuration that it makes of its files, hosts.toml is read beside that, and no file of the configuration may have changed after containerd was started. A patch that was lost on the way would otherwise be noticed only when it is needed.",
		Hint:    "look at what the component named runs with: on a control plane, /etc/kubernetes/manifests; on a node, /var/lib/kubelet/config.yaml and kubeadm-flags.env, and: containerd config dump; after a change there: systemctl restart containerd",
		Needs:   []string{"api.ready", "kubelet.alive"},
		Rights:  rights(rightsOfSystemPods, rightsOfNodes, rightsOfKubeletConfigs, []string{"get configmaps@kube-system"}),
		Timeout: 20 * time.Second, Skip: nothingRequested, Run: requestedApplied,
	}
}

// nothingRequested is the reason to skip cfg.applied.
func nothingRequested(t *Target) string {
	switch requested := t.Expect.Requested; {
	case len(requested) == 0:
		return "the configuration asks for no settings of components"
	case t.Containerd == nil && !slices.ContainsFunc(requested, func(r Requested) bool { return !ofContainerd(r) }):
		return "the configuration asks for settings of containerd alone, and the nodes' containers are out of reach: use kindctl verify -n NAME"
	}
	return ""
}

// staticComponents run as static pods, with flags.
var staticComponents = []string{"kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd"}

func requestedApplied(ctx context.Context, t *Target) (Evidence, error) {
	var evidence Evidence
	var problems []error
	take := func(seen Evidence, err error) {
		evidence = append(evidence, seen...)
		if err != nil {
			problems = append(problems, err)
		}
	}
	for _, component := range staticComponents {
		take(t.flagsApplied(ctx, component))
	}
	take(t.kubeletsApplied(ctx))
	take(t.containerdApplied(ctx))
	take(t.configMapApplied(ctx, "kube-proxy", "kube-proxy", "config.conf"))
	take(t.configMapApplied(ctx, "kubeadm", "kubeadm-config", "ClusterConfiguration"))
	return evidence, errors.Join(problems...)
}

// flagsApplied looks for flags of a component in its static pods.
func (t *Target) flagsApplied(ctx context.Context, component string) (evidence Evidence, err error) {
	if len(t.Expect.requestedOf(component, "")) == 0 {
		return nil, nil
	}
	pods, err := t.components(ctx, component)
	if err != nil {
		return nil, err
	}
	var problems []error
	for _, pod := range pods {
		flags := flagsOf(pod)
		for _, r := range t.Expect.requestedOf(component, pod.Spec.NodeName) {
			if problem := r.missed(flags[r.Setting]); problem != "" {
				problems = append(problems, AboutNode(pod.Spec.NodeName, fmt.Errorf("%s: %s", pod.Name, problem)))
				continue
			}
			evidence = append(evidence, fmt.Sprintf("%s: %s is %s", pod.Name, r.Setting, shown(r.Value)))
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

// missed says how a setting is not what is asked for, or "".
func (r Requested) missed(have any) string {
	switch {
	case r.Value == nil && have == nil, r.Value != nil && contains(have, r.Value):
		return ""
	case r.Value == nil:
		return fmt.Sprintf("%s is %s, and is to be left out%s", r.Setting, shown(have), r.asked())
	}
	return fmt.Sprintf("%s is %s, not %s%s", r.Setting, shown(have), shown(r.Value), r.asked())
}

func (r Requested) asked() string {
	if r.Source == "" {
		return ""
	}
	return ", for which " + r.Source + " asks"
}

// contains reports whether a value says all that another one does: components fill in
// what is left open.
func contains(have, want any) bool {
	switch want := want.(type) {
	case map[string]any:
		fields, is := have.(map[string]any)
		for name, value := range want {
			if !is || !contains(fields[name], value) {
				return false
			}
		}
		return is || len(want) == 0
	case []any:
		list, _ := have.([]any)
		for _, item := range want {
			if !slices.ContainsFunc(list, func(other any) bool { return contains(other, item) }) {
				return false
			}
		}
		return len(want) > 0 || len(list) == 0
	}
	return sameSetting(have, want) || have == nil && isZero(want)
}

// isZero tells values that configurations leave out when they are written: false, 0
// and "".
func isZero(value any) bool { return value == nil || reflect.ValueOf(value).IsZero() }

// kubeletsApplied asks every kubelet what it runs with.
func (t *Target) kubeletsApplied(ctx context.Context) (Evidence, error) {
	if !slices.ContainsFunc(t.Expect.Requested, func(r Requested) bool { return r.Component == "kubelet" }) {
		return nil, nil
	}
	nodes, err := t.nodes(ctx)
	if err != nil {
		return nil, err
	}
	return Each(indices(nodes), func(i int) string { return nodes[i].Name }, func(i int) (string, error) {
		requested := t.Expect.requestedOf("kubelet", nodes[i].Name)
		if len(requested) == 0 {
			return nodes[i].Name + ": nothing is asked of its kubelet", nil
		}
		running, err := t.runningSettings(ctx, nodes[i])
		if err != nil {
			return "", err
		}
		var seen, unread, problems []string
		for _, r := range withoutOverridden(requested, running.settings) {
			switch problem, readable := kubeletMissed(r, running.settings, nodes[i]); {
			case !readable:
				unread = append(unread, r.Setting)
			case problem != "":
				problems = append(problems, problem)
			default:
				seen = append(seen, fmt.Sprintf("%s is %s", r.Setting, shown(r.Value)))
			}
		}
		if len(problems) > 0 {
			return "", OnNode(nodes[i].Name, errors.New("kubelet: "+strings.Join(problems, "; ")))
		}
		line := nodes[i].Name + ": kubelet: " + strings.Join(seen, "; ")
		if len(unread) > 0 {
			line += "; cannot be read back: " + strings.Join(unread, ", ")
		}
		return line, nil
	})
}

// configMapApplied looks for fields in the configuration that a ConfigMap holds.
func (t *Target) configMapApplied(ctx context.Context, component, name, key string) (evidence Evidence, err error) {
	requested := t.Expect.requestedOf(component, "")
	if len(requested) == 0 {
		return nil, nil
	}
	found, err := t.Kube.Clientset.CoreV1().ConfigMaps(systemNamespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("read ConfigMap %s/%s: %w", systemNamespace, name, err)
	}
	var configuration map[string]any
	if err := yaml.Unmarshal([]byte(found.Data[key]), &configuration); err != nil {
		return nil, fmt.Errorf("ConfigMap %s/%s: %s: %w", systemNamespace, name, key, err)
	}
	var problems []error
	for _, r := range requested {
		if problem := r.missed(fieldOf(configuration, r.Setting)); problem != "" {
			problems = append(problems, fmt.Errorf("ConfigMap %s/%s: %s", systemNamespace, name, problem))
			continue
		}
		evidence = append(evidence, fmt.Sprintf("%s: %s is %s", name, r.Setting, shown(r.Value)))
	}
	return evidence, errors.Join(problems...)
}

// fieldOf is the value at a path, whose names with dots are in quotes.
func fieldOf(configuration map[string]any, path string) (value any) {
	value = configuration
	for _, name := range pathNames(path) {
		fields, is := value.(map[string]any)
		if !is {
			return nil
		}
		value = fields[name]
	}
	return value
}

func pathNames(path string) (names []string) {
	for i, part := range strings.Split(path, `"`) {
		if i%2 == 1 {
			names = append(names, part)
			continue
		}
		names = append(names, strings.FieldsFunc(part, func(r rune) bool { return r == '.' })...)
	}
	return names
}
