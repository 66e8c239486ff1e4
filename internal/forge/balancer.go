package forge

import (
	"context"
	"path/filepath"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/kindctl/kindctl/internal/forge/loadbalancer"
)

// balancerImage is the component that is the load balancer's image.
const balancerImage = "load-balancer"

var balancerProgram = program{
	module: module{name: "load-balancer-program", own: loadbalancer.Files()},
	title:  "Load balancer", target: loadbalancer.Package, estimate: 10 * time.Second,
}

func balancerFiles() component {
	return component{
		name: "load-balancer-files", title: "Load balancer's files", lane: assemble, estimate: time.Second,
		needs: []string{balancerProgram.name}, inputs: [][]byte{layerCode, []byte(loadbalancer.Program)},
		build: func(_ context.Context, w *work) error {
			t := tree{}
			program := w.path(balancerProgram.name, "bin", filepath.Base(loadbalancer.Program))
			if err := t.program(loadbalancer.Program, program); err != nil {
				return err
			}
			return t.store(filepath.Join(w.dir, rootLayer))
		},
	}
}

func balancer() component {
	layers := []layerRef{{"userland", rootLayer}, {"load-balancer-files", rootLayer}}
	return finished(balancerImage, "Load balancer's image", []string{"userland", "load-balancer-files"}, layers, v1.Config{})
}
