package controllers

import (
	"context"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/internal/targettest"
	"github.com/kindctl/kindctl/pkg/verify/internal/verifytest"
	"github.com/kindctl/kindctl/pkg/verify/probe"
)

// controllers answers for a controller manager: it makes the pods of a new
// ReplicaSet, and with heal another one for each that is deleted.
func controllers(target *verify.Target, heal bool) {
	client := target.Kube.Clientset.(*fake.Clientset)
	add := func(namespace, name string) {
		_ = client.Tracker().
			Add(&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, UID: types.UID("uid-" + name), Labels: map[string]string{replicaLabel: "canary"}}})
	}
	client.PrependReactor("create", "replicasets", func(action clienttesting.Action) (bool, runtime.Object, error) {
		add(action.GetNamespace(), "first")
		add(action.GetNamespace(), "second")
		return false, nil, nil
	})
	client.PrependReactor("delete", "pods", func(action clienttesting.Action) (bool, runtime.Object, error) {
		if heal {
			add(action.GetNamespace(), "third")
		}
		return false, nil, nil
	})
}

func TestControllersReconcile(t *testing.T) {
	tests := map[string]struct {
		root, make, heal bool
		want             string
	}{
		"all work":        {true, true, true, ""},
		"no certificates": {false, true, true, "ConfigMap kube-root-ca.crt: there is no such object"},
		"no pods":         {true, false, false, "the ReplicaSet has 0 pods after its creation, not 2"},
		"no replacement":  {true, true, false, "the ReplicaSet has 1 pods after one was deleted, not 2"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			target := targettest.Stamped(targettest.OtherClock)
			if test.root {
				_ = target.Kube.Clientset.(*fake.Clientset).Tracker().Add(&corev1.ConfigMap{
					ObjectMeta: metav1.ObjectMeta{
						Namespace: probe.NamespacePrefix + target.RunID,
						Name:      rootCertificates,
					}, Data: map[string]string{"ca.crt": "pem"}})
			}
			if test.make {
				controllers(target, test.heal)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			_, err := controllersReconcile(ctx, target)
			verifytest.WantErr(t, err, test.want)
		})
	}
}
