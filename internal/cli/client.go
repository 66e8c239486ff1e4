package cli

import (
	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/kindctl"
)

// clientKey is where the app has its client.
const clientKey = "client"

// contactTimeout is shortened by tests, which wait for it.
var contactTimeout = kube.ContactTimeout

// withClient gives an app one client, whose connection to Docker ends with the app.
func withClient(app *cli.App) *cli.App {
	client := kindctl.New(kindctl.Options{Version: currentVersion(), ContactTimeout: contactTimeout})
	app.Metadata = map[string]any{clientKey: client}
	app.After = func(*cli.Context) error {
		_ = client.Close() // nothing more is asked
		return nil
	}
	return app
}

// clientOf returns the app's client, whose events are dropped.
func clientOf(c *cli.Context) *kindctl.Client {
	return c.App.Metadata[clientKey].(*kindctl.Client) //nolint:errcheck // withClient has put it there
}

// clientFor is the app's client, whose events go to a sink.
func clientFor(c *cli.Context, sink event.Sink) *kindctl.Client { return clientOf(c).WithSink(sink) }

// clusterOf is the cluster that the flags name: by its context, or a kind cluster by its
// name. A name on the command line wins over a context in the environment.
func clusterOf(c *cli.Context) kindctl.ClusterRef {
	if c.String("context") != "" && (given(c, "context") || !given(c, "name")) {
		return kindctl.ClusterRef{Context: c.String("context"), Kubeconfig: c.String("kubeconfig")}
	}
	return kindctl.ClusterRef{Name: c.String("name")}
}

// given reports whether a flag was set on the command line, and not by an environment
// variable, which may be meant for other commands.
func given(c *cli.Context, name string) bool {
	_, onLine := sourceOf(c, name)
	return c.IsSet(name) && onLine
}
