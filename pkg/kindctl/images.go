package kindctl

import (
	"time"

	"github.com/kindctl/kindctl/internal/wiring"
)

// ErrNotLinux is the error of the methods for images on other systems than Linux.
var ErrNotLinux = wiring.ErrNotLinux

// ImageOptions are those of BuildImages, ImageComponents and PruneImages.
type ImageOptions struct {
	// CNIs get a node image each: those of ImageCNIs, or "all". Without one it is Cilium.
	CNIs []string
	// Kubernetes is a version, as in a configuration; "" is the default.
	Kubernetes string
	// LoadBalancer adds the image that clusters with several control planes need.
	LoadBalancer bool
	// CacheDir is where build results are kept; "" is kindctl in the user's cache directory.
	CacheDir string
	// Parallel is how many programs are compiled at once; 0 is two. Only BuildImages reads it.
	Parallel int
}

// ImageComponent is the state of one component of an image.
type ImageComponent struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	// Key is the hash of everything that decides the component.
	Key   string `json:"key"`
	Built bool   `json:"built"`
	// Finished is when it was built, Size its bytes on disk, and Duration how long it took.
	Finished time.Time     `json:"finished,omitzero"`
	Size     int64         `json:"size,omitempty"`
	Duration time.Duration `json:"durationNanoseconds,omitempty"`
	// Estimate is how long it may take to build it, where it is not built.
	Estimate time.Duration `json:"estimatedNanoseconds,omitempty"`
}

// PrunedImages is what PruneImages has removed.
type PrunedImages struct {
	// Freed is in bytes of the cache, without files that others share.
	Freed int64
	// Removed are components and images.
	Removed []string
}
