//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/tools/clientcmd"
)

// plan is what up --dry-run -o json says, as far as it can be looked for.
type plan struct {
	DryRun bool
	Nodes  []struct {
		Name, Role, Image string
		Ports, Mounts     []string
	}
	NodeImage, Network       string
	NewNetwork               bool
	CNI, CNIVersion, Context string
	Kubeconfig               string
	Steps                    []struct {
		Phase   string
		Changes []string
	}
}

// planned asks what up would do.
func (s *session) planned(args ...string) (p plan) {
	s.Helper()
	r := s.Must(append([]string{"up", "--dry-run", "-o", "json"}, args...)...)
	if err := json.Unmarshal([]byte(r.Stdout), &p); err != nil || !p.DryRun {
		s.Fatalf("the plan is unreadable (%v):\n%s", err, r.Stdout)
	}
	if _, err := s.Try("docker", "network", "inspect", p.Network); (err != nil) != p.NewNetwork {
		s.Errorf("network %s would be made: %v; looking at it: %v", p.Network, p.NewNetwork, err)
	}
	return p
}

// asPlanned wants Docker, the nodes and the kubeconfig to show what the plan said.
func (s *session) asPlanned(cluster string, p plan) {
	s.Helper()
	var want, got []string
	for _, node := range p.Nodes {
		want = append(want, fmt.Sprintf("%s %s %s on %s, ports %v, mounts %v", node.Role, node.Name, node.Image, p.Network, slices.Sorted(slices.Values(node.Ports)), node.Mounts))
		if node.Image != p.NodeImage {
			s.Errorf("the plan names %s for %s, and %s for all nodes", node.Image, node.Name, p.NodeImage)
		}
	}
	for name := range strings.FieldsSeq(s.Output("docker", "ps", "-a", "--format", "{{.Names}}", "--filter", "label=io.x-k8s.kind.cluster="+cluster)) {
		got = append(got, s.container(name, want))
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		s.Errorf("containers (-planned +there):\n%s", diff)
	}
	if diff := cmp.Diff(p.labels(), s.labels(cluster)); diff != "" {
		s.Errorf("labels (-planned +there):\n%s", diff)
	}
	if got := s.Kubectl(cluster, "-n", "kube-system", "get", "daemonsets", "-o", "jsonpath={.items[*].spec.template.spec.containers[*].image}"); !strings.Contains(got, p.CNI) || !strings.Contains(got, p.CNIVersion) {
		s.Errorf("planned is %s %s, the agents' images are %s", p.CNI, p.CNIVersion, got)
	}
	config, err := clientcmd.LoadFromFile(p.Kubeconfig)
	if err != nil {
		s.Fatal(err)
	}
	if p.Kubeconfig != s.Kubeconfig || config.CurrentContext != p.Context || config.Contexts[p.Context] == nil {
		s.Errorf("planned is context %s in %s; %s has %v, of which %s is current", p.Context, p.Kubeconfig, s.Kubeconfig, slices.Collect(maps.Keys(config.Contexts)), config.CurrentContext)
	}
}

// container describes a container as a plan does. A port of this host that the
// plans leave open counts as a free one.
func (s *session) container(name string, plans []string) string {
	s.Helper()
	var all []struct {
		Config struct {
			Image  string
			Labels map[string]string
		}
		HostConfig      struct{ NetworkMode string }
		Mounts          []struct{ Type, Source, Destination string }
		NetworkSettings struct {
			Ports map[string][]struct{ HostIP, HostPort string }
		}
	}
	if err := json.Unmarshal([]byte(s.Output("docker", "inspect", name)), &all); err != nil {
		s.Fatal(err)
	}
	one := all[0]
	ports, mounts := []string{}, []string{}
	for port, bindings := range one.NetworkSettings.Ports {
		number, protocol, _ := strings.Cut(port, "/")
		for _, binding := range bindings {
			inside := fmt.Sprintf("%s/%s", number, strings.ToUpper(protocol))
			published := fmt.Sprintf("%s:%s to %s", binding.HostIP, binding.HostPort, inside)
			if !slices.ContainsFunc(plans, func(plan string) bool { return strings.Contains(plan, published) }) {
				published = fmt.Sprintf("a free port of %s to %s", binding.HostIP, inside)
			}
			ports = append(ports, published)
		}
	}
	for _, mount := range one.Mounts {
		if mount.Type == "bind" && mount.Destination != "/lib/modules" && mount.Destination != "/dev/mapper" { // kind's own
			mounts = append(mounts, mount.Source+" at "+mount.Destination)
		}
	}
	slices.Sort(ports)
	return fmt.Sprintf("%s %s %s on %s, ports %v, mounts %v", one.Config.Labels["io.x-k8s.kind.role"], name, one.Config.Image, one.HostConfig.NetworkMode, ports, mounts)
}

// labels are those that the plan gives to nodes: "node key=value".
func (p plan) labels() (labels []string) {
	for _, step := range p.Steps {
		for _, change := range step.Changes {
			if label, is := strings.CutPrefix(change, "label node "); step.Phase == "traits" && is {
				labels = append(labels, strings.Replace(label, " with ", " ", 1))
			}
		}
	}
	slices.Sort(labels)
	return labels
}

// labels are those of nodes, without those that every node of its role has.
func (s *session) labels(cluster string) (labels []string) {
	s.Helper()
	var nodes struct {
		Items []struct {
			Metadata struct {
				Name   string
				Labels map[string]string
			}
		}
	}
	if err := json.Unmarshal([]byte(s.Kubectl(cluster, "get", "nodes", "-o", "json")), &nodes); err != nil {
		s.Fatal(err)
	}
	usual := []string{"kubernetes.io/arch", "kubernetes.io/os", "kubernetes.io/hostname", "beta.kubernetes.io/arch", "beta.kubernetes.io/os", "node-role.kubernetes.io/control-plane", "node.kubernetes.io/exclude-from-external-load-balancers"}
	for _, node := range nodes.Items {
		for key, value := range node.Metadata.Labels {
			if !slices.Contains(usual, key) {
				labels = append(labels, fmt.Sprintf("%s %s=%s", node.Metadata.Name, key, value))
			}
		}
	}
	slices.Sort(labels)
	return labels
}
