// Package loadbalancer carries the program that stands before the API servers
// of a cluster with several control planes, as source to be compiled for the
// image that kind starts there.
//
// kind runs Envoy under a fixed image name and configures it through files.
// Where that image cannot be pulled, an image of kindctl's own with a program
// of the same name serves, and bears kind's name for the image only while kind
// starts it: it reads the very files that kind writes (Envoy's bootstrap,
// cluster and listener resources, as far as kind uses them; it refuses anything
// else), balances TCP connections over the healthy control planes and follows
// changes of the files.
//
// It is source and not a mode of kindctl, so that the image depends on these
// few files only: the same source gives the same layer, whichever kindctl
// builds it, and the image holds 6 MB instead of a whole kindctl.
package loadbalancer

import (
	"embed"
	"io/fs"
	"strings"
)

// Image is the name under which kind v0.33 runs its load balancer. kind does
// not pull an image that Docker has.
const Image = "docker.io/envoyproxy/envoy:v1.36.2"

// Program is where the compiled program has to be found in the image: kind's
// command calls it through PATH, from bash.
const Program = "usr/local/bin/envoy"

// Package is the package of the module in Files that compiles to Program.
const Package = "./envoy"

//go:embed go.mod.txt go.sum.txt envoy/*.go
var files embed.FS

// Files returns the module to compile, file name to content.
func Files() map[string][]byte {
	module := map[string][]byte{}
	// Walking and reading what is embedded cannot fail.
	_ = fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(name, "_test.go") {
			return err
		}
		content, err := files.ReadFile(name)
		module[strings.TrimSuffix(name, ".txt")] = content
		return err
	})
	return module
}
