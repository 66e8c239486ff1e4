package kindctl

import (
	"cmp"
	"context"

	"k8s.io/client-go/rest"

	"github.com/kindctl/kindctl/addons"
	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/internal/record"
	"github.com/kindctl/kindctl/pkg/verify"
)

// Context is the name of the context that kubeconfigs have of a cluster in Docker.
func Context(name string) string { return provider.Context(name) }

// ClusterRef names any cluster, however it was made: the first of Config, Context and Name
// that is set. The zero value is the cluster DefaultName of this Docker.
type ClusterRef struct {
	// Name is that of a cluster in Docker.
	Name string
	// Context is one of Kubeconfig.
	Context string
	// Kubeconfig is the file that has Context; "" means KUBECONFIG or the default file.
	Kubeconfig string
	// Config reaches the cluster's API; it is copied.
	Config *rest.Config
}

// inDocker reports whether the cluster's nodes can be looked into.
func (r ClusterRef) inDocker() bool { return r.Config == nil && r.Context == "" }

// flags are those that name the cluster to another command.
func (r ClusterRef) flags() []string {
	switch {
	case r.Config != nil:
		return nil
	case r.Context != "":
		return []string{"--context", r.Context}
	}
	return []string{"-n", cmp.Or(r.Name, DefaultName)}
}

// String is what the cluster is called in messages.
func (r ClusterRef) String() string {
	switch {
	case r.Config != nil:
		return r.Config.Host
	case r.Context != "":
		return r.Context
	}
	return Context(cmp.Or(r.Name, DefaultName))
}

// reach opens a cluster's API, without a request to it.
func (c *Client) reach(ctx context.Context, r ClusterRef) (*kube.Client, error) {
	switch {
	case r.Config != nil:
		return kube.New(r.Config)
	case r.Context != "":
		return kube.FromKubeconfig(r.Kubeconfig, r.Context)
	}
	_, cluster, err := c.existing(ctx, r.Name)
	if err != nil {
		return nil, err
	}
	kubeconfig, err := kubeconfigOf(ctx, cluster, false)
	if err != nil {
		return nil, err
	}
	return kube.FromKubeconfigData(kubeconfig)
}

// discover asks a cluster what it should look like.
func (c *Client) discover(ctx context.Context, r ClusterRef, client *kube.Client) (verify.Expectation, error) {
	asking, cancel := context.WithTimeout(ctx, c.options.ContactTimeout)
	defer cancel()
	expect, err := record.Discover(asking, client, addons.CNIs()...)
	if err != nil {
		return expect, c.explainUnreachable(ctx, r, client, err)
	}
	return expect, nil
}
