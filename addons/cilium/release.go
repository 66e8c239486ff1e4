package cilium

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"helm.sh/helm/v4/pkg/action"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	helmkube "helm.sh/helm/v4/pkg/kube"
	"helm.sh/helm/v4/pkg/postrenderer"
	"helm.sh/helm/v4/pkg/release/common"
	release "helm.sh/helm/v4/pkg/release/v1"
	"helm.sh/helm/v4/pkg/storage/driver"

	"github.com/kindctl/kindctl/pkg/hint"
)

// deploy makes the release, upgrades one that differs, and leaves one alone
// that is as wanted.
func deploy(ctx context.Context, config *action.Configuration, ch *chart.Chart, values map[string]any, render postrenderer.PostRenderer) error {
	found, err := config.Releases.Last(releaseName)
	if errors.Is(err, driver.ErrReleaseNotFound) {
		return install(ctx, config, ch, values, render)
	}
	if err != nil {
		return fmt.Errorf("helm release %s: %w", releaseName, err)
	}
	last, ok := found.(*release.Release)
	if !ok {
		return fmt.Errorf("helm release %s has an unknown format: %T", releaseName, found)
	}
	switch {
	case last.Info.Status.IsPending():
		return hint.ReleasePending.New(fmt.Sprintf("the Helm release %s is %s: another helm works on it, or one was killed", releaseName, last.Info.Status),
			"wait for the other one; if there is none: helm -n kube-system uninstall cilium")
	case last.Info.Status == common.StatusDeployed && same(last, ch, values):
		return nil
	}
	return upgrade(ctx, config, ch, values, render)
}

func install(ctx context.Context, config *action.Configuration, ch *chart.Chart, values map[string]any, render postrenderer.PostRenderer) error {
	i := action.NewInstall(config)
	i.ReleaseName, i.Namespace, i.WaitStrategy = releaseName, namespace, helmkube.HookOnlyStrategy
	i.PostRenderer = render
	if _, err := i.RunWithContext(ctx, ch, values); err != nil {
		return fmt.Errorf("helm install: %w", err)
	}
	return nil
}

func upgrade(ctx context.Context, config *action.Configuration, ch *chart.Chart, values map[string]any, render postrenderer.PostRenderer) error {
	u := action.NewUpgrade(config)
	u.Namespace, u.WaitStrategy = namespace, helmkube.HookOnlyStrategy
	u.PostRenderer = render
	if _, err := u.RunWithContext(ctx, releaseName, ch, values); err != nil {
		return fmt.Errorf("helm upgrade: %w", err)
	}
	return nil
}

// same compares values as JSON, which is how Helm keeps them: what was an
// integer comes back as another type.
func same(installed *release.Release, ch *chart.Chart, values map[string]any) bool {
	if installed.Chart == nil || installed.Chart.Metadata.Version != ch.Metadata.Version {
		return false
	}
	have, haveErr := json.Marshal(installed.Config)
	want, wantErr := json.Marshal(values)
	return haveErr == nil && wantErr == nil && bytes.Equal(have, want)
}
