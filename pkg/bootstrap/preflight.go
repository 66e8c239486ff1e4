package bootstrap

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/host"
	"github.com/kindctl/kindctl/pkg/images"
	"github.com/kindctl/kindctl/pkg/provider"
	"github.com/kindctl/kindctl/pkg/verify"
)

// preflight finds out, before anything is made, what would fail later.
func (u *Up) preflight(ctx context.Context, _ *event.Span) (string, error) {
	if err := provider.CheckKubeconfig(ctx, u.Kubeconfig); err != nil {
		return "", err
	}
	docker, err := host.Docker(ctx)
	if err != nil {
		return "", err
	}
	defer docker.Close()
	if err := provider.NewEngine(docker).CheckNetwork(ctx, u.provider.NetworkName()); err != nil {
		return "", err
	}
	if u.facts, err = host.Probe(ctx, docker); err != nil {
		return "", err
	}
	if u.addon, err = u.Places.Addon(u.Topology, u.facts); err != nil {
		return "", err
	}
	return u.facts.String(), nil
}

// fit warns of what may become a problem for a new cluster on this host, and
// refuses what is bound to be one.
func (u *Up) fit(ctx context.Context) (err error) {
	needs := Needs(u.Topology)
	for _, warning := range u.facts.Warnings(needs) {
		u.Sink.Emit(event.Event{Time: time.Now(), Kind: event.Warning, Scope: event.Phase, ID: "preflight", Message: warning})
	}
	if err := u.facts.Refuse(needs); err != nil {
		return err
	}
	u.manifests, err = readManifests(ctx, u.Topology.Manifests)
	return err
}

// existing ends the plan when the cluster is there already, well and in the
// same shape; otherwise it makes sure that the host can carry a new one.
func (u *Up) existing(ctx context.Context, _ *event.Span) (string, error) {
	name := u.Topology.Name
	nodes, err := u.provider.Nodes(name)
	if err != nil {
		return "", err
	}
	if len(nodes) == 0 {
		return "none, so it will be made", u.fit(ctx)
	}
	if err := Awake(ctx, name); err != nil {
		return "", err
	}
	remedy := fmt.Sprintf(`choose another name, or remove it first: kindctl down -n %s`, name)
	if err := u.connect(); err != nil {
		return "", hint.Wrap(err, hint.Usage, "CLUSTER_BROKEN", fmt.Sprintf("cluster %s exists and does not answer", name), remedy)
	}
	record, recorded, err := verify.Recorded(ctx, u.client)
	switch {
	case err != nil:
		return "", hint.Wrap(err, hint.Usage, "CLUSTER_BROKEN", fmt.Sprintf("cluster %s exists and does not answer", name), remedy)
	case !recorded:
		return "", hint.New(hint.Usage, "CLUSTER_FOREIGN", fmt.Sprintf("a kind cluster %s exists that kindctl did not finish or did not make", name), remedy)
	}
	if differences, err := u.differences(ctx, record); err != nil {
		return "", err
	} else if differences != "" {
		return "", hint.New(hint.Usage, "CLUSTER_DIFFERS", fmt.Sprintf("cluster %s exists in another shape: %s", name, differences), remedy)
	}
	if err := u.judge(ctx); err != nil {
		return "", hint.Wrap(err, hint.CodeOf(err), "CLUSTER_UNHEALTHY", fmt.Sprintf("cluster %s exists, but is not healthy", name),
			strings.TrimPrefix(hint.AdviceOf(err)+"\n"+"or make it anew: kindctl down -n "+name, "\n"))
	}
	if err := u.merge(ctx); err != nil {
		return "", err
	}
	u.Existed = true
	return "it is there and healthy; nothing was changed", errDone
}

// images finds the node image and what else the nodes must hold.
func (u *Up) images(ctx context.Context, _ *event.Span) (string, error) {
	request := images.Request{Mode: u.ImageMode, Node: u.Image, Published: provider.PublishedImage, Pods: []string{u.Places.Probe}}
	if u.addon != nil {
		request.Pods = append(request.Pods, u.addon.Images()...)
	}
	if u.Topology.ControlPlanes > 1 {
		request.LoadBalancer = provider.LoadBalancerImage
	}
	resolver, closeResolver, err := u.Places.Images(ctx, u.facts)
	if err != nil {
		return "", err
	}
	defer closeResolver()
	if u.found, err = resolver.Resolve(ctx, request); err == nil && len(u.Topology.FeatureGates) > 0 {
		err = provider.CheckGates(ctx, u.found.Node, u.Topology.FeatureGates)
	}
	return fmt.Sprintf("%s (%s)", u.found.Node, u.found.Source), err
}
