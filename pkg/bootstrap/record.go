package bootstrap

import (
	"context"
	"fmt"

	"github.com/kindctl/kindctl/pkg/record"
	"github.com/kindctl/kindctl/pkg/releases"
	"github.com/kindctl/kindctl/pkg/verify"
)

// record writes into the cluster what it is expected to be, and of which
// configuration it was made.
func (u *Up) record(ctx context.Context) error {
	if err := verify.Record(ctx, u.client, u.expectation()); err != nil {
		return err
	}
	return record.WriteConfig(ctx, u.client, u.Topology)
}

// differences names, in words, how the cluster that is there differs from the
// one that is wanted. A cluster of an older kindctl has only its expectation.
func (u *Up) differences(ctx context.Context, recorded verify.Expectation) (string, error) {
	if found := recorded.Differences(u.expectation()); found != "" {
		return found, nil
	}
	version, err := u.client.Version(ctx)
	if err != nil {
		return "", err
	}
	if wanted := u.Topology.KubernetesVersion; !releases.Means(wanted, version) {
		return fmt.Sprintf("the version of Kubernetes: %s, not %s", version, wanted), nil
	}
	made, has, err := record.ReadConfig(ctx, u.client)
	if err != nil || !has {
		return "", err
	}
	return made.Differences(u.Topology), nil
}
