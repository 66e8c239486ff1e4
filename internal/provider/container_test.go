package provider

import (
	"net/netip"
	"reflect"
	"slices"
	"testing"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
)

func TestCloned(t *testing.T) {
	like := container.InspectResponse{
		Name: "/lab-worker",
		Config: &container.Config{
			Hostname: "lab-worker", Image: "node:1", Labels: map[string]string{clusterLabel: "lab", roleLabel: "control-plane"},
			Env: []string{"PATH=/bin", "NO_PROXY=a,lab-worker", "HTTP_PROXY=http://proxy"}, ExposedPorts: network.PortSet{network.MustParsePort("80/tcp"): {}},
		},
		HostConfig: &container.HostConfig{
			Binds: []string{"/lib/modules:/lib/modules:ro"}, NetworkMode: "kind", Privileged: true,
			PortBindings: network.PortMap{
				network.MustParsePort("80/tcp"):   {{HostIP: netip.MustParseAddr("127.0.0.1"), HostPort: "8080"}},
				network.MustParsePort("6443/tcp"): {{HostIP: netip.MustParseAddr("127.0.0.2"), HostPort: "40001"}},
			},
		},
	}
	got, err := cloned(like, "lab-worker2", "worker")
	if err != nil {
		t.Fatal(err)
	}
	if got.Name != "lab-worker2" || got.Config.Hostname != "lab-worker2" || got.Config.Labels[roleLabel] != "worker" || got.Config.Labels[clusterLabel] != "lab" {
		t.Errorf("it is called %s, %s, with %v", got.Name, got.Config.Hostname, got.Config.Labels)
	}
	if len(got.HostConfig.PortBindings)+len(got.Config.ExposedPorts) > 0 || !got.HostConfig.Privileged ||
		got.HostConfig.NetworkMode != "kind" ||
		got.HostConfig.RestartPolicy.Name != "on-failure" {
		t.Errorf("its host configuration is %+v", got.HostConfig)
	}
	if want := []string{"PATH=/bin", "NO_PROXY=a,lab-worker,lab-worker2", "HTTP_PROXY=http://proxy"}; !slices.Equal(got.Config.Env, want) {
		t.Errorf("its environment is %q, want %q", got.Config.Env, want)
	}
	if like.Config.Labels[roleLabel] != "control-plane" || len(like.HostConfig.PortBindings) != 2 || like.Config.Env[1] != "NO_PROXY=a,lab-worker" {
		t.Error("the other one was changed")
	}
	got, err = cloned(like, "lab-control-plane2", "control-plane")
	if err != nil {
		t.Fatal(err)
	}
	api := network.MustParsePort("6443/tcp")
	want := network.PortMap{api: {{HostIP: netip.MustParseAddr("127.0.0.2")}}}
	if _, exposed := got.Config.ExposedPorts[api]; !exposed || !reflect.DeepEqual(got.HostConfig.PortBindings, want) {
		t.Errorf("a control plane has the ports %v, want %v", got.HostConfig.PortBindings, want)
	}
}
