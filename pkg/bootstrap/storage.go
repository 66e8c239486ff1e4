package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/yaml"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/event"
)

// storageNamespace is where kind's manifest has the provisioner of its default
// StorageClass (kind v0.33.0, pkg/build/nodeimage/const_storage.go).
const storageNamespace = "local-path-storage"

// podSecurityLabel is the level of Pod Security that a namespace enforces.
const podSecurityLabel = "pod-security.kubernetes.io/enforce"

// storageManifest is where a node image has its default StorageClass with the
// provisioner (kind v0.33.0, pkg/cluster/internal/create/actions/installstorage).
const storageManifest = "/kind/manifests/default-storage.yaml"

// plainStorage is the StorageClass of node images that have none, as kind makes it.
const plainStorage = `apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata:
  name: standard
  annotations: {storageclass.kubernetes.io/is-default-class: "true"}
provisioner: kubernetes.io/host-path
`

// installStorage applies the default StorageClass and what provides its volumes.
func (u *Up) installStorage(ctx context.Context) error {
	manifest, err := u.firstNode().ReadFile(ctx, storageManifest)
	if errors.Is(err, fs.ErrNotExist) {
		event.Warn(u.Sink, event.Phase, "init", "the node image has no "+storageManifest+"; StorageClass standard of kubernetes.io/host-path takes its place", "")
		manifest, err = []byte(plainStorage), nil
	}
	if err != nil {
		return err
	}
	objects, err := kube.Decode(manifest)
	if err != nil {
		return fmt.Errorf("%s in %s: %w", storageManifest, u.first(), err)
	}
	if !u.Topology.Production() {
		if err := helpersOnHostNetwork(objects); err != nil {
			return fmt.Errorf("%s in %s: %w", storageManifest, u.first(), err)
		}
	}
	if err := retry.OnError(retry.DefaultBackoff, isOverloaded, func() error { return u.client.Apply(ctx, objects) }); err != nil {
		return fmt.Errorf("apply the default StorageClass: %w", err)
	}
	return admitStorage(ctx, u.client)
}

// helperTemplate is the key of the provisioner's ConfigMap that has the pod in which it
// makes and removes a volume (kind v0.33.0, const_storage.go).
const helperTemplate = "helperPod.yaml"

// helpersOnHostNetwork has these pods use the host network: they make and remove a
// directory, and need no interface and no address from the CNI.
func helpersOnHostNetwork(objects []*unstructured.Unstructured) error {
	for _, object := range objects {
		text, found, _ := unstructured.NestedString(object.Object, "data", helperTemplate)
		if object.GetKind() != "ConfigMap" || !found {
			continue
		}
		var pod map[string]any
		if err := yaml.Unmarshal([]byte(text), &pod); err != nil {
			return fmt.Errorf("%s: %w", helperTemplate, err)
		}
		if err := unstructured.SetNestedField(pod, true, "spec", "hostNetwork"); err != nil {
			return fmt.Errorf("%s: %w", helperTemplate, err)
		}
		changed, err := yaml.Marshal(pod)
		if err != nil {
			return fmt.Errorf("%s: %w", helperTemplate, err)
		}
		if err := unstructured.SetNestedField(object.Object, string(changed), "data", helperTemplate); err != nil {
			return fmt.Errorf("%s: %w", helperTemplate, err)
		}
	}
	return nil
}

// admitStorage lets the provisioner of kind's default StorageClass start its helper
// pods, which mount a path of the node, whatever level of Pod Security the cluster
// has for namespaces that name none. A level that the namespace has stays. It tries
// again while the API server is overloaded, as it may be while nodes join.
func admitStorage(ctx context.Context, client *kube.Client) error {
	return retry.OnError(retry.DefaultBackoff, isOverloaded, func() error { return labelStorage(ctx, client) })
}

// isOverloaded recognizes answers of an API server that had no time for a request.
func isOverloaded(err error) bool {
	return apierrors.IsTimeout(err) || apierrors.IsServerTimeout(err) || apierrors.IsTooManyRequests(err)
}

func labelStorage(ctx context.Context, client *kube.Client) error {
	namespaces := client.Clientset.CoreV1().Namespaces()
	namespace, err := namespaces.Get(ctx, storageNamespace, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil // the node image has another StorageClass, or none
	}
	if err != nil {
		return fmt.Errorf("read namespace %s: %w", storageNamespace, err)
	}
	if _, has := namespace.Labels[podSecurityLabel]; has {
		return nil
	}
	patch := fmt.Sprintf(`{"metadata":{"labels":{%q:"privileged"}}}`, podSecurityLabel)
	if _, err := namespaces.Patch(ctx, storageNamespace, types.MergePatchType, []byte(patch),
		metav1.PatchOptions{FieldManager: kube.FieldManager}); err != nil {
		return fmt.Errorf("label namespace %s: %w", storageNamespace, err)
	}
	return nil
}
