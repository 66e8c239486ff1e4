//go:build !linux

package wiring

import (
	"context"

	"github.com/kindctl/kindctl/pkg/event"
)

// builder stands where the forge is on Linux, and makes nothing.
type builder struct {
	cni, kubernetes string
	sink            event.Sink
}

func (builder) NodeImage() (string, error) { return "", nil }

func (builder) Build(context.Context) (string, error) { return "", ErrNotLinux }

func (builder) LoadBalancer() string { return "" }

func (builder) BuildLoadBalancer(context.Context) (string, error) { return "", ErrNotLinux }
