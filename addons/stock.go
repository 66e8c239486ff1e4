package addons

import (
	"context"
	"fmt"
	"io/fs"
	"strings"

	"github.com/kindctl/kindctl/addons/calico"
	"github.com/kindctl/kindctl/addons/cilium"
	"github.com/kindctl/kindctl/pkg/charts"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/kube"
)

// Stock is a CNI as its makers publish it, with default settings. Benchmarks
// compare it with what kindctl makes of it.
type Stock interface {
	// Source is what Install reads.
	Source() charts.Bundle
	// Install applies it, from the files of Source, and returns.
	Install(ctx context.Context, client *kube.Client, source fs.FS) error
	// Settings say, a line each, what is installed and what of it is not default.
	Settings() []string
}

// StockOptions are what keeps a CNI from its default settings.
type StockOptions struct {
	// SingleNode says that the cluster has one node only.
	SingleNode bool
	// LacksSysResource says that no container can have CAP_SYS_RESOURCE.
	LacksSysResource bool
}

// stock makes the CNIs of the catalogue as they are published.
var stock = map[string]func(StockOptions) Stock{
	"cilium": func(o StockOptions) Stock {
		return cilium.Stock{SingleNode: o.SingleNode, LacksSysResource: o.LacksSysResource}
	},
	"calico": func(o StockOptions) Stock { return calico.Stock{} },
}

// NewStock returns the CNI of a name as it is published.
func NewStock(name string, options StockOptions) (Stock, error) {
	make, known := stock[name]
	if !known {
		return nil, hint.New(hint.Usage, "CNI_UNKNOWN", fmt.Sprintf("there is no CNI %q%s", name, hint.Nearest(name, Names())), "use one of: "+strings.Join(Names(), ", "))
	}
	return make(options), nil
}
