package kube

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
)

// relistPause keeps a watch that cannot be held from loading the API server.
const relistPause = 500 * time.Millisecond

// Source lists and watches one selection of objects.
type Source struct {
	list  func(context.Context, metav1.ListOptions) (runtime.Object, error)
	watch func(context.Context, metav1.ListOptions) (watch.Interface, error)
}

// Named selects the object with a name.
func Named(name string) metav1.ListOptions {
	return metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector("metadata.name", name).String()}
}

// ListWatch makes a Source out of a typed or dynamic client's List and Watch
// methods and the options that select the objects.
func ListWatch[L runtime.Object](
	list func(context.Context, metav1.ListOptions) (L, error),
	watcher func(context.Context, metav1.ListOptions) (watch.Interface, error),
	selection metav1.ListOptions,
) Source {
	choose := func(options metav1.ListOptions) metav1.ListOptions {
		options.FieldSelector, options.LabelSelector = selection.FieldSelector, selection.LabelSelector
		return options
	}
	return Source{
		list: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			return list(ctx, choose(options))
		},
		watch: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			return watcher(ctx, choose(options))
		},
	}
}

// Until watches objects until ready returns nil for one of them; otherwise it
// is UntilAll.
func Until[T runtime.Object](ctx context.Context, source Source, ready func(T) error) error {
	return UntilAll(ctx, source, func(objects []T) error {
		last := errors.New("there is no such object")
		for _, object := range objects {
			if last = ready(object); last == nil {
				return nil
			}
		}
		return last
	})
}

// UntilAll watches a set of objects and calls ready with the whole set at
// every change, until it returns nil. It survives lost connections and API
// servers that restart. A request that is refused for good (forbidden,
// unauthenticated, invalid) ends the wait with that error. When ctx ends
// first, the error holds what ready, or a failing request, said last, so that
// the cause is not lost.
func UntilAll[T runtime.Object](ctx context.Context, source Source, ready func([]T) error) error {
	var last error
	for {
		verdict, failure := follow(ctx, source, ready)
		switch {
		case failure != nil && refused(failure):
			return failure
		case failure != nil && !onlyDeadline(failure):
			last = failure
		case verdict != nil:
			last = verdict
		case failure == nil:
			return nil
		}
		select {
		case <-ctx.Done():
			if last == nil {
				return context.Cause(ctx)
			}
			return fmt.Errorf("%w (%w)", last, context.Cause(ctx))
		case <-time.After(relistPause):
		}
	}
}

// follow lists once and watches for as long as the server holds the watch. It
// returns what ready said last, or else why a request failed.
func follow[T runtime.Object](ctx context.Context, source Source, ready func([]T) error) (verdict, failure error) {
	list, err := source.list(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	known, err := index[T](list)
	if err != nil {
		return nil, err
	}
	if verdict = ready(values(known)); verdict == nil {
		return nil, nil
	}
	version, err := meta.NewAccessor().ResourceVersion(list)
	if err != nil {
		return nil, err
	}
	changes, err := source.watch(ctx, metav1.ListOptions{ResourceVersion: version, AllowWatchBookmarks: true})
	if err != nil {
		return verdict, err
	}
	defer changes.Stop()
	for {
		select {
		case <-ctx.Done():
			return verdict, nil
		case change, open := <-changes.ResultChan():
			if !open || change.Type == watch.Error {
				return verdict, nil
			}
			if change.Type == watch.Bookmark || !apply(known, change) {
				continue
			}
			if verdict = ready(values(known)); verdict == nil {
				return nil, nil
			}
		}
	}
}

func index[T runtime.Object](list runtime.Object) (map[string]T, error) {
	known := map[string]T{}
	err := meta.EachListItem(list, func(item runtime.Object) error {
		apply(known, watch.Event{Type: watch.Added, Object: item})
		return nil
	})
	return known, err
}

// apply brings one change into the known objects and reports whether it did.
func apply[T runtime.Object](known map[string]T, change watch.Event) bool {
	object, ok := change.Object.(T)
	if !ok {
		return false
	}
	accessor, err := meta.Accessor(change.Object)
	if err != nil {
		return false
	}
	key := accessor.GetNamespace() + "/" + accessor.GetName()
	if change.Type == watch.Deleted {
		delete(known, key)
	} else {
		known[key] = object
	}
	return true
}

func values[T any](known map[string]T) []T {
	objects := make([]T, 0, len(known))
	for _, object := range known {
		objects = append(objects, object)
	}
	return objects
}

// refused distinguishes errors that asking again cannot change from those of a server
// or a network that may recover.
func refused(err error) bool {
	return apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err) || apierrors.IsBadRequest(err) || apierrors.IsInvalid(err)
}

// onlyDeadline reports whether an error only says that the time is over. The
// client's rate limiter says so in words of its own, before the time comes.
func onlyDeadline(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) ||
		strings.Contains(err.Error(), "would exceed context deadline")
}
