package forge

import (
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// The images that kind's default storage manifest names, in
// pkg/build/nodeimage/const_storage.go of the kind module. A test holds them
// to it.
const (
	provisionerImage = "docker.io/kindest/local-path-provisioner:v20260820-69b56db7"
	helperImage      = "docker.io/kindest/local-path-helper:v20260131-7181c60a"
)

func storageImages() []image {
	return []image{
		{
			ref: provisionerImage, bases: []string{"static"},
			fill:   programs("local-path-provisioner", map[string]string{"usr/local/bin/local-path-provisioner": "local-path-provisioner"}),
			config: v1.Config{Entrypoint: []string{"/usr/local/bin/local-path-provisioner"}},
		},
		{ref: helperImage, bases: []string{"userland"}}, // sh, mkdir and rm
	}
}
