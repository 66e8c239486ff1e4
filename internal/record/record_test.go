package record

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/verify"
)

func configMap(name, key, value string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: name}, Data: map[string]string{key: value}}
}

func with(objects ...runtime.Object) *kube.Client {
	return &kube.Client{Clientset: fake.NewClientset(objects...)}
}

// TestRecord wants back what was recorded, of every profile and of what a program makes.
func TestRecord(t *testing.T) {
	all := map[string]clusters.Topology{
		"nodes in groups": clusters.Topology{Name: "lab", CNI: "none", ProxyMode: "nftables", IPFamily: "dual"}.
			WithNodes(
				clusters.Group{Role: clusters.ControlPlane, Count: 3},
				clusters.Group{Role: clusters.Worker, Count: 2, Labels: map[string]string{"tier": "{{ two }}"}},
			),
		"no workers": {Name: "lab", ControlPlanes: 1, TTL: 90 * time.Minute, CNI: "calico", ProxyMode: "iptables"},
	}
	for _, profile := range clusters.Profiles() {
		var err error
		if all[profile], err = clusters.Profile(profile); err != nil {
			t.Fatal(err)
		}
	}
	for name, topology := range all {
		made := New(topology, verify.Expectation{ProbeImage: "probe", Untainted: []string{"lab-control-plane"},
			Requested: []verify.Requested{{Node: "lab-worker", Component: "kubelet", Setting: "maxPods", Value: "25"}}})
		if made.Expect.Nodes() != topology.Nodes() || made.Expect.CNI != topology.CNI || made.Expect.IPFamily == "" {
			t.Errorf("%s: %+v is expected of %+v", name, made.Expect, topology)
		}
		data, err := encode(made)
		if err != nil {
			t.Fatal(err)
		}
		client := with(configMap("kindctl", "record", string(data)))
		found, has, err := Read(t.Context(), client)
		if err != nil || !has {
			t.Errorf("%s is not read: %v", name, err)
			continue
		}
		if diff := cmp.Diff(made.Expect, found.Expect); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if differences := made.Config.Differences(*found.Config); differences != "" || found.Config.TTL != topology.TTL ||
			found.Config.Nodes() != topology.Nodes() {
			t.Errorf("%s: %s", name, differences)
		}
	}
}

// oldExpectation and oldConfiguration are what kindctl wrote before the record had a version.
const (
	oldExpectation = `{"controlPlanes":1,"workers":2,"etcdMembers":3,"etcdApart":true,"ipFamily":"ipv4","proxyMode":"iptables","cni":"calico","probeImage":"probe",` +
		`"requested":[{"node":"lab-worker","component":"kubelet","setting":"maxPods","value":"25"}],"untainted":["lab-control-plane"]}`
	oldConfiguration = `apiVersion: kindctl.dev/v1alpha1
kind: Cluster
name: lab
controlPlanes: 1
workers: 2
etcd: external
cni: calico
proxyMode: iptables
`
)

// TestOldRecord reads a cluster of an older kindctl, and one of a still older, which kept no
// configuration.
func TestOldRecord(t *testing.T) {
	expectation, config := configMap("kindctl", "expectation", oldExpectation), configMap("kindctl-config", "config.yaml", oldConfiguration)
	for name, client := range map[string]*kube.Client{"older": with(expectation, config), "still older": with(expectation)} {
		found, has, err := Read(t.Context(), client)
		if err != nil || !has || !found.old {
			t.Fatalf("%s: %v", name, err)
		}
		if (found.Config != nil) != (name == "older") {
			t.Errorf("%s: the configuration is %+v", name, found.Config)
		}
		if found.Config != nil {
			if diff := cmp.Diff(New(*found.Config, found.Expect).Expect, found.Expect); diff != "" {
				t.Errorf("the configuration says something else (-config +expectation):\n%s", diff)
			}
		}
		data, err := encode(found)
		if err != nil {
			t.Fatal(err)
		}
		moved, _, err := Read(t.Context(), with(configMap("kindctl", "record", string(data))))
		if err != nil || moved.old || (moved.Config == nil) != (found.Config == nil) {
			t.Errorf("%s, written again: %+v, %v", name, moved, err)
		}
		if diff := cmp.Diff(found.Expect, moved.Expect); diff != "" {
			t.Errorf("%s, written again (-before +after):\n%s", name, diff)
		}
		if err := removeOldConfig(t.Context(), client); err != nil {
			t.Error(err)
		}
		if _, err := client.Clientset.CoreV1().ConfigMaps("kube-system").Get(t.Context(), "kindctl-config", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
			t.Errorf("%s: the old configuration is still there: %v", name, err)
		}
	}
}

// TestDiscover looks at a cluster without a record, and at one with.
func TestDiscover(t *testing.T) {
	for _, tt := range []struct {
		name    string
		objects []runtime.Object
		workers int
		problem string
	}{
		{"no record", nil, 0, ""},
		{"old", []runtime.Object{configMap("kindctl", "expectation", oldExpectation)}, 2, ""},
		{"new", []runtime.Object{configMap("kindctl", "record", "apiVersion: kindctl.dev/v1alpha1\nkind: ClusterRecord\nexpected: {workers: 4, cni: calico, later: 1}\nconfig: {later: 1}\n")}, 4, ""},
		{"newer", []runtime.Object{configMap("kindctl", "record", "apiVersion: kindctl.dev/v2\nkind: ClusterRecord\n")}, 0,
			`ConfigMap kube-system/kindctl cannot be read: apiVersion is "kindctl.dev/v2" and kind is "ClusterRecord"; this kindctl reads`},
		{"broken", []runtime.Object{configMap("kindctl", "expectation", "{")}, 0, "ConfigMap kube-system/kindctl cannot be read: "},
		{"broken too", []runtime.Object{configMap("kindctl", "record", "{")}, 0, "ConfigMap kube-system/kindctl cannot be read: "},
	} {
		got, err := Discover(t.Context(), with(tt.objects...))
		if tt.problem == "" && err != nil || tt.problem != "" && (err == nil || !strings.HasPrefix(err.Error(), tt.problem)) {
			t.Errorf("%s: error %v, want %q", tt.name, err, tt.problem)
		}
		if got.Workers != tt.workers || err == nil && got.Discovered != (tt.objects == nil) {
			t.Errorf("%s: %+v", tt.name, got)
		}
	}
}
