package forge

import (
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kindctl/kindctl/internal/forge/debian"
)

// balancerImage is the component that is the load balancer's image.
const balancerImage = "load-balancer"

// haproxy is Debian's, on top of the shared base.
var haproxy = debian.Spec{Name: "haproxy", Suite: debian.Suite, Extends: &debian.Userland, Packages: []string{"haproxy"}}

func balancerFiles() component {
	return fileSystem("haproxy", "HAProxy", haproxy, 20*time.Second)
}

func balancer() component {
	layers := []layerRef{{"userland", rootLayer}, {"haproxy", rootLayer}}
	return finished(balancerImage, "Load balancer's image", []string{"userland", "haproxy"}, layers, v1.Config{Cmd: []string{"haproxy", "-v"}})
}
