package bootstrap

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

// checkPatches has the programs of the node images read what patches and runtimeConfig
// make of their configuration, and refuses what they do not take, before a node is made.
func (u *Up) checkPatches(ctx context.Context) error {
	if !u.Topology.Patched() && len(u.Topology.RuntimeConfig) == 0 {
		return nil
	}
	if err := u.findVersions(ctx); err != nil {
		return err
	}
	if err := u.reviewPatches(); err != nil {
		return err
	}
	problems, err := u.checkComponents(ctx)
	if err != nil {
		return err
	}
	if len(problems) == 0 {
		if problems, err = u.checkContainerdPatches(ctx); err != nil {
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
func (u *Up) findVersions(ctx context.Context) error {
	u.versions = map[string]string{}
	for _, image := range append(u.Topology.Images(), u.Topology.Image) {
		if _, known := u.versions[image]; known {
			continue
		}
		name := image
		if image == "" || image == u.Topology.Image {
			name = u.found.Node
		}
		version, err := provider.KubernetesVersion(ctx, name)
		if err != nil {
			return err
		}
		u.versions[image] = version
	}
	return nil
}

// reviewPatches reviews the patches again, now that the versions of Kubernetes are known.
func (u *Up) reviewPatches() error {
	warned, _ := u.Topology.ReviewPatches(nil)
	warnings, problems := u.Topology.ReviewPatches(u.versions)
	for _, warning := range warnings {
		if !slices.Contains(warned, warning) {
			u.Sink.Emit(event.Event{Time: time.Now(), Kind: event.Warning, Scope: event.Phase, ID: "images", Message: warning})
		}
	}
	return patchesRefused(problems)
}

// checkComponents asks kubeadm, kubelet and the control plane's components.
func (u *Up) checkComponents(ctx context.Context) (problems []string, err error) {
	rendered, err := u.Topology.Render(u.settings())
	if err != nil {
		return nil, err
	}
	requests := u.Topology.Requests(u.settings())
	for _, node := range rendered {
		rejected, err := provider.CheckConfig(ctx, cmp.Or(node.Image, u.found.Node),
			provider.ComponentConfig{Kubeadm: node.Kubeadm, Kubelet: node.Kubelet, Flags: node.Flags})
		if err != nil {
			return nil, err
		}
		for _, rejection := range rejected {
			text := fmt.Sprintf("%s of Kubernetes %s refuses it: %s", rejection.Component, u.versions[node.Image], withAdvice(rejection.Text))
			if place := cmp.Or(placeOf(rejection, node.Node, requests), u.Topology.PlaceOfSwitch("runtimeConfig", rejection.Text)); place != "" {
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

// checkContainerdPatches compares what containerd makes of its configuration with each patch
// and without.
func (u *Up) checkContainerdPatches(ctx context.Context) (problems []string, err error) {
	patches := u.Topology.ContainerdPatches()
	if len(patches) == 0 {
		return nil, nil
	}
	config, err := provider.ContainerdConfig(ctx, u.found.Node)
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
	dumps, err := provider.ContainerdDumps(ctx, u.found.Node, configurations)
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
