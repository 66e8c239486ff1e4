package bootstrap

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/kindctl/kindctl/internal/releases"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

func (u *Up) nothingToLoad() string {
	if len(u.found.Archives) == 0 {
		return "the node image holds them all"
	}
	return ""
}

// load puts the pod images into the nodes, one image after the other, each
// into all nodes at once: reading one archive several times is cheap.
func (u *Up) load(ctx context.Context, span *event.Span) (string, error) {
	for i, archive := range u.found.Archives {
		span.Progress(archive.Image, int64(i), int64(len(u.found.Archives)))
		open := func() (io.ReadCloser, error) { return os.Open(archive.Path) }
		if err := u.cluster.LoadImage(ctx, open); err != nil {
			return "", hint.LoadFailed.Wrap(err, "image "+archive.Image+" could not be loaded into the nodes",
				"check Docker's free space: docker system df")
		}
	}
	return fmt.Sprintf("%d images", len(u.found.Archives)), nil
}

func (u *Up) noCNI() string {
	if u.addon == nil {
		return "no CNI was requested; install one, then run kindctl verify"
	}
	return ""
}

// noWorkloads is the reason why no pod can be ready before a CNI is there.
func (u *Up) noWorkloads() string {
	if u.Topology.ProxyMode == "none" {
		return u.noCNI()
	}
	return ""
}

func (u *Up) installCNI(ctx context.Context, _ *event.Span) (string, error) {
	if oldest, newest := u.addon.Tested(); !releases.Within(u.Version, oldest, newest) {
		tested := fmt.Sprintf("%s %s is tested by its makers with Kubernetes %s to %s; this is %s", u.addon.Name(), u.addon.Version(), oldest,
			newest, u.Version)
		event.Warn(u.Sink, event.Phase, "cni", tested, "for one of those: --kubernetes-version "+newest)
	}
	if err := u.addon.Install(ctx, u.client, u.sources.find); err != nil {
		return "", hint.CNIInstallFailed.Wrap(err, u.addon.Name()+" could not be installed",
			"run again with --retain and look: kubectl -n kube-system get events")
	}
	return u.addon.Name(), nil
}
