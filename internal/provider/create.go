package provider

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"regexp"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"
	"sigs.k8s.io/kind/pkg/cluster"
	"sigs.k8s.io/kind/pkg/log"

	"github.com/kindctl/kindctl/pkg/event"
)

// Provision makes a cluster's containers: the load balancer of several control planes from
// an image, and nodes on a Docker network, with kubeadm's configuration in them and without
// Kubernetes.
// kind, which makes most of them, cannot be interrupted: when ctx ends, Provision returns
// the cause as soon as kind has ended. What has been made by then is for Delete.
func (d *Docker) Provision(ctx context.Context, config *v1alpha4.Cluster, network, balancer string) error {
	part, err := kindsPart(config)
	if err != nil {
		return err
	}
	return d.retryPorts(ctx, config, func() error {
		err := d.create(ctx, part, network, notKinds(config), cluster.CreateWithStopBeforeSettingUpKubernetes(true))
		if err == nil {
			err = d.makeRest(ctx, config, balancer)
		}
		if err != nil {
			d.awaitContainers(context.WithoutCancel(ctx), PlannedNodes(config, balancer))
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return err
	})
}

// CreateStock makes a whole cluster as kind does by itself, for comparisons. When ctx
// ends, it returns the cause as soon as kind has ended.
func (d *Docker) CreateStock(ctx context.Context, config *v1alpha4.Cluster, kubeconfig string) error {
	return d.retryPorts(ctx, config, func() error {
		return d.create(ctx, config, usersNetwork, nil, cluster.CreateWithKubeconfigPath(kubeconfig))
	})
}

// create runs kind, and returns when no part of it is at work any more: the cause, if
// ctx has ended. Removal is the caller's, and happens once. The containers know that
// others, which kind does not make, are not reached through a proxy.
func (d *Docker) create(ctx context.Context, config *v1alpha4.Cluster, network string, others []string, options ...cluster.CreateOption) error {
	variables := d.unproxied(others)
	if network != usersNetwork {
		variables[networkVariable] = network
	}
	err := withEnvironment(variables, func() error {
		return runToEnd(ctx, func() error {
			return explain(kind(warnings{sink: d.sink}).Create(config.Name, append(options,
				cluster.CreateWithV1Alpha4Config(config),
				cluster.CreateWithRetain(true),
				cluster.CreateWithDisplayUsage(false),
				cluster.CreateWithDisplaySalutation(false))...))
		})
	})
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// kind starts all containers of a cluster at once and returns with the first error,
// while it still starts the others.

const (
	// pollInterval is how often to look for the end of what cannot be watched.
	pollInterval = 20 * time.Millisecond
	// provisionTimeout bounds how long what has failed is waited for. kind gives a node 30 s to
	// boot.
	provisionTimeout = time.Minute
)

// runToEnd returns when work has ended, and after an error when every goroutine that it
// has started has ended too. Such goroutines inherit labels, which the goroutine profile
// shows.
func runToEnd(ctx context.Context, work func() error) (err error) {
	label := rand.Text()
	pprof.Do(ctx, pprof.Labels("kindctl", label), func(context.Context) { err = work() })
	for begin := time.Now(); err != nil && atWork(label) && time.Since(begin) < provisionTimeout; {
		time.Sleep(pollInterval)
	}
	return err
}

// atWork reports whether a goroutine has a label.
func atWork(label string) bool {
	var profile bytes.Buffer
	_ = pprof.Lookup("goroutine").WriteTo(&profile, 1) // a Buffer takes everything
	return strings.Contains(profile.String(), label)
}

// awaitContainers waits until Docker shows every container that it still makes. A terminal sends
// Ctrl-C to docker's commands too; Docker continues what such a command has asked
// for, and lists a container only when its volumes are there. Its name is taken before.
func (d *Docker) awaitContainers(ctx context.Context, planned []PlannedNode) {
	ctx, cancel := context.WithTimeout(ctx, provisionTimeout)
	defer cancel()
	var group sync.WaitGroup
	for _, one := range planned {
		group.Go(func() {
			for d.beingMade(ctx, one) {
				select {
				case <-ctx.Done():
					return
				case <-time.After(pollInterval):
				}
			}
		})
	}
	group.Wait()
}

// beingMade reports whether Docker makes a container that it does not show yet: another
// one cannot have the name.
func (d *Docker) beingMade(ctx context.Context, one PlannedNode) bool {
	if _, err := d.api.ContainerInspect(ctx, one.Name, client.ContainerInspectOptions{}); !errdefs.IsNotFound(err) {
		return false
	}
	probe, err := d.api.ContainerCreate(ctx, client.ContainerCreateOptions{Name: one.Name, Config: &container.Config{Image: one.Image}})
	if err == nil {
		_ = d.removeContainer(ctx, probe.ID)
	}
	return errdefs.IsConflict(err)
}

// portTaken recognizes Docker's messages on a port of the host that is in use, of
// its own book-keeping and of the kernel.
func portTaken(message string) bool {
	return strings.Contains(message, "port is already allocated") || strings.Contains(message, "bind: address already in use") ||
		strings.Contains(message, "failed to bind host port")
}

// portInMessage finds the port in such a message.
var portInMessage = regexp.MustCompile(`(?:Bind for|listen (?:tcp|udp|sctp)[46]?|bind host port(?: for)?) (?:[\d.]+|\[[0-9a-f:]*\]):(\d+)`)

// portConflict returns the port of the host that a container could not get.
func portConflict(err error) (port int32, is bool) {
	if err == nil || !portTaken(err.Error()) {
		return 0, false
	}
	if match := portInMessage.FindStringSubmatch(err.Error()); match != nil {
		number, err := strconv.ParseUint(match[1], 10, 16)
		return int32(number), err == nil //nolint:gosec // 16 bits
	}
	return 0, true
}

// requestsPort reports whether the configuration insists on a port.
func requestsPort(config *v1alpha4.Cluster, port int32) bool {
	if config.Networking.APIServerPort == port {
		return true
	}
	for _, node := range config.Nodes {
		for _, mapping := range node.ExtraPortMappings {
			if mapping.HostPort == port {
				return true
			}
		}
	}
	return false
}

// portAttempts bounds how often another process may take the port first.
const portAttempts = 4

// retryPorts creates a cluster again when a port that kind found free was
// taken before Docker had it, as happens when several are created at once: kind
// lets go of the ports that it finds. A port that the user wants is not tried
// again.
func (d *Docker) retryPorts(ctx context.Context, config *v1alpha4.Cluster, create func() error) error {
	for attempt := 1; ; attempt++ {
		err := create()
		port, is := portConflict(err)
		if !is || requestsPort(config, port) || attempt == portAttempts || ctx.Err() != nil {
			return err
		}
		event.Inform(d.sink, event.Phase, "create", fmt.Sprintf("port %d was taken meanwhile; retrying with other ports", port))
		if err := d.Cluster(config.Name).Delete(ctx); err != nil {
			return err
		}
	}
}

// warnings passes on what kind warns of, and nothing else that it says.
type warnings struct {
	log.NoopLogger
	sink event.Sink
}

// knownWarnings are the beginnings of warnings that say nothing new: that cgroup v1 is old, which
// is in the facts about the host, and that the network is not kind's own.
var knownWarnings = []string{"cgroup v1 is deprecated", "WARNING: Overriding docker network", "WARNING: Here be dragons!"}

// Warn passes a warning on.
func (w warnings) Warn(message string) {
	for _, beginning := range knownWarnings {
		if strings.HasPrefix(message, beginning) {
			return
		}
	}
	event.Warn(w.sink, event.Phase, "create", strings.TrimSpace(message), "")
}

// Warnf passes a warning on.
func (w warnings) Warnf(format string, a ...any) { w.Warn(fmt.Sprintf(format, a...)) }

// Error passes an error on, which kind also returns or can do without.
func (w warnings) Error(message string) { w.Warn(message) }

// Errorf passes an error on.
func (w warnings) Errorf(format string, a ...any) { w.Warnf(format, a...) }
