//go:build !linux

package kindctl

import (
	"context"

	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

// ErrNotLinux says that the forge works on Linux only.
var ErrNotLinux = hint.NotLinux.New("images can be built on Linux only", "use images from a registry, or build them on a Linux machine and load them here: docker load")

// builder stands where the forge is on Linux, and makes nothing.
type builder struct {
	cni, kubernetes string
	sink            event.Sink
}

func (builder) NodeImage() (string, error) { return "", nil }

func (builder) Build(context.Context) (string, error) { return "", ErrNotLinux }

func (builder) LoadBalancer() string { return "" }

func (builder) BuildLoadBalancer(context.Context) (string, error) { return "", ErrNotLinux }
