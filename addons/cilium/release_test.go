package cilium

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/chart/common"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/engine"
	release "helm.sh/helm/v4/pkg/release/v1"
	"helm.sh/helm/v4/pkg/storage"
	"helm.sh/helm/v4/pkg/storage/driver"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/version"
	fakediscovery "k8s.io/client-go/discovery/fake"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/kindctl/kindctl/addons/plugin"
	"github.com/kindctl/kindctl/internal/kube"
)

// kubernetesVersion is that of the cluster for which charts are rendered here.
const kubernetesVersion = "v1.37.2"

// rendered is the release that the chart comes to with these values.
func rendered(t *testing.T, ch *chart.Chart, values map[string]any, change changes) *release.Release {
	t.Helper()
	version, err := common.ParseKubeVersion(kubernetesVersion)
	if err != nil {
		t.Fatal(err)
	}
	capabilities := common.DefaultCapabilities.Copy()
	capabilities.KubeVersion = *version
	made, err := render(t.Context(), engine.Engine{}, ch, values, capabilities, change)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// byHelm is the release that Helm itself would make.
func byHelm(t *testing.T, ch *chart.Chart, values map[string]any) *release.Release {
	t.Helper()
	config := action.NewConfiguration()
	config.SetLogger(slog.DiscardHandler)
	i := action.NewInstall(config)
	i.ReleaseName, i.Namespace, i.DryRunStrategy = releaseName, namespace, action.DryRunClient
	var err error
	if i.KubeVersion, err = common.ParseKubeVersion(kubernetesVersion); err != nil {
		t.Fatal(err)
	}
	made, err := i.RunWithContext(t.Context(), ch, values)
	if err != nil {
		t.Fatal(err)
	}
	return made.(*release.Release)
}

// keys match the keys and certificates that templates generate at every rendering.
var keys = regexp.MustCompile(`(?m)^(\s+(?:ca|tls)\.(?:crt|key)): .*$`)

func TestRenderIsHelms(t *testing.T) {
	ch := published(t)
	tests := map[string]plugin.Options{
		"plain":                   {ProxyMode: "iptables", PodSubnet: "10.244.0.0/16"},
		"in kube-proxy's place":   {ProxyMode: "none", PodSubnet: "10.244.0.0/16", APIServerHost: "lab-control-plane", APIServerPort: 6443},
		"as in production":        {ProxyMode: "nftables", PodSubnet: "10.244.0.0/16", Production: true},
		"both families":           {ProxyMode: "iptables", PodSubnet: "fd00::/56,10.244.0.0/16"},
		"without a capability":    {ProxyMode: "iptables", PodSubnet: "10.244.0.0/16", LacksSysResource: true, SingleNode: true},
		"with Hubble and proxies": {ProxyMode: "iptables", PodSubnet: "10.244.0.0/16", Settings: &Settings{Hubble: true, L7Proxy: true}},
		"with a hook": {ProxyMode: "iptables", PodSubnet: "10.244.0.0/16", Settings: &Settings{Values: map[string]any{
			"clustermesh": map[string]any{"mcsapi": map[string]any{"enabled": true, "corednsAutoConfigure": map[string]any{"enabled": true}}},
		}}},
	}
	for name, options := range tests {
		t.Run(name, func(t *testing.T) {
			values, err := Values(options, ch.Values)
			if err != nil {
				t.Fatal(err)
			}
			got, want := rendered(t, ch, values, nil), byHelm(t, ch, values)
			if diff := cmp.Diff(keys.ReplaceAllString(want.Manifest, "$1: generated"), keys.ReplaceAllString(got.Manifest, "$1: generated")); diff != "" {
				t.Errorf("manifest (-Helm +ours):\n%s", diff)
			}
			if diff := cmp.Diff(want.Hooks, got.Hooks); diff != "" {
				t.Errorf("hooks (-Helm +ours):\n%s", diff)
			}
			if diff := cmp.Diff(want.Info.Notes, got.Info.Notes); diff != "" || got.Info.Notes == "" {
				t.Errorf("notes (-Helm +ours):\n%s", diff)
			}
			if has := len(got.Hooks) > 0; has != (name == "with a hook") {
				t.Errorf("hooks: %v", got.Hooks)
			}
			checkNamespaces(t, got.Manifest)
		})
	}
}

// checkNamespaces wants every object to say its namespace: nothing adds that of the
// release.
func checkNamespaces(t *testing.T, manifest string) {
	t.Helper()
	objects, err := kube.Decode([]byte(manifest))
	if err != nil {
		t.Fatal(err)
	}
	for _, object := range objects {
		switch object.GetKind() {
		case "ClusterRole", "ClusterRoleBinding", "Namespace", "GatewayClass", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "CustomResourceDefinition":
		default:
			if object.GetNamespace() == "" {
				t.Errorf("%s %s names no namespace", object.GetKind(), object.GetName())
			}
		}
	}
}

func TestChangesStayInTheRelease(t *testing.T) {
	ch := published(t)
	values, err := Values(plugin.Options{ProxyMode: "iptables", PodSubnet: "10.244.0.0/16"}, ch.Values)
	if err != nil {
		t.Fatal(err)
	}
	plain, changed := rendered(t, ch, values, nil).Manifest, rendered(t, ch, values, speedUpWorkload).Manifest
	if !strings.Contains(plain, "name: "+superfluous) || strings.Contains(changed, "name: "+superfluous) {
		t.Errorf("the init container %s was not taken out", superfluous)
	}
	count := func(manifest string) (kinds []string) {
		objects, err := kube.Decode([]byte(manifest))
		if err != nil {
			t.Fatal(err)
		}
		for _, object := range objects {
			kinds = append(kinds, object.GetKind()+" "+object.GetName())
		}
		return kinds
	}
	if diff := cmp.Diff(count(plain), count(changed)); diff != "" {
		t.Errorf("objects (-chart +changed):\n%s", diff)
	}
	fails := func(*unstructured.Unstructured) (bool, error) { return false, fmt.Errorf("no") }
	if _, err := render(t.Context(), engine.Engine{}, ch, values, common.DefaultCapabilities, fails); err == nil {
		t.Error("a change that fails was passed over")
	}
}

// TestRecord reads the release as the helm command does.
func TestRecord(t *testing.T) {
	ch := published(t)
	values := map[string]any{"operator": map[string]any{"replicas": 1}}
	secrets := fake.NewClientset().CoreV1().Secrets(namespace)
	if err := record(t.Context(), secrets, rendered(t, ch, values, nil)); err != nil {
		t.Fatal(err)
	}
	found, err := storage.Init(driver.NewSecrets(secrets)).Last(releaseName)
	if err != nil {
		t.Fatal(err)
	}
	last := found.(*release.Release)
	if last.Version != 1 || last.Info.Status.String() != "deployed" || last.ApplyMethod != "ssa" || last.Chart.Metadata.Version != Version {
		t.Errorf("revision %d is %s, applied by %q, of chart %s", last.Version, last.Info.Status, last.ApplyMethod, last.Chart.Metadata.Version)
	}
}

func TestCapabilities(t *testing.T) {
	clientset := fake.NewClientset()
	clientset.Resources = []*metav1.APIResourceList{{
		GroupVersion: "gateway.networking.k8s.io/v1", APIResources: []metav1.APIResource{{Name: "gatewayclasses", Kind: "GatewayClass"}},
	}}
	api := clientset.Discovery().(*fakediscovery.FakeDiscovery)
	api.FakedServerVersion = &version.Info{GitVersion: kubernetesVersion, Major: "1", Minor: "37"}
	got, err := capabilitiesOf(api)
	if err != nil {
		t.Fatal(err)
	}
	if got.KubeVersion.Version != kubernetesVersion || got.KubeVersion.Minor != "37" {
		t.Errorf("version %+v", got.KubeVersion)
	}
	for _, has := range []string{"gateway.networking.k8s.io/v1", "gateway.networking.k8s.io/v1/GatewayClass"} {
		if !got.APIVersions.Has(has) {
			t.Errorf("%s is served and missing in %v", has, got.APIVersions)
		}
	}
	if got.APIVersions.Has("v1/Pod") {
		t.Error("what Helm takes for granted is there besides what is served")
	}
}

func TestAwaitJob(t *testing.T) {
	job := func(conditions ...batchv1.JobCondition) *batchv1.Job {
		return &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: "hook", Namespace: namespace}, Status: batchv1.JobStatus{Conditions: conditions}}
	}
	complete := batchv1.JobCondition{Type: batchv1.JobComplete, Status: corev1.ConditionTrue}
	failed := batchv1.JobCondition{Type: batchv1.JobFailed, Status: corev1.ConditionTrue, Reason: "BackoffLimitExceeded", Message: "too often"}
	for name, tt := range map[string]struct {
		job  *batchv1.Job
		want string
	}{
		"complete":  {job(complete), ""},
		"failed":    {job(failed), "Job hook: BackoffLimitExceeded: too often"},
		"under way": {job(), "it has not ended"},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		err := awaitJob(ctx, fake.NewClientset(tt.job), "hook")
		cancel()
		if (err != nil) != (tt.want != "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}
