package cli

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/provider"
)

// dockerKey is where the app has its connection to Docker.
const dockerKey = "docker"

// withDocker gives an app one connection to Docker, which is opened by the first command
// that needs it and ends with the app.
func withDocker(app *cli.App) *cli.App {
	connection := &provider.Connection{}
	app.Metadata = map[string]any{dockerKey: connection}
	app.After = func(*cli.Context) error {
		_ = connection.Close() // nothing more is asked
		return nil
	}
	return app
}

// connection is the app's to Docker, open or not.
func connection(c *cli.Context) *provider.Connection {
	return c.App.Metadata[dockerKey].(*provider.Connection) //nolint:errcheck // withDocker has put it there
}

// openDocker opens the app's connection to Docker, or returns an error with advice.
func openDocker(c *cli.Context) (*provider.Docker, error) { return connection(c).Open(c.Context) }

// existing opens Docker for a cluster that must be there.
func existing(c *cli.Context, name string) (*provider.Docker, error) {
	docker, err := openDocker(c)
	if err != nil {
		return nil, err
	}
	nodes, err := docker.Cluster(name).Nodes(c.Context)
	if err != nil {
		return nil, err
	}
	if len(nodes) == 0 {
		names, err := docker.Clusters(c.Context)
		if err != nil {
			return nil, err
		}
		return nil, hint.ClusterMissing.New(fmt.Sprintf("there is no cluster %q%s", name, hint.Nearest(name, names)), "list them: kindctl get clusters")
	}
	return docker, nil
}
