package kube

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// workloads are the kinds whose pods are to run for good.
var workloads = []string{"Deployment", "DaemonSet", "StatefulSet"}

// UntilReady watches the workloads among objects until each has rolled out. It
// calls waiting with what is not ready yet.
func (c *Client) UntilReady(ctx context.Context, objects []*unstructured.Unstructured, waiting func(error)) error {
	for _, object := range objects {
		if object.GroupVersionKind().Group != "apps" || !slices.Contains(workloads, object.GetKind()) {
			continue
		}
		resource, err := c.resource(object)
		if err != nil {
			return err
		}
		if err := Until(ctx, ListWatch(resource.List, resource.Watch, Named(object.GetName())), func(seen *unstructured.Unstructured) error {
			err := rolledOut(seen)
			if err != nil {
				waiting(err)
			}
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}

// rolledOut says what is missing.
func rolledOut(object *unstructured.Unstructured) error {
	result, err := status.Compute(object)
	if err == nil && result.Status != status.CurrentStatus {
		err = errors.New(result.Message)
	}
	if err != nil {
		return fmt.Errorf("%s %s/%s: %w", object.GetKind(), object.GetNamespace(), object.GetName(), err)
	}
	return nil
}
