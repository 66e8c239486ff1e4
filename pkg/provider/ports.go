package provider

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"

	"github.com/kindctl/kindctl/pkg/event"
)

// portTaken recognizes Docker's words for a port of the host that is in use, of
// its own book-keeping and of the kernel.
func portTaken(message string) bool {
	return strings.Contains(message, "port is already allocated") || strings.Contains(message, "bind: address already in use") ||
		strings.Contains(message, "failed to bind host port")
}

// publication finds the port in such a message.
var publication = regexp.MustCompile(`(?:Bind for|listen (?:tcp|udp|sctp)[46]?|bind host port(?: for)?) (?:[\d.]+|\[[0-9a-f:]*\]):(\d+)`)

// clash returns the port of the host that a container could not get.
func clash(err error) (port int32, is bool) {
	if err == nil || !portTaken(err.Error()) {
		return 0, false
	}
	if match := publication.FindStringSubmatch(err.Error()); match != nil {
		number, err := strconv.ParseUint(match[1], 10, 16)
		return int32(number), err == nil //nolint:gosec // 16 bits
	}
	return 0, true
}

// chosen tells whether a port is one that the configuration insists on.
func chosen(config *v1alpha4.Cluster, port int32) bool {
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

// portAttempts bounds how often somebody may come first.
const portAttempts = 4

// withFreePorts creates a cluster anew when a port that kind found free was
// taken before Docker had it, as happens when several are created at once: kind
// lets go of the ports that it finds. A port that the user wants is not tried
// again.
func (d *Docker) withFreePorts(ctx context.Context, config *v1alpha4.Cluster, create func() error) error {
	for attempt := 1; ; attempt++ {
		err := create()
		port, is := clash(err)
		if !is || chosen(config, port) || attempt == portAttempts || ctx.Err() != nil {
			return err
		}
		d.sink.Emit(event.Event{Time: time.Now(), Kind: event.Note, Scope: event.Phase, ID: "create",
			Message: fmt.Sprintf("port %d was taken meanwhile; retrying with other ports", port)})
		if err := d.Cluster(config.Name).Delete(ctx); err != nil {
			return err
		}
	}
}
