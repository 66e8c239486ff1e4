package verify

import (
	"context"
	"errors"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// unbound is a kind of objects that are in no namespace, so that they do not go
// with that of their run.
type unbound struct {
	name   string
	list   func(context.Context, metav1.ListOptions) (runtime.Object, error)
	remove func(ctx context.Context, name string, options metav1.DeleteOptions) error
}

// Leave tells Close of a kind of objects that are in no namespace and carry
// RunLabel: it removes those of this run, and those of runs that have no
// namespace any more. A run calls Namespace before it makes one of them, or
// another takes it for one that is over. Kinds go in the order in which they were
// told; list and remove are the methods of a client.
func Leave[L runtime.Object](t *Target, kind string, list func(context.Context, metav1.ListOptions) (L, error), remove func(context.Context, string, metav1.DeleteOptions) error) {
	t.left.Lock()
	defer t.left.Unlock()
	if slices.ContainsFunc(t.left.kinds, func(known unbound) bool { return known.name == kind }) {
		return
	}
	t.left.kinds = append(t.left.kinds, unbound{kind, func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
		return list(ctx, options)
	}, remove})
}

// removeUnbound deletes what Leave told of. Kinds that no run told of are not
// asked for, because that would take rights.
func (t *Target) removeUnbound(ctx context.Context) error {
	t.left.Lock()
	defer t.left.Unlock()
	type object struct {
		unbound
		name, run string
	}
	var objects []object
	var problems []error
	for _, kind := range t.left.kinds {
		list, err := kind.list(ctx, metav1.ListOptions{LabelSelector: RunLabel})
		if err == nil {
			err = meta.EachListItem(list, func(item runtime.Object) error {
				found, err := meta.Accessor(item)
				if err == nil {
					objects = append(objects, object{kind, found.GetName(), found.GetLabels()[RunLabel]})
				}
				return err
			})
		}
		if err != nil && !apierrors.IsNotFound(err) { // what is not served was not made
			problems = append(problems, fmt.Errorf("list objects of kind %s: %w", kind.name, err))
		}
	}
	if len(objects) == 0 {
		return errors.Join(problems...)
	}
	alive, err := t.others(ctx) // after the objects: a run makes its namespace first
	if err != nil {
		return errors.Join(append(problems, err)...)
	}
	for _, o := range objects {
		if _, is := alive[o.run]; is {
			continue
		}
		if err := o.remove(ctx, o.name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			problems = append(problems, fmt.Errorf("delete %s %s: %w", o.unbound.name, o.name, err))
		}
	}
	return errors.Join(problems...)
}
