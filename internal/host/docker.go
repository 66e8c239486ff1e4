package host

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/moby/moby/client"

	"github.com/kindctl/kindctl/pkg/hint"
)

// answerTimeout bounds the first question to Docker.
const answerTimeout = 10 * time.Second

// kindsEngine says to kind in which engine nodes are (kind v0.33.0,
// pkg/internal/runtime/runtime.go).
const kindsEngine = "KIND_EXPERIMENTAL_PROVIDER"

// Docker connects to the engine that the docker command, and so kind, uses. Who
// has told kind to use another one is refused: kindctl would not see its clusters.
func Docker(ctx context.Context) (*client.Client, error) {
	if engine := os.Getenv(kindsEngine); engine != "" && engine != "docker" {
		return nil, hint.EngineUnsupported.New(kindsEngine+" is "+engine+", and kindctl makes nodes in Docker alone", "to use Docker: unset "+kindsEngine)
	}
	endpoint, err := endpoint(ctx)
	if err != nil {
		return nil, err
	}
	options := []client.Opt{client.FromEnv}
	if endpoint != "" {
		options = append(options, client.WithHost(endpoint))
	}
	docker, err := client.New(options...)
	if err != nil {
		return nil, hint.DockerSettings.Wrap(err, "Docker cannot be reached with these settings", "check DOCKER_HOST and docker context ls")
	}
	asking, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	if _, err := docker.Ping(asking, client.PingOptions{}); err != nil {
		host := docker.DaemonHost()
		docker.Close()
		return nil, unreachable(err, host)
	}
	return docker, nil
}

// endpoint is where Docker's current context has the engine, or "" when the
// environment or the default says so.
func endpoint(ctx context.Context) (string, error) {
	command, err := exec.LookPath("docker") // kind needs it in any case
	if err != nil {
		return "", hint.DockerMissing.Wrap(err, "the docker command is not installed",
			`install Docker: on Debian and Ubuntu "make up" as root does, elsewhere see https://docs.docker.com/get-docker/`)
	}
	host := os.Getenv(client.EnvOverrideHost)
	if host == "" {
		// Contexts are an affair of the docker command alone, so it is asked.
		// One without contexts is older than they are.
		out, err := exec.CommandContext(ctx, command, "context", "inspect", "--format", "{{.Endpoints.docker.Host}}").Output()
		if err == nil {
			host = strings.TrimSpace(string(out))
		}
	}
	if strings.HasPrefix(host, "ssh://") {
		return "", hint.DockerSettings.New("Docker at "+host+" cannot be used: a cluster's API server would listen on that machine's loopback address",
			"run kindctl on that machine, or choose another engine: docker context use default")
	}
	return host, nil
}

// unreachable says why the engine does not answer. The client hides the
// system's error, so a socket is tried again.
func unreachable(err error, host string) error {
	if socket, local := strings.CutPrefix(host, "unix://"); local {
		conn, dialErr := net.Dial("unix", socket)
		if errors.Is(dialErr, fs.ErrPermission) {
			return hint.DockerNotPermitted.Wrap(err, "you may not use Docker",
				`become a member of its group: "sudo usermod -aG docker $USER", then log in again`)
		}
		if dialErr == nil {
			conn.Close()
		}
	}
	advice := `start it: "sudo systemctl start docker", or Docker Desktop; "make up" as root prepares a bare machine`
	if os.Getenv(client.EnvOverrideHost) != "" {
		advice = "start the one that DOCKER_HOST names, or unset DOCKER_HOST to use this machine's own"
	}
	return hint.DockerNotRunning.Wrap(err, "Docker does not answer", advice)
}
