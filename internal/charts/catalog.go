package charts

import "github.com/kindctl/kindctl/internal/gomod"

// All are the bundles that there are.
var All = []Bundle{Cilium, GatewayAPI, Calico}

// Cilium is the chart of Cilium, and definitions that its operator has compiled
// in; the module's hash is the one in the Go checksum database.
var Cilium = Bundle{
	Name: "cilium",
	Module: gomod.Module{
		Path: "github.com/cilium/cilium", Version: "v1.20.2",
		Sum: "h1:dqiEGIcXc+gqCLYG/l7VCFJ8GHyb4HUrwbZOpkX5dL8=",
	},
	Paths: []string{"install/kubernetes/cilium", "pkg/k8s/apis/cilium.io/client/crds"},
	Sum:   "h1:sS3OYlVN1EoKqZVwbAZ3aNzf1xgGNiKtGbSTQ/xyzuM=", InNodes: true,
}

// GatewayAPI is the standard channel of Gateway API's definitions, at the version
// that Cilium's go.mod requires.
var GatewayAPI = Bundle{
	Name: "gateway-api",
	Module: gomod.Module{
		Path: "sigs.k8s.io/gateway-api", Version: "v1.6.1",
		Sum: "h1:mock6phZbI6rvZerwrVNk7hVNymQgHo+6sJ81Ia7ftY=",
	},
	Paths: []string{"config/crd/standard"},
	Sum:   "h1:ilBwzVMYp14fD9YWiKAr/ekrUfNZVdnn8zS0uhaJth0=",
}

// Calico is a manifest of Calico, at the commit that upstream tagged v3.31.0: its
// module has no tag that Go accepts.
var Calico = Bundle{
	Name: "calico",
	Module: gomod.Module{
		Path: "github.com/projectcalico/calico", Version: "v0.0.0-20251021213802-b1f3c43f8437",
		Sum: "h1:PbLe6D0Yis8ce4F+o/Dmlrv4Her2ZN6ns8rmlZoFoEY=",
	},
	Paths: []string{"manifests/calico-vxlan.yaml"},
	Sum:   "h1:zAKGFZuD4JT64Q+LTEZuzPSUI9OMzZqRyDlTRHg3nfI=", InNodes: true,
}
