package storage

import (
	"context"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/internal/targettest"
	"github.com/kindctl/kindctl/pkg/verify/internal/verifytest"
)

func storageClass(name, provisioner string, isDefault bool) *storagev1.StorageClass {
	class := &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: name}, Provisioner: provisioner}
	if isDefault {
		class.Annotations = map[string]string{defaultClassMark: "true"}
	}
	return class
}

func TestClaimKeeps(t *testing.T) {
	standard := storageClass("standard", "rancher.io/local-path", true)
	ends := func(code int32) corev1.PodStatus {
		state := corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: code}}
		return corev1.PodStatus{Phase: corev1.PodRunning, ContainerStatuses: []corev1.ContainerStatus{{State: state}}}
	}
	scheduled := ends(0)
	tests := map[string]struct {
		classes        []*storagev1.StorageClass
		writer, reader corev1.PodStatus
		log, chosen    string
		want           string
		inapplicable   bool
	}{
		"kept":                  {classes: []*storagev1.StorageClass{standard}, writer: scheduled, reader: scheduled},
		"no default class":      {classes: []*storagev1.StorageClass{storageClass("slow", "x", false)}, want: "there is no default StorageClass", inapplicable: true},
		"volumes made by hand":  {classes: []*storagev1.StorageClass{storageClass("local", unprovisioned, true)}, want: "made by people", inapplicable: true},
		"it cannot be written":  {classes: []*storagev1.StorageClass{standard}, writer: corev1.PodStatus{Phase: corev1.PodFailed}, log: "read-only file system", want: "claim-writer on w1 failed: read-only file system"},
		"no volume is made":     {classes: []*storagev1.StorageClass{standard}, chosen: "w1", want: "a claim of StorageClass standard: provisioner rancher.io/local-path has made no volume for a pod on w1; pod local-path-storage/helper-pod-create-pvc: ContainerCreating"},
		"the file is not there": {classes: []*storagev1.StorageClass{standard}, writer: scheduled, reader: ends(1), log: "no such file", want: "a second pod with the claim: pod claim-reader on w1 failed: no such file"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var objects []runtime.Object
			for _, class := range test.classes {
				objects = append(objects, class)
			}
			objects = append(objects, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "helper-pod-create-pvc", Namespace: provisionerNamespace},
				Status: corev1.PodStatus{Phase: corev1.PodPending, ContainerStatuses: []corev1.ContainerStatus{{State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}}}}}})
			target := targettest.Stamped(targettest.OtherClock, append(objects, verifytest.ReadyNode("w1"))...)
			target.Pods = verifytest.Pods{LogOf: map[string]string{writerName: test.log, readerName: test.log}}
			target.Kube.Clientset.(*fake.Clientset).PrependReactor("create", "pods", func(action clienttesting.Action) (bool, runtime.Object, error) {
				pod := action.(clienttesting.CreateAction).GetObject().(*corev1.Pod)
				pod.Status = test.writer
				if pod.Name == readerName {
					pod.Status = test.reader
					if pod.Spec.NodeName != "w1" {
						t.Errorf("the reader is on %q", pod.Spec.NodeName)
					}
				}
				pod.Spec.NodeName = "w1"
				return false, nil, nil
			})
			target.Kube.Clientset.(*fake.Clientset).PrependReactor("create", "persistentvolumeclaims", func(action clienttesting.Action) (bool, runtime.Object, error) {
				if test.chosen != "" {
					claim := action.(clienttesting.CreateAction).GetObject().(*corev1.PersistentVolumeClaim)
					claim.Annotations = map[string]string{chosenNode: test.chosen}
				}
				return false, nil, nil
			})
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := claimKeeps(ctx, target)
			verifytest.WantErr(t, err, test.want)
			if verify.IsInapplicable(err) != test.inapplicable {
				t.Errorf("inapplicable is %v: %v", !test.inapplicable, err)
			}
		})
	}
}

func TestDefaultClass(t *testing.T) {
	older, newer := storageClass("older", "x", true), storageClass("newer", "x", true)
	older.CreationTimestamp, newer.CreationTimestamp = metav1.Unix(1, 0), metav1.Unix(2, 0)
	class, err := defaultClass(t.Context(), targettest.New(targettest.ThreeNodes, verifytest.Pods{}, older, newer))
	if err != nil || class.Name != "newer" {
		t.Errorf("the default class is %v, %v", class, err)
	}
}

// TestClaimsAwaitTheCloud skips the check where no node takes the provisioner's pod.
func TestClaimsAwaitTheCloud(t *testing.T) {
	node := verifytest.ReadyNode("w1")
	node.Spec.Taints = append(node.Spec.Taints, corev1.Taint{Key: verify.CloudTaint, Value: "true", Effect: corev1.TaintEffectNoSchedule})
	target := targettest.Stamped(targettest.OtherClock, node)
	target.Survey(t.Context())
	for _, check := range Checks() {
		if reason := check.Skip(target); reason != target.AwaitsCloud() {
			t.Errorf("%s is skipped for %q", check.ID, reason)
		}
	}
}
