package host

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/moby/moby/client"

	"github.com/kindctl/kindctl/pkg/hint"
)

// answerTimeout bounds the first question to Docker.
const answerTimeout = 10 * time.Second

// Docker connects to the engine that the docker command, and so kind, uses.
func Docker(ctx context.Context) (*client.Client, error) {
	options := []client.Opt{client.FromEnv}
	if os.Getenv(client.EnvOverrideHost) == "" {
		// Contexts are an affair of the docker command alone, so it is asked.
		out, err := exec.CommandContext(ctx, "docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}").Output()
		if errors.Is(err, exec.ErrNotFound) {
			return nil, hint.Wrap(err, hint.Preflight, "DOCKER_MISSING", "the docker command is not installed",
				`install Docker: on Debian and Ubuntu "make up" as root does, elsewhere see https://docs.docker.com/get-docker/`)
		}
		if endpoint := strings.TrimSpace(string(out)); err == nil && endpoint != "" {
			options = append(options, client.WithHost(endpoint))
		}
	}
	docker, err := client.New(options...)
	if err != nil {
		return nil, hint.Wrap(err, hint.Preflight, "DOCKER_SETTINGS", "Docker cannot be reached with these settings", "check DOCKER_HOST and docker context ls")
	}
	asking, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	if _, err := docker.Ping(asking, client.PingOptions{}); err != nil {
		docker.Close()
		if errors.Is(err, fs.ErrPermission) {
			return nil, hint.Wrap(err, hint.Preflight, "DOCKER_NOT_PERMITTED", "you may not use Docker",
				`become a member of its group: "sudo usermod -aG docker $USER", then log in again`)
		}
		return nil, hint.Wrap(err, hint.Preflight, "DOCKER_NOT_RUNNING", "Docker does not answer",
			`start it: "sudo systemctl start docker", or Docker Desktop; "make up" as root prepares a bare machine`)
	}
	return docker, nil
}
