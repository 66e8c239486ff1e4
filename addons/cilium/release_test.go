package cilium

import (
	"encoding/json"
	"io"
	"log/slog"
	"testing"

	"helm.sh/helm/v4/pkg/action"
	chartcommon "helm.sh/helm/v4/pkg/chart/common"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	kubefake "helm.sh/helm/v4/pkg/kube/fake"
	"helm.sh/helm/v4/pkg/release/common"
	release "helm.sh/helm/v4/pkg/release/v1"
	"helm.sh/helm/v4/pkg/storage"
	"helm.sh/helm/v4/pkg/storage/driver"

	"github.com/kindctl/kindctl/pkg/hint"
)

// stored is Helm with its storage in memory. The driver keeps releases as they
// are, so reload does what a real one does: it writes and reads JSON.
type stored struct {
	*testing.T
	config *action.Configuration
}

func newStored(t *testing.T) stored {
	config := action.NewConfiguration()
	config.SetLogger(slog.DiscardHandler)
	config.Releases = storage.Init(driver.NewMemory())
	config.KubeClient = &kubefake.PrintingKubeClient{Out: io.Discard}
	config.Capabilities = chartcommon.DefaultCapabilities
	return stored{t, config}
}

func (s stored) last() *release.Release {
	s.Helper()
	found, err := s.config.Releases.Last(releaseName)
	if err != nil {
		s.Fatal(err)
	}
	return found.(*release.Release)
}

func (s stored) reload(change func(*release.Release)) {
	s.Helper()
	data, err := json.Marshal(s.last())
	if err != nil {
		s.Fatal(err)
	}
	var read release.Release
	if err := json.Unmarshal(data, &read); err != nil {
		s.Fatal(err)
	}
	change(&read)
	if err := s.config.Releases.Update(&read); err != nil {
		s.Fatal(err)
	}
}

func TestDeploy(t *testing.T) {
	s := newStored(t)
	ch := &chart.Chart{
		Metadata:  &chart.Metadata{APIVersion: "v2", Name: "cilium", Version: "1.0.0"},
		Templates: []*chartcommon.File{{Name: "templates/a.yaml", Data: []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {port: \"{{ .Values.k8sServicePort }}\"}\n")}},
	}
	values := func(port int) map[string]any { return map[string]any{"k8sServicePort": port} }
	steps := []struct {
		name     string
		before   func(*release.Release)
		port     int
		revision int
	}{
		{"install", nil, 6443, 1},
		{"the same again", func(*release.Release) {}, 6443, 1},
		{"other values", func(*release.Release) {}, 6444, 2},
		{"the same after a failure", func(r *release.Release) { r.Info.Status = common.StatusFailed }, 6444, 3},
		{"another chart", func(r *release.Release) { r.Chart.Metadata.Version = "0.9.0" }, 6444, 4},
	}
	for _, step := range steps {
		if step.before != nil {
			s.reload(step.before)
		}
		if err := deploy(t.Context(), s.config, ch, values(step.port), nil); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if last := s.last(); last.Version != step.revision || last.Info.Status != common.StatusDeployed {
			t.Errorf("%s: revision %d is %s, want a deployed %d", step.name, last.Version, last.Info.Status, step.revision)
		}
	}
	s.reload(func(r *release.Release) { r.Info.Status = common.StatusPendingUpgrade })
	if err := deploy(t.Context(), s.config, ch, values(1), nil); hint.ReasonOf(err) != "RELEASE_PENDING" || s.last().Version != 4 {
		t.Errorf("over a pending release: %v, revision %d", err, s.last().Version)
	}
}
