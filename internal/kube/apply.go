package kube

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic"
)

// FieldManager owns the fields that kindctl applies.
const FieldManager = "kindctl"

// parallelApplies bounds the requests of one stage that are under way.
const parallelApplies = 8

// Decode reads the objects of a YAML or JSON stream. Empty documents are
// passed over, lists are taken apart.
func Decode(data []byte) ([]*unstructured.Unstructured, error) {
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(data), 4096)
	var objects []*unstructured.Unstructured
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(object)
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, fmt.Errorf("decode manifest: %w", err)
		}
		switch {
		case len(object.Object) == 0:
		case object.IsList():
			items, err := object.ToList()
			if err != nil {
				return nil, fmt.Errorf("decode manifest: %w", err)
			}
			for i := range items.Items {
				objects = append(objects, &items.Items[i])
			}
		default:
			objects = append(objects, object)
		}
	}
}

// Apply sends objects by server-side apply in two stages: first namespaces and
// custom resource definitions, which it waits for, then everything else.
func (c *Client) Apply(ctx context.Context, objects []*unstructured.Unstructured) error {
	return c.ApplyAs(ctx, FieldManager, objects)
}

// ApplyAs is Apply for another owner of the fields.
func (c *Client) ApplyAs(ctx context.Context, manager string, objects []*unstructured.Unstructured) error {
	var first, second []*unstructured.Unstructured
	for _, object := range objects {
		if object.GetKind() == "Namespace" || object.GetKind() == "CustomResourceDefinition" {
			first = append(first, object)
		} else {
			second = append(second, object)
		}
	}
	if err := c.applyAll(ctx, manager, first); err != nil {
		return err
	}
	for _, object := range first {
		if object.GetKind() == "CustomResourceDefinition" {
			if err := c.established(ctx, object.GetName()); err != nil {
				return err
			}
		}
	}
	c.Mapper.Reset()
	return c.applyAll(ctx, manager, second)
}

func (c *Client) applyAll(ctx context.Context, manager string, objects []*unstructured.Unstructured) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallelApplies)
	for _, object := range objects {
		group.Go(func() error { return c.applyOne(ctx, manager, object) })
	}
	return group.Wait()
}

func (c *Client) applyOne(ctx context.Context, manager string, object *unstructured.Unstructured) error {
	resource, err := c.resource(object)
	if err != nil {
		return err
	}
	_, err = resource.Apply(ctx, object.GetName(), object, metav1.ApplyOptions{FieldManager: manager, Force: true})
	if err != nil {
		return fmt.Errorf("apply %s %s: %w", object.GetKind(), object.GetName(), err)
	}
	return nil
}

// resource returns the client for an object's kind, in its namespace.
func (c *Client) resource(object *unstructured.Unstructured) (dynamic.ResourceInterface, error) {
	kind := object.GroupVersionKind()
	mapping, err := c.Mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil {
		return nil, fmt.Errorf("resource of %s: %w", kind, err)
	}
	resource := c.Dynamic.Resource(mapping.Resource)
	if mapping.Scope.Name() == meta.RESTScopeNameRoot {
		return resource, nil
	}
	namespace := object.GetNamespace()
	if namespace == "" {
		namespace = metav1.NamespaceDefault
	}
	return resource.Namespace(namespace), nil
}

var definitions = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}

// established waits until the API server serves a custom resource.
func (c *Client) established(ctx context.Context, name string) error {
	resource := c.Dynamic.Resource(definitions)
	return Until(ctx, ListWatch(resource.List, resource.Watch, Named(name)), func(object *unstructured.Unstructured) error {
		conditions, _, err := unstructured.NestedSlice(object.Object, "status", "conditions")
		if err != nil {
			return err
		}
		for _, condition := range conditions {
			if fields, ok := condition.(map[string]any); ok && fields["type"] == "Established" && fields["status"] == "True" {
				return nil
			}
		}
		return fmt.Errorf("custom resource definition %s is not established", name)
	})
}
