package provider

import (
	"cmp"
	"os"
	"strings"
	"sync"

	"github.com/docker/cli/cli/config"
)

// networkVariable is the only way to choose kind's network for nodes
// (kind v0.33.0, pkg/cluster/internal/providers/docker/provider.go).
const networkVariable = "KIND_EXPERIMENTAL_DOCKER_NETWORK"

// usersNetwork is the one that the process was started with, whatever a creation
// has set since.
var usersNetwork = cmp.Or(os.Getenv(networkVariable), defaultNetwork)

// NetworkName is the Docker network for nodes: the one that is asked for, or for ""
// the one that kind takes by itself.
func NetworkName(asked string) string { return cmp.Or(asked, usersNetwork) }

// environment is held while kind makes containers: variables belong to the process,
// and so to every creation in it. Those that set none go on side by side.
var environment sync.RWMutex

// withEnvironment runs kind with variables of the environment set.
func withEnvironment(variables map[string]string, work func() error) error {
	if len(variables) == 0 {
		environment.RLock()
		defer environment.RUnlock()
		return work()
	}
	environment.Lock()
	defer environment.Unlock()
	for name, value := range variables {
		former, was := os.LookupEnv(name)
		if err := os.Setenv(name, value); err != nil {
			return err
		}
		defer func() {
			if was {
				_ = os.Setenv(name, former) // it could be set before
			} else {
				_ = os.Unsetenv(name)
			}
		}()
	}
	return work()
}

// The variables of proxies, which are written in capitals or not.
const (
	httpProxy  = "HTTP_PROXY"
	httpsProxy = "HTTPS_PROXY"
	noProxy    = "NO_PROXY"
)

// unproxied sets kind's NO_PROXY, where containers get a proxy, to what it would be and these
// names besides. A proxy is that of the environment, or else of Docker's configuration
// (kind v0.33.0, pkg/cluster/internal/providers/docker/proxyconfig.go). The lock keeps out what
// another creation has set.
func (d *Docker) unproxied(names []string) map[string]string {
	environment.RLock()
	defer environment.RUnlock()
	variables := map[string]string{}
	if len(names) == 0 {
		return variables
	}
	set := func(name string) string { return cmp.Or(os.Getenv(name), os.Getenv(strings.ToLower(name))) }
	exempt, proxied := set(noProxy), set(httpProxy)+set(httpsProxy) != ""
	if file, err := config.Load(os.Getenv(config.EnvOverrideConfigDir)); err == nil && !proxied {
		configured := file.ParseProxyConfig(d.api.DaemonHost(), nil)
		if own := configured[noProxy]; exempt == "" && own != nil {
			exempt = *own
		}
		proxied = configured[httpProxy] != nil || configured[httpsProxy] != nil
	}
	if proxied {
		variables[noProxy] = strings.Join(append(strings.FieldsFunc(exempt, func(r rune) bool { return r == ',' }), names...), ",")
	}
	return variables
}
