package bootstrap

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

// configCheck holds a configuration against the node images, before a node is made.
type configCheck struct{ up *Up }

func (c configCheck) run(ctx context.Context) error {
	if err := c.featureGates(ctx); err != nil {
		return err
	}
	return c.patches(ctx)
}

// featureGates refuses feature gates that the Kubernetes of the node image has not.
func (c configCheck) featureGates(ctx context.Context) error {
	if len(c.up.Topology.FeatureGates) == 0 {
		return nil
	}
	rejected, err := provider.CheckFeatureGates(ctx, c.up.found.Node, c.up.Topology.FeatureGates)
	if err != nil || len(rejected) == 0 {
		return err
	}
	for i, rejection := range rejected {
		rejected[i] = "Kubernetes of " + c.up.found.Node + " refuses a feature gate: " + rejection
		if place := c.up.Topology.PlaceOfSwitch("featureGates", rejection); place != "" {
			rejected[i] = place + ": " + rejected[i]
		}
	}
	return hint.FeatureGateUnknown.New(strings.Join(rejected, "\n"),
		"leave gates out that have graduated, which are on for good, or choose another node image; gates come and go with versions: https://kubernetes.io/docs/reference/command-line-tools-reference/feature-gates/")
}

// patches has the programs of the node images read what patches and runtimeConfig
// make of their configuration, and refuses what they do not take, before a node is made.
func (c configCheck) patches(ctx context.Context) error {
	if !c.up.Topology.Patched() && len(c.up.Topology.RuntimeConfig) == 0 {
		return nil
	}
	if err := c.findVersions(ctx); err != nil {
		return err
	}
	if err := c.review(); err != nil {
		return err
	}
	problems, err := c.components(ctx)
	if err != nil {
		return err
	}
	if len(problems) == 0 {
		if problems, err = c.containerd(ctx); err != nil {
			return err
		}
	}
	return patchesRefused(problems)
}

func patchesRefused(problems []string) error {
	if len(problems) == 0 {
		return nil
	}
	return hint.PatchRefused.New(strings.Join(problems, "\n"), "correct the configuration; docs/config.md says what becomes of patches")
}

// findVersions reads the version of Kubernetes in each node image.
func (c configCheck) findVersions(ctx context.Context) error {
	c.up.versions = map[string]string{}
	for _, image := range append(c.up.Topology.Images(), c.up.Topology.Image) {
		if _, known := c.up.versions[image]; known {
			continue
		}
		name := image
		if image == "" || image == c.up.Topology.Image {
			name = c.up.found.Node
		}
		version, err := provider.KubernetesVersion(ctx, name)
		if err != nil {
			return err
		}
		c.up.versions[image] = version
	}
	return nil
}

// review reviews the patches again, now that the versions of Kubernetes are known.
func (c configCheck) review() error {
	warned, _ := c.up.Topology.ReviewPatches(nil)
	warnings, problems := c.up.Topology.ReviewPatches(c.up.versions)
	for _, warning := range warnings {
		if !slices.Contains(warned, warning) {
			event.Warn(c.up.Sink, event.Phase, "images", warning, "")
		}
	}
	return patchesRefused(problems)
}

// components asks kubeadm, kubelet and the control plane's components.
func (c configCheck) components(ctx context.Context) (problems []string, err error) {
	rendered, err := c.up.Topology.Render(c.up.settings())
	if err != nil {
		return nil, err
	}
	requests := c.up.Topology.Requests(c.up.settings())
	for _, node := range rendered {
		rejected, err := provider.CheckConfig(ctx, cmp.Or(node.Image, c.up.found.Node),
			provider.ComponentConfig{Kubeadm: node.Kubeadm, Kubelet: node.Kubelet, Flags: node.Flags})
		if err != nil {
			return nil, err
		}
		for _, rejection := range rejected {
			text := fmt.Sprintf("%s of Kubernetes %s refuses it: %s", rejection.Component, c.up.versions[node.Image], withAdvice(rejection.Text))
			if place := cmp.Or(placeOf(rejection, node.Node, requests), c.up.Topology.PlaceOfSwitch("runtimeConfig", rejection.Text)); place != "" {
				text = place + ": " + text
			}
			if !slices.Contains(problems, text) {
				problems = append(problems, text)
			}
		}
	}
	return problems, nil
}

// placeOf is where the configuration asks for what a rejection is about: the setting
// whose name or value it mentions.
func placeOf(rejection provider.ConfigError, node string, requests []clusters.Request) (place string) {
	best := 0
	for _, request := range requests {
		if request.Node != "" && request.Node != node || request.Component != rejection.Component && rejection.Component != "kubeadm" {
			continue
		}
		for _, word := range wordsOf(request) {
			if len(word) > best && strings.Contains(rejection.Text, word) {
				best, place = len(word), request.Source
			}
		}
	}
	return place
}

// wordsOf are the name of a setting and the parts of its value.
func wordsOf(request clusters.Request) []string {
	name := strings.Trim(request.Setting, `-"`)
	words := []string{name, name[strings.LastIndex(name, ".")+1:]}
	value := fmt.Sprint(request.Value)
	return slices.DeleteFunc(append(words, strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(",= []:", r) })...),
		func(word string) bool { return len(word) < 3 })
}

// containerd compares what containerd makes of its configuration with each patch
// and without.
func (c configCheck) containerd(ctx context.Context) (problems []string, err error) {
	patches := c.up.Topology.ContainerdPatches()
	if len(patches) == 0 {
		return nil, nil
	}
	config, err := provider.ContainerdConfig(ctx, c.up.found.Node)
	if err != nil {
		return nil, err
	}
	configurations := []string{config}
	var changed []bool
	for _, patch := range patches {
		next, changes, err := patch.Apply(configurations[len(configurations)-1])
		if err != nil {
			return []string{fmt.Sprintf("%s: the patch of containerd's configuration cannot be applied: %v", patch.Place, err)}, nil
		}
		configurations, changed = append(configurations, next), append(changed, changes)
	}
	dumps, err := provider.ContainerdDumps(ctx, c.up.found.Node, configurations)
	if err != nil {
		return nil, err
	}
	for i, patch := range patches {
		switch before, after := dumps[i], dumps[i+1]; {
		case strings.HasPrefix(after, "containerd: "):
			return append(problems, fmt.Sprintf("%s: containerd refuses the patch: %s", patch.Place, strings.TrimSpace(after))), nil
		case changed[i] && before == after:
			problems = append(problems, fmt.Sprintf("%s: containerd's configuration is the same with the patch: it has no such settings",
				patch.Place))
		}
	}
	return problems, nil
}
