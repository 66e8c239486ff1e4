package cilium

import (
	"github.com/kindctl/kindctl/addons/setting"
	"github.com/kindctl/kindctl/internal/fidelity"
)

// fixMapSizes gives Cilium's maps, on every host, the sizes that Cilium chooses where
// the host has least memory, up to 14 GB (pkg/option/config.go of its module). Sizes are
// part of its BPF programs; fixed, they let programs serve that were compiled while the
// image was built.
func fixMapSizes(values map[string]any) {
	const most, fewer = 128 << 10, 64 << 10
	values["bpf"] = map[string]any{"ctTcpMax": most, "ctAnyMax": fewer, "natMax": most, "neighMax": most}
	values["extraConfig"] = map[string]any{"bpf-sock-rev-map-max": "65536"} // the chart has no value for it
}

// sizesMaps reports whether the user's values size any map. Cilium then gets no size from
// kindctl: it derives those that are not set from those that are, and refuses some
// combinations, such as a NAT map larger than those of connections.
func (s Settings) sizesMaps() bool {
	for _, name := range []string{"mapDynamicSizeRatio", "ctTcpMax", "ctAnyMax", "natMax", "neighMax"} {
		if _, set := setting.Get(s.Values, "bpf", name); set {
			return true
		}
	}
	for _, name := range []string{
		"bpf-map-dynamic-size-ratio", "bpf-ct-global-tcp-max", "bpf-ct-global-any-max", "bpf-nat-global-max",
		"bpf-neigh-global-max", "bpf-sock-rev-map-max",
	} {
		if _, set := setting.Get(s.Values, "extraConfig", name); set {
			return true
		}
	}
	return false
}

var fixedMapSizes = fidelity.Shortcut{
	Setting: "sizes of Cilium's maps", Here: "the same on every host, 131072 entries for TCP connections and 65536 for others", There: "by the memory of each node, and at least as large",
	Effect: "node images of kindctl hold the BPF programs, which every node would compile otherwise",
}
