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

// dynamicMapSizes reports whether the user has Cilium size its maps by the memory of
// each node, which it does for those that have no size.
func (s Settings) dynamicMapSizes() bool {
	_, asked := setting.Get(s.Values, "bpf", "mapDynamicSizeRatio")
	return asked
}

var fixedMapSizes = fidelity.Shortcut{
	Setting: "sizes of Cilium's maps", Here: "the same on every host, for 131072 TCP connections and 65536 others", There: "by the memory of each node, and at least as large",
	Effect: "node images of kindctl hold the BPF programs, which every node would compile otherwise",
}
