package config

import (
	"slices"
	"strings"

	"github.com/kindctl/kindctl/pkg/verify"
)

// The plugins of containerd 2 that have taken over the settings of its plugin for
// Kubernetes.
const (
	criPlugin  = "io.containerd.grpc.v1.cri"
	criImages  = "io.containerd.cri.v1.images"
	criRuntime = "io.containerd.cri.v1.runtime"
)

// The settings of criPlugin that have gone to criImages, the settings beneath its
// table containerd that have too, and those that it has kept (containerd v2.3.4,
// plugins/cri). All others have gone to criRuntime.
var (
	criOfImages = []string{
		"registry", "image_decryption", "max_concurrent_downloads", "image_pull_progress_timeout",
		"image_pull_with_sync_fs", "stats_collect_period",
	}
	criOfSnapshots = []string{"snapshotter", "disable_snapshot_annotations", "discard_unpacked_layers"}
	criOfServer    = []string{
		"disable_tcp_service", "stream_server_address", "stream_server_port", "stream_idle_timeout", "enable_tls_streaming",
		"x509_key_pair_streaming",
	}
)

// containerdMoved are other settings that containerd 2 has renamed, or the tables
// that hold them (containerd v2.3.4, cmd/containerd/server/config and ConfigMigration
// of the plugins).
var containerdMoved = map[string]string{
	"debug.address":            `plugins."io.containerd.server.v1.debug".address`,
	"debug.uid":                `plugins."io.containerd.server.v1.debug".uid`,
	"debug.gid":                `plugins."io.containerd.server.v1.debug".gid`,
	"grpc":                     `plugins."io.containerd.server.v1.grpc"`,
	"grpc.tcp_address":         `plugins."io.containerd.server.v1.grpc-tcp".address`,
	"grpc.tcp_tls_ca":          `plugins."io.containerd.server.v1.grpc-tcp".tls_ca`,
	"grpc.tcp_tls_cert":        `plugins."io.containerd.server.v1.grpc-tcp".tls_cert`,
	"grpc.tcp_tls_key":         `plugins."io.containerd.server.v1.grpc-tcp".tls_key`,
	"grpc.tcp_tls_common_name": `plugins."io.containerd.server.v1.grpc-tcp".tls_common_name`,
	"ttrpc":                    `plugins."io.containerd.server.v1.ttrpc"`,
	"metrics.address":          `plugins."io.containerd.server.v1.metrics".address`,
	"metrics.grpc_histogram":   `plugins."io.containerd.metrics.v1.grpc-prometheus".grpc_histogram`,
	`plugins."io.containerd.monitor.v1.cgroups"`:  `plugins."io.containerd.monitor.task.v1.cgroups"`,
	`plugins."io.containerd.internal.v1.restart"`: `plugins."io.containerd.monitor.container.v1.restart"`,
}

// containerdPlace is where containerd may have a setting, and what it is there.
type containerdPlace struct {
	path  []string
	value any
}

// containerdPlaces are where containerd may have what a request is for: under the name
// that the patch uses, or the one that containerd has given it since.
func containerdPlaces(request verify.Requested) []containerdPlace {
	path := pathNames(request.Setting)
	places := []containerdPlace{{path, request.Value}}
	if len(path) > 2 && path[0] == "plugins" && path[1] == criPlugin {
		return append(places, criPlace(path[2:], request.Value))
	}
	if enabled, _ := request.Value.(bool); enabled && request.Setting == `plugins."io.containerd.runtime.v2.task".sched_core` {
		return append(places, containerdPlace{[]string{"plugins", "io.containerd.shim.v1.manager", "env"}, []any{"SCHED_CORE=1"}})
	}
	for end := len(path); end > 0; end-- {
		if moved, is := containerdMoved[quotedPath(path[:end])]; is {
			return append(places, containerdPlace{append(pathNames(moved), path[end:]...), request.Value})
		}
	}
	return places
}

// criPlace is where containerd 2 has a setting of criPlugin.
func criPlace(path []string, value any) containerdPlace {
	in := func(plugin string, path ...string) []string { return append([]string{"plugins", plugin}, path...) }
	last := path[len(path)-1]
	switch first := path[0]; {
	case first == "sandbox_image":
		return containerdPlace{in(criImages, "pinned_images", "sandbox"), value}
	case slices.Contains(criOfImages, first):
		return containerdPlace{in(criImages, path...), value}
	case slices.Contains(criOfServer, first):
		return containerdPlace{in(criPlugin, path...), value}
	case first == "containerd" && len(path) == 2 && slices.Contains(criOfSnapshots, last):
		return containerdPlace{in(criImages, last), value}
	case first == "containerd" && len(path) == 4 && path[1] == "runtimes" && last == "sandbox_mode":
		return containerdPlace{in(criRuntime, append(slices.Clone(path[:3]), "sandboxer")...), value}
	case first == "cni" && len(path) == 2 && last == "bin_dir":
		return containerdPlace{in(criRuntime, "cni", "bin_dirs"), []any{value}}
	}
	return containerdPlace{in(criRuntime, path...), value}
}

// quotedPath is the path of names, of which those with dots are in quotes.
func quotedPath(names []string) string {
	words := slices.Clone(names)
	for i, word := range words {
		if strings.Contains(word, ".") {
			words[i] = `"` + word + `"`
		}
	}
	return strings.Join(words, ".")
}

// inContainerd returns the request under the name that containerd's configuration has for
// it, and what is set there. What is left out there is false, 0 or empty.
func inContainerd(r verify.Requested, configuration map[string]any) (request verify.Requested, have any) {
	places := containerdPlaces(r)
	at := len(places) - 1
	for i, place := range places {
		if fieldOf(configuration, quotedPath(place.path)) != nil {
			at = i
			break
		}
	}
	request = r
	request.Setting, request.Value = quotedPath(places[at].path), places[at].value
	have = fieldOf(configuration, request.Setting)
	if have == nil && (Unset(request.Value) || request.Value == false) {
		have = request.Value
	}
	return request, have
}

// secret reports whether no one but containerd is to see the value: credentials for
// registries.
func secret(r verify.Requested) bool {
	names := pathNames(r.Setting)
	last := names[len(names)-1]
	return slices.Contains([]string{"password", "auth", "identitytoken"}, last) || slices.Contains(names, "headers") || slices.Contains(names, "header")
}
