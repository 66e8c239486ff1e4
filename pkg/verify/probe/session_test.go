package probe

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/internal/targettest"
	"github.com/kindctl/kindctl/pkg/verify/internal/verifytest"
)

func runLease(run, version string) *coordinationv1.Lease {
	return &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{
			Namespace:       NamespacePrefix + run,
			Name:            leaseName,
			Labels:          map[string]string{verify.RunLabel: run},
			ResourceVersion: version,
		},
	}
}

func namespaceNames(t *testing.T, target *verify.Target) (names []string) {
	t.Helper()
	list, err := target.Kube.Clientset.CoreV1().Namespaces().List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, namespace := range list.Items {
		names = append(names, namespace.Name)
	}
	slices.Sort(names)
	return names
}

func TestNamespaceIsMadeOnceAndClosed(t *testing.T) {
	target := targettest.Stamped(
		targettest.OtherClock, targettest.RunNamespace("other"), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "kube-system"}},
	)
	own := NamespacePrefix + target.RunID
	for range 2 { // the second call finds it
		name, err := Of(target).Namespace(t.Context())
		if err != nil || name != own {
			t.Fatalf("got %q, %v", name, err)
		}
	}
	want := []string{own, NamespacePrefix + "other", "kube-system"}
	slices.Sort(want)
	if diff := cmp.Diff(want, namespaceNames(t, target)); diff != "" {
		t.Error(diff)
	}
	if err := target.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{NamespacePrefix + "other", "kube-system"}, namespaceNames(t, target)); diff != "" {
		t.Error(diff)
	}
}

func TestSweep(t *testing.T) {
	const long = missedRenewals * renewEvery
	before := map[string]string{"killed": "5", "alive": "5", "bare": ""}
	tests := map[string]struct {
		before  map[string]string
		elapsed time.Duration
		want    []string
	}{
		"what did not beat goes":         {before, long, []string{"alive", "younger"}},
		"too early to tell":              {before, long - 1, []string{"alive", "bare", "killed", "younger"}},
		"no one was there before":        {map[string]string{}, long, []string{"alive", "bare", "killed", "younger"}},
		"only those that were looked on": {map[string]string{"bare": ""}, long, []string{"alive", "killed", "younger"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			target := targettest.New(
				targettest.ThreeNodes,
				verifytest.Pods{},
				targettest.RunNamespace("killed"),
				runLease("killed", "5"),
				targettest.RunNamespace("alive"),
				runLease("alive", "6"),
				targettest.RunNamespace("bare"),
				targettest.RunNamespace("younger"),
				runLease("younger", "7"),
			)
			Of(target).removeAbandoned(t.Context(), test.before, test.elapsed)
			var left []string
			for _, name := range namespaceNames(t, target) {
				left = append(left, strings.TrimPrefix(name, NamespacePrefix))
			}
			if diff := cmp.Diff(test.want, left); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestHeartBeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := targettest.New(targettest.ThreeNodes, verifytest.Pods{})
		h, err := Of(target).startRenewer(t.Context(), "n")
		if err != nil {
			t.Fatal(err)
		}
		renewed := func() time.Time {
			lease, err := target.Kube.Clientset.CoordinationV1().Leases("n").Get(t.Context(), leaseName, metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			return lease.Spec.RenewTime.Time
		}
		first := renewed()
		time.Sleep(renewEvery + time.Second)
		if later := renewed(); !later.After(first) {
			t.Errorf("the lease was renewed at %v, and is still %v", first, later)
		}
		h.end()
		last := renewed()
		time.Sleep(3 * renewEvery)
		if renewed() != last {
			t.Error("the lease is renewed after the end")
		}
	})
}

func TestNamespaceWaitsForItsAccount(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	target := targettest.New(targettest.ThreeNodes, verifytest.Pods{}) // no one furnishes namespaces here
	_, err := Of(target).Namespace(ctx)
	verifytest.WantErr(t, err, "ServiceAccount default: there is no such object")
	if err := target.Close(t.Context()); err != nil || len(namespaceNames(t, target)) > 0 {
		t.Errorf("left %q, %v", namespaceNames(t, target), err)
	}
}
