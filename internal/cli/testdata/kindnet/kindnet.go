// Package kindnet is a CNI for tests: all that it takes to add one, in one package.
package kindnet

import (
	"context"
	_ "embed"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kindctl/kindctl/addons/plugin"
	"github.com/kindctl/kindctl/clusters/cni"
	"github.com/kindctl/kindctl/internal/charts"
	"github.com/kindctl/kindctl/internal/fidelity"
	"github.com/kindctl/kindctl/internal/host"
	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/verify"
)

// CNI is kindnet in the catalog.
var CNI = plugin.CNI{
	CNI: cni.CNI{
		Name: "kindnet", Title: "kindnet", UsesNodeCIDRs: true,
		New: func() cni.Settings { return &Settings{} },
		Fields: []cni.Field{
			{Name: "noMasquerade", Type: "array", About: "Addresses that see those of pods."},
			{Name: "fastPath", Type: "boolean", About: "Offload connections to nftables' flow tables."},
		},
		Example: "  fastPath: true",
	},
	Addon: func(options plugin.Options) plugin.Addon { return addon{options} },
}

// Settings are what users ask of kindnet.
type Settings struct {
	NoMasquerade []string `yaml:"noMasquerade,omitempty"`
	FastPath     bool     `yaml:"fastPath,omitempty"`
}

// Validate wants nftables for flow tables.
func (s *Settings) Validate(proxyMode string, report func(field, format string, args ...any)) {
	if s.FastPath && proxyMode != "nftables" {
		report("fastPath", "fastPath with proxyMode %s: flow tables are of nftables; write proxyMode: nftables, or leave fastPath out", proxyMode)
	}
}

//go:embed kindnet.yaml
var manifest []byte

type addon struct{ options plugin.Options }

func (addon) Name() string                    { return CNI.Name }
func (addon) Version() string                 { return "v20250512" }
func (addon) Tested() (oldest, newest string) { return "1.33", "1.37" }
func (addon) Images() []string                { return []string{"docker.io/kindest/kindnetd:v20250512-df8de77b"} }
func (addon) Needs() []host.Need              { return []host.Need{{Feature: host.XTSet, For: "kindnet"}} }
func (addon) Validate(charts.Finder) error    { return nil }
func (addon) Sources() []charts.Bundle        { return nil }
func (addon) Workloads() []string             { return []string{"kindnet"} }
func (a addon) Shortcuts() []fidelity.Shortcut {
	return fidelity.Taken(
		[]fidelity.Shortcut{{Setting: "kindnet's rules", Here: "none for masquerading", There: "some", Effect: "fewer rules"}},
		a.options.Production,
	)
}

func (a addon) Install(ctx context.Context, client *kube.Client, _ charts.Finder) error {
	objects, err := kube.Decode(manifest)
	if err != nil {
		return err
	}
	for _, object := range objects {
		if object.GetKind() == "DaemonSet" {
			if err := a.configure(object); err != nil {
				return err
			}
		}
	}
	return client.Apply(ctx, objects)
}

// configure adds what differs between clusters to the agent's environment.
func (a addon) configure(object *unstructured.Unstructured) error {
	containers, _, err := unstructured.NestedSlice(object.Object, "spec", "template", "spec", "containers")
	if err != nil {
		return err
	}
	agent := containers[0].(map[string]any)
	agent["env"] = append(agent["env"].([]any), map[string]any{"name": "POD_SUBNET", "value": a.options.PodSubnet})
	return unstructured.SetNestedSlice(object.Object, containers, "spec", "template", "spec", "containers")
}

func (addon) Known() verify.CNI {
	return verify.CNI{
		Name: CNI.Name, Agents: "kindnet",
		ClusterPolicies: schema.GroupVersionResource{Group: "policy.networking.k8s.io", Version: "v1alpha1", Resource: "adminnetworkpolicies"},
	}
}

func (addon) Checks() []verify.Check {
	return []verify.Check{{
		ID: "knd.agents", Nodes: verify.AllNodes, Group: "kindnet", Title: "kindnet's agent is ready on every node",
		Proves: "The agent's pod on each node is looked at.",
		Rights: verify.RightsOfAgents, Needs: []string{"kubelet.alive"}, NeededBy: []string{"net.pods"},
		Timeout: 20 * time.Second, Run: agents, Skip: verify.AgentsElsewhere,
		Hint: "look at the agent named: kubectl -n kube-system logs POD",
	}}
}

func agents(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	pods, err := t.Agents(ctx, "app=kindnet")
	if err != nil {
		return nil, err
	}
	return verify.Evaluated(verify.OnEach(ctx, pods, func(context.Context, corev1.Pod) (string, error) { return "is ready", nil }))
}

func (addon) State(ctx context.Context, client *kube.Client, answer func(node, name, text string)) error {
	return client.ExecAll(
		ctx, "kube-system", "app=kindnet", "kindnet-cni", []kube.AgentCommand{{Name: "routes", Command: []string{"ip", "route"}}}, answer,
	)
}

func (addon) Rejoin(context.Context, *kube.Client) error { return nil }
