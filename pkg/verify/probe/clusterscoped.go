package probe

import (
	"context"
	"errors"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kindctl/kindctl/pkg/verify"
)

// clusterScoped is a kind of objects that are in no namespace, so that they do not go
// with that of their run.
type clusterScoped struct {
	name   string
	list   func(context.Context, metav1.ListOptions) (runtime.Object, error)
	remove func(ctx context.Context, name string, options metav1.DeleteOptions) error
}

// RegisterCleanup tells Close of a kind of objects that are in no namespace and carry
// RunLabel: it removes those of this run, and those of runs that have no
// namespace any more. A run calls Namespace before it makes one of them, or
// another takes it for one that is over. Kinds go in the order in which they were
// told; list and remove are the methods of a client.
func RegisterCleanup[L runtime.Object](
	t *verify.Target,
	kind string,
	list func(context.Context, metav1.ListOptions) (L, error),
	remove func(context.Context, string, metav1.DeleteOptions) error,
) {
	s := Of(t)
	s.cleanups.Lock()
	defer s.cleanups.Unlock()
	if slices.ContainsFunc(s.cleanups.kinds, func(known clusterScoped) bool { return known.name == kind }) {
		return
	}
	s.cleanups.kinds = append(
		s.cleanups.kinds,
		clusterScoped{kind, func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			return list(ctx, options)
		}, remove},
	)
}

// removeClusterScoped deletes what RegisterCleanup told of. Kinds that no run told of are not
// asked for, because that would take rights.
func (s *Session) removeClusterScoped(ctx context.Context) error {
	s.cleanups.Lock()
	defer s.cleanups.Unlock()
	type object struct {
		clusterScoped
		name, run string
	}
	var objects []object
	var problems []error
	for _, kind := range s.cleanups.kinds {
		list, err := kind.list(ctx, metav1.ListOptions{LabelSelector: verify.RunLabel})
		if err == nil {
			err = meta.EachListItem(list, func(item runtime.Object) error {
				found, err := meta.Accessor(item)
				if err == nil {
					objects = append(objects, object{kind, found.GetName(), found.GetLabels()[verify.RunLabel]})
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
	alive, err := s.otherRuns(ctx) // after the objects: a run makes its namespace first
	if err != nil {
		return errors.Join(append(problems, err)...)
	}
	for _, o := range objects {
		if _, is := alive[o.run]; is {
			continue
		}
		if err := o.remove(ctx, o.name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			problems = append(problems, fmt.Errorf("delete %s %s: %w", o.clusterScoped.name, o.name, err))
		}
	}
	return errors.Join(problems...)
}
