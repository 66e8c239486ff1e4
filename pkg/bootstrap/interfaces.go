package bootstrap

import (
	"context"

	"github.com/kindctl/kindctl/pkg/kube"
	"github.com/kindctl/kindctl/pkg/verify"
)

// Addon is something that is installed into a running cluster, such as a CNI.
type Addon interface {
	// Name is the addon's name as users type it.
	Name() string
	// Images are the container images that the addon's pods run.
	Images() []string
	// Install applies the addon and returns. Whether it works is for Checks.
	Install(context.Context, *kube.Client) error
	// Checks prove that the addon works.
	Checks() []verify.Check
}
