package bootstrap

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/kindctl/kindctl/internal/charts"
	"github.com/kindctl/kindctl/internal/host"
	"github.com/kindctl/kindctl/internal/images"
	"github.com/kindctl/kindctl/internal/lifecycle"
	"github.com/kindctl/kindctl/internal/plan"
	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/internal/record"
	"github.com/kindctl/kindctl/internal/releases"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

// preflight finds out, before anything is made, what would fail later.
func (u *Up) preflight(ctx context.Context, _ *event.Span) (string, error) {
	if u.Pool == "" {
		if err := provider.CheckKubeconfig(ctx, u.Kubeconfig); err != nil {
			return "", err
		}
	}
	err := u.open(ctx)
	if err != nil {
		return "", err
	}
	if err := u.docker.CheckNetwork(ctx, u.network(), u.Topology.HasIPv6()); err != nil {
		return "", err
	}
	if u.facts, err = host.Probe(ctx, u.docker.Client()); err != nil {
		return "", err
	}
	u.facts.Contained = provider.InContainer()
	if u.addon, err = u.Dependencies.Addon(u.Topology, u.facts); err != nil {
		return "", err
	}
	if u.addon == nil {
		return u.facts.String(), nil
	}
	find := func(bundle charts.Bundle) (fs.FS, error) { return u.describe(ctx, bundle) }
	if err := u.addon.Validate(find); err != nil {
		return "", err
	}
	return u.facts.String(), nil
}

// checkHost warns of what may become a problem for a new cluster on this host, and
// refuses what is bound to be one.
func (u *Up) checkHost(ctx context.Context) (err error) {
	needs := Needs(u.Topology, u.addon)
	needs.Ignored = u.IgnorePreflightErrors
	for _, warning := range u.facts.Warnings(needs) {
		event.Warn(u.Sink, event.Phase, "preflight", warning, "")
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
	there, err := u.findExisting(ctx)
	if err != nil {
		return "", err
	}
	if !there {
		return "not found; creating it", nil
	}
	name := u.Topology.Name
	if err := u.runChecks(ctx, nil); err != nil {
		return "", unhealthy(name, err)
	}
	if err := u.merge(ctx); err != nil {
		return "", err
	}
	u.Existed = true
	return "it exists and is healthy; nothing was changed in it", plan.ErrDone
}

// unhealthy is the error of a cluster that was there and did not pass. Unless checks
// failed, the reason stays that of err, whose exit code is another.
func unhealthy(name string, err error) error {
	failure := hint.Keep(err, fmt.Sprintf("cluster %s exists, but is not healthy", name))
	if failure.Code == hint.Verification {
		failure.Reason = hint.ClusterUnhealthy.Name
	}
	failure.Advice = strings.TrimPrefix(failure.Advice+"\nor recreate it: kindctl down -n "+name, "\n")
	return failure
}

// findExisting looks for the cluster. There is one only if it is in the same shape; if
// there is none, the host can carry it.
func (u *Up) findExisting(ctx context.Context) (there bool, err error) {
	name := u.Topology.Name
	nodes, err := u.cluster.Nodes(ctx)
	if err != nil {
		return false, err
	}
	if len(nodes) == 0 {
		return false, u.checkHost(ctx)
	}
	if err := lifecycle.EnsureRunning(ctx, u.cluster); err != nil {
		return false, err
	}
	remedy := fmt.Sprintf(`choose another name, or remove it first: kindctl down -n %s`, name)
	if err := u.connect(ctx); err != nil {
		return false, hint.ClusterBroken.Wrap(err, fmt.Sprintf("cluster %s exists and does not answer", name), remedy)
	}
	made, recorded, err := record.Read(ctx, u.client)
	switch {
	case err != nil && lifecycle.CertificatesExpired(ctx, u.cluster) != nil:
		return false, lifecycle.CertificatesExpired(ctx, u.cluster)
	case hint.ReasonOf(err) != "":
		return false, err
	case err != nil:
		return false, hint.ClusterBroken.Wrap(err, fmt.Sprintf("cluster %s exists and does not answer", name), remedy)
	case !recorded:
		return false, hint.ClusterForeign.New(fmt.Sprintf("a kind cluster %s exists that kindctl did not finish or did not make", name), remedy)
	}
	if differences, err := u.differences(ctx, made); err != nil {
		return false, err
	} else if differences != "" {
		return false, hint.ClusterDiffers.New(fmt.Sprintf("cluster %s exists in another shape: %s", name, differences),
			fmt.Sprintf("to use it as it is, run up with the flags or the file that created it, or add its context to the kubeconfig: kindctl kubeconfig merge -n %s\n%s", name, remedy))
	}
	return true, nil
}

// request says which images the cluster needs.
func (u *Up) request() images.Request {
	request := images.Request{Mode: u.ImageMode, Node: u.Image, Published: provider.NodeImage(u.Topology.Kubernetes()),
		Minor: releases.Minor(u.Topology.KubernetesVersion), Pods: []string{u.Dependencies.Probe}, PlaceOf: u.Topology.PlaceOfImage}
	if own := u.Topology.Images(); !slices.Contains(own, "") { // no other image is needed
		request.Node = own[0]
	}
	for _, image := range u.Topology.Images() {
		if image != "" && image != request.Node && !slices.Contains(request.Others, image) {
			request.Others = append(request.Others, image)
		}
	}
	if u.addon != nil {
		request.Pods = append(request.Pods, u.addon.Images()...)
	}
	if u.Topology.ControlPlanes > 1 {
		request.LoadBalancer = provider.LoadBalancerImage
	}
	return request
}

// images finds the node image and what else the nodes must hold.
func (u *Up) images(ctx context.Context, _ *event.Span) (string, error) {
	resolver, err := u.Dependencies.Images(u.docker, u.facts)
	if err != nil {
		return "", err
	}
	if u.found, err = resolver.Resolve(ctx, u.request()); err == nil {
		err = checkSnapshotter(u.found, u.facts)
	}
	if err == nil {
		err = configCheck{u}.run(ctx)
	}
	if err == nil {
		err = u.findSources(ctx, resolver.Docker)
	}
	return fmt.Sprintf("%s (%s)", u.found.Node, u.found.Source), err
}
