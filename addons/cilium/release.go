package cilium

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/engine"
	releasecommon "helm.sh/helm/v4/pkg/release/common"
	release "helm.sh/helm/v4/pkg/release/v1"
	releaseutil "helm.sh/helm/v4/pkg/release/v1/util"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/yaml"

	"github.com/kindctl/kindctl/internal/kube"
)

// fieldManager owns the fields of what the chart installs. The helm command uses the
// same name, so that `helm upgrade` meets no conflicts.
const fieldManager = "helm"

// hookTimeout bounds the wait for a hook. It is the helm command's default.
const hookTimeout = 5 * time.Minute

// install makes the release as `helm install` does, and records it where the helm
// command finds it. It waits for nothing but the chart's hooks, which most values do not
// ask for.
func install(ctx context.Context, client *kube.Client, ch *chart.Chart, values map[string]any, change changes) error {
	capabilities, err := capabilitiesOf(client.Clientset.Discovery())
	if err != nil {
		return err
	}
	made, err := render(ctx, engine.New(client.Config), ch, values, capabilities, change)
	if err != nil {
		return err
	}
	if err := apply(ctx, client, made.Manifest); err != nil {
		return err
	}
	for _, hook := range made.Hooks {
		if slices.Contains(hook.Events, release.HookPostInstall) {
			if err := apply(ctx, client, hook.Manifest); err != nil {
				return err
			}
			if hook.Kind == "Job" {
				if err := awaitJob(ctx, client.Clientset, hook.Name); err != nil {
					return err
				}
			}
		}
	}
	return record(ctx, client.Clientset.CoreV1().Secrets(namespace), made)
}

// changes change an object of the rendered chart, or return false.
type changes func(*unstructured.Unstructured) (changed bool, err error)

// render is the release that the chart comes to, as if it were deployed.
func render(
	ctx context.Context, with engine.Engine, ch *chart.Chart, values map[string]any, capabilities *common.Capabilities, change changes,
) (*release.Release, error) {
	options := common.ReleaseOptions{Name: releaseName, Namespace: namespace, Revision: 1, IsInstall: true}
	all, err := util.ToRenderValues(ch, values, options, capabilities)
	if err != nil {
		return nil, fmt.Errorf("the chart's values: %w", err)
	}
	files, err := with.RenderWithContext(ctx, ch, all)
	if err != nil {
		return nil, templateError{err}
	}
	notes := path.Join(ch.Name(), "templates", "NOTES.txt")
	now := time.Now()
	made := &release.Release{
		Name: releaseName, Namespace: namespace, Version: 1, Chart: ch, Config: values, ApplyMethod: string(release.ApplyMethodServerSideApply),
		Info: &release.Info{
			FirstDeployed: now, LastDeployed: now, Status: releasecommon.StatusDeployed, Description: "Install complete", Notes: files[notes],
		},
	}
	delete(files, notes)
	hooks, manifests, err := releaseutil.SortManifests(files, nil, releaseutil.InstallOrder)
	if err != nil {
		return nil, fmt.Errorf("the rendered chart: %w", err)
	}
	made.Hooks = hooks
	var manifest strings.Builder
	for _, m := range manifests {
		content := m.Content
		if change != nil {
			if content, err = changed(content, change); err != nil {
				return nil, fmt.Errorf("%s: %w", m.Name, err)
			}
		}
		fmt.Fprintf(&manifest, "---\n# Source: %s\n%s\n", m.Name, content)
	}
	made.Manifest = manifest.String()
	return made, nil
}

// changed is a document of the chart after the change.
func changed(document string, change changes) (string, error) {
	objects, err := kube.Decode([]byte(document))
	if err != nil || len(objects) != 1 {
		return document, err
	}
	if is, err := change(objects[0]); !is || err != nil {
		return document, err
	}
	data, err := yaml.Marshal(objects[0].Object)
	return string(data), err
}

// templateError is what the chart's templates say against the values.
type templateError struct{ error }

func (e templateError) Unwrap() error { return e.error }

// apply sends objects with what Helm writes on those of a release.
func apply(ctx context.Context, client *kube.Client, manifest string) error {
	objects, err := kube.Decode([]byte(manifest))
	if err != nil {
		return err
	}
	for _, object := range objects {
		labels, annotations := object.GetLabels(), object.GetAnnotations()
		if labels == nil {
			labels = map[string]string{}
		}
		if annotations == nil {
			annotations = map[string]string{}
		}
		labels["app.kubernetes.io/managed-by"] = "Helm"
		annotations["meta.helm.sh/release-name"], annotations["meta.helm.sh/release-namespace"] = releaseName, namespace
		object.SetLabels(labels)
		object.SetAnnotations(annotations)
	}
	return client.ApplyAs(ctx, fieldManager, objects)
}

// awaitJob waits until a hook's Job has ended, and returns an error unless it succeeded.
func awaitJob(ctx context.Context, client kubernetes.Interface, name string) error {
	ctx, cancel := context.WithTimeout(ctx, hookTimeout)
	defer cancel()
	var failed error
	jobs := client.BatchV1().Jobs(namespace)
	err := kube.Until(ctx, kube.ListWatch(jobs.List, jobs.Watch, kube.Named(name)), func(job *batchv1.Job) error {
		for _, condition := range job.Status.Conditions {
			switch {
			case condition.Status != corev1.ConditionTrue:
			case condition.Type == batchv1.JobComplete:
				return nil
			case condition.Type == batchv1.JobFailed:
				failed = fmt.Errorf("%s: %s", condition.Reason, condition.Message)
				return nil
			}
		}
		return errors.New("it has not ended")
	})
	if err = cmp.Or(failed, err); err != nil {
		return fmt.Errorf("the chart's hook, Job %s: %w", name, err)
	}
	return nil
}

// capabilitiesOf is what templates can ask about the cluster: its version, and the
// groups, versions and kinds that it serves.
func capabilitiesOf(api discovery.DiscoveryInterface) (*common.Capabilities, error) {
	version, err := api.ServerVersion()
	if err != nil {
		return nil, fmt.Errorf("ask the API server for its version: %w", err)
	}
	groups, resources, err := api.ServerGroupsAndResources()
	if err != nil && !discovery.IsGroupDiscoveryFailedError(err) {
		return nil, fmt.Errorf("ask the API server for its resources: %w", err)
	}
	capabilities := common.DefaultCapabilities.Copy()
	capabilities.KubeVersion = common.KubeVersion{Version: version.GitVersion, Major: version.Major, Minor: version.Minor}
	capabilities.APIVersions = nil
	for _, group := range groups {
		for _, version := range group.Versions {
			capabilities.APIVersions = append(capabilities.APIVersions, version.GroupVersion)
		}
	}
	for _, list := range resources {
		for _, resource := range list.APIResources {
			capabilities.APIVersions = append(capabilities.APIVersions, path.Join(list.GroupVersion, resource.Kind))
		}
	}
	return capabilities, nil
}
