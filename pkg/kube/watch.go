package kube

import (
	"context"
	"errors"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	toolswatch "k8s.io/client-go/tools/watch"
)

// Named selects the object with a name.
func Named(name string) metav1.ListOptions {
	return metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector("metadata.name", name).String()}
}

// ListWatch makes a source for Until out of a typed or dynamic client's List
// and Watch methods and the options that select the objects.
func ListWatch[L runtime.Object](ctx context.Context, list func(context.Context, metav1.ListOptions) (L, error), watcher func(context.Context, metav1.ListOptions) (watch.Interface, error), selection metav1.ListOptions) *cache.ListWatch {
	choose := func(options metav1.ListOptions) metav1.ListOptions {
		options.FieldSelector, options.LabelSelector = selection.FieldSelector, selection.LabelSelector
		return options
	}
	return &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			return list(ctx, choose(options))
		},
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			return watcher(ctx, choose(options))
		},
	}
}

// Until watches objects until ready returns nil for one of them. When ctx ends
// first, the error holds what ready said last, so that the cause is not lost.
func Until[T runtime.Object](ctx context.Context, source *cache.ListWatch, ready func(T) error) error {
	return UntilAll(ctx, source, func(objects []T) error {
		if len(objects) == 0 {
			return errors.New("there is no such object")
		}
		var last error
		for _, object := range objects {
			if last = ready(object); last == nil {
				return nil
			}
		}
		return last
	})
}

// UntilAll watches a set of objects and calls ready with the whole set at
// every change, until it returns nil. When ctx ends first, the error holds
// what ready said last.
func UntilAll[T runtime.Object](ctx context.Context, source *cache.ListWatch, ready func([]T) error) error {
	last := errors.New("nothing was seen")
	known := map[string]T{}
	evaluate := func() bool {
		objects := make([]T, 0, len(known))
		for _, object := range known {
			objects = append(objects, object)
		}
		last = ready(objects)
		return last == nil
	}
	var zero T
	_, err := toolswatch.UntilWithSync(ctx, source, zero, func(store cache.Store) (bool, error) {
		for _, item := range store.List() {
			remember(known, item)
		}
		return evaluate(), nil
	}, func(e watch.Event) (bool, error) {
		object, ok := e.Object.(T)
		if !ok {
			return false, nil
		}
		key, err := cache.MetaNamespaceKeyFunc(object)
		if err != nil {
			return false, err
		}
		if e.Type == watch.Deleted {
			delete(known, key)
		} else {
			known[key] = object
		}
		return evaluate(), nil
	})
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("%w (%w)", last, context.Cause(ctx))
	}
	return err
}

func remember[T runtime.Object](known map[string]T, item any) {
	object, ok := item.(T)
	if !ok {
		return
	}
	if key, err := cache.MetaNamespaceKeyFunc(object); err == nil {
		known[key] = object
	}
}
