package forge

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kindctl/kindctl/internal/charts"
)

// Labels of images that this package makes.
const (
	labelKubernetes = "dev.kindctl.kubernetes" // the version
	labelCNI        = "dev.kindctl.cni"        // "cilium", "calico" or "none"
	labelInputs     = "dev.kindctl.inputs"     // the key of the component
	labelImages     = "dev.kindctl.images"     // what is in it, comma-separated
	labelCharts     = charts.NodeLabel         // what its CNI is installed from
)

// nodeFiles is what every node has beside Debian's packages: kind's files,
// Kubernetes and the container runtime.
func nodeFiles(r release) component {
	return component{
		name: "node-files", title: "Node programs", lane: assemble, estimate: 5 * time.Second,
		needs:  []string{"kubernetes", "containerd", "runc", "cni-plugins", "crictl"},
		inputs: append(kindModule.inputs(), layerCode, nodeCode, []byte(r.version())),
		build: func(ctx context.Context, w *work) error {
			if err := r.checkImages(ctx, w); err != nil {
				return err
			}
			t := tree{}
			if err := addKindFiles(ctx, w, t, r); err != nil {
				return err
			}
			for component, paths := range nodePrograms {
				if err := programs(component, paths)(ctx, w, t); err != nil {
					return err
				}
			}
			return t.store(filepath.Join(w.dir, rootLayer))
		},
	}
}

// checkImages asks kubeadm which images it will start and makes sure that
// they are among ours.
func (r release) checkImages(ctx context.Context, w *work) error {
	kubeadm := command{
		name: w.path("kubernetes", "bin", "kubeadm"),
		args: []string{"config", "images", "list", "--kubernetes-version", r.version()},
	}
	output, err := w.output(ctx, kubeadm)
	if err != nil {
		return err
	}
	ours := r.baked(None)
	for _, ref := range strings.Fields(output) {
		// kind's configuration of containerd names another pause than kubeadm.
		if !slices.Contains(ours, ref) && !strings.HasPrefix(ref, registry+"pause:") {
			return fmt.Errorf("the image %s, which Kubernetes %s needs, is not built", ref, r.version())
		}
	}
	return nil
}

// nodePrograms are the paths of programs on a node, and what the module that
// they are built by calls them.
var nodePrograms = map[string]map[string]string{
	"kubernetes": {"usr/bin/kubeadm": "kubeadm", "usr/bin/kubelet": "kubelet", "usr/bin/kubectl": "kubectl"},
	"containerd": {
		"usr/local/bin/containerd": "containerd", "usr/local/bin/ctr": "ctr",
		"usr/local/bin/containerd-shim-runc-v2": "containerd-shim-runc-v2",
	},
	"runc":   {"usr/local/sbin/runc": "runc"},
	"crictl": {"usr/local/bin/crictl": "crictl"},
	"cni-plugins": {
		"opt/cni/bin/host-local": "host-local", "opt/cni/bin/loopback": "loopback",
		"opt/cni/bin/portmap": "portmap", "opt/cni/bin/ptp": "ptp",
	},
}

// layerRef names a layer of a component's result.
type layerRef struct{ component, file string }

// nodeLayers are the layers of a node image, lowest first: those that all
// node images share, then those of the CNI.
func nodeLayers(cni string) []layerRef {
	layers := []layerRef{{"node-base", rootLayer}, {"node-files", rootLayer}, {"core-images", snapshotsLayer}}
	last := "core-images"
	if cni != None {
		last = cni + "-images"
		layers = append(layers, layerRef{last, snapshotsLayer})
	}
	layers = append(layers, layerRef{last, stateLayer})
	if cni != None {
		layers = append(layers, layerRef{chartsComponent(cni), rootLayer})
	}
	return layers
}

// node is a node image: its layers and its configuration, ready to load.
func node(cni string, r release) component {
	layers := nodeLayers(cni)
	var needs []string
	for _, layer := range layers {
		needs = append(needs, layer.component)
	}
	return finished(nodeComponent(cni), "Node image", needs, layers, r.nodeConfig(cni))
}

func nodeComponent(cni string) string { return "node-" + cni }

func (r release) nodeConfig(cni string) v1.Config {
	config := v1.Config{
		Entrypoint: []string{"/usr/local/bin/entrypoint", "/sbin/init"},
		Env:        []string{searchPath, "container=docker"}, // systemd looks for container
		StopSignal: "SIGRTMIN+3",
		Labels: map[string]string{
			labelKubernetes: r.version(),
			labelCNI:        cni,
			labelImages:     strings.Join(r.baked(cni), ","),
		},
	}
	if bundle, has := bundles[cni]; has {
		config.Labels[labelCharts] = bundle.File()
	}
	return config
}

// baked are the references of the images in a node image.
func (r release) baked(cni string) (refs []string) {
	for _, i := range append(append(r.images(), storageImages()...), cniImages(cni)...) {
		refs = append(refs, i.ref)
	}
	return refs
}
