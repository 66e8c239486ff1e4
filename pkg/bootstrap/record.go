package bootstrap

import (
	"context"
	"fmt"

	"github.com/kindctl/kindctl/internal/record"
	"github.com/kindctl/kindctl/internal/releases"
	"github.com/kindctl/kindctl/pkg/verify"
)

// wanted is the record of the cluster as it should be once it is up.
func (u *Up) wanted() record.Cluster {
	return record.New(u.Topology, verify.Expectation{
		ProbeImage: u.Dependencies.Probe, Requested: requested(u.Topology, u.settings()), Untainted: u.Topology.Untainted(),
	})
}

// differences describes how the cluster that is there differs from the one that is wanted.
func (u *Up) differences(ctx context.Context, made record.Cluster) (string, error) {
	if found := made.Expect.Differences(u.wanted().Expect); found != "" {
		return found, nil
	}
	version, err := u.client.Version(ctx)
	if err != nil {
		return "", err
	}
	if wanted := u.Topology.KubernetesVersion; !releases.Means(wanted, version) {
		return fmt.Sprintf("the version of Kubernetes: %s, not %s", version, wanted), nil
	}
	if made.Config == nil {
		return "", nil
	}
	return made.Config.Differences(u.Topology), nil
}
