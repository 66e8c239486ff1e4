package lifecycle

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/internal/runs"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

// refreshKubeconfig gives the kubeconfigs that have the cluster's context the address
// and the credentials that it has now: Docker may have chosen another port, and
// certificates may have been renewed. It adds no context that is not there.
func (s *Start) refreshKubeconfig(ctx context.Context, _ *event.Span) (string, error) {
	metadata, _, err := s.cluster().Metadata(ctx)
	if err != nil {
		return "", err
	}
	files := provider.KubeconfigFiles("")
	if metadata.Owner == runs.Owner() {
		for _, file := range metadata.Kubeconfigs {
			if !slices.Contains(files, file) {
				files = append(files, file)
			}
		}
	}
	var updated []string
	entries := 0
	for _, file := range files {
		if _, has, err := provider.KubeconfigEntry(file, s.Name); err == nil && !has {
			continue
		}
		found, err := s.cluster().RefreshKubeconfig(ctx, file)
		switch {
		case ctx.Err() != nil:
			return "", context.Cause(ctx)
		case err != nil:
			event.Warn(s.Sink, event.Phase, "start", fmt.Sprintf("the kubeconfig %s could not be refreshed: %v", file, err),
				"correct it, then: kindctl kubeconfig merge -n "+s.Name)
			entries++
		case found == provider.Updated:
			updated = append(updated, file)
			entries++
		case found == provider.Current:
			entries++
		}
	}
	switch {
	case len(updated) > 0:
		return "updated " + strings.Join(updated, ", "), nil
	case entries == 0:
		return fmt.Sprintf("no file has context %s; add it: kindctl kubeconfig merge -n %s", provider.Context(s.Name), s.Name), nil
	}
	return "it is right", nil
}

// MergeKubeconfig adds the context of a cluster on this host to a kubeconfig, "" for
// the usual one, and has the cluster's containers remember the file. With keep, the
// current context stays. It returns the file.
func MergeKubeconfig(ctx context.Context, cluster provider.Cluster, path string, keep bool) (string, error) {
	if err := provider.CheckKubeconfig(ctx, path); err != nil {
		return "", err
	}
	if _, _, err := cluster.Metadata(ctx); err != nil {
		return "", err
	}
	if err := cluster.MergeKubeconfig(ctx, path, keep); err != nil {
		return "", hint.KubeconfigFailed.Wrap(err, "the kubeconfig could not be merged",
			"see whether the cluster was ever finished: kindctl status -n "+cluster.Name)
	}
	file := provider.KubeconfigTarget(path)
	return file, cluster.AddKubeconfigs(ctx, file)
}
