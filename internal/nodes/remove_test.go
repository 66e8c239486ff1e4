package nodes

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	k8stesting "k8s.io/client-go/testing"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/verify"
)

func TestFreeNames(t *testing.T) {
	nodes := []*provider.Node{{Name: "lab-control-plane", Role: "control-plane"}, {Name: "lab-worker", Role: "worker"}, {Name: "lab-worker3", Role: "worker"}}
	if got, want := freeNames("lab", "worker", nodes, 2), []string{"lab-worker2", "lab-worker4"}; !slices.Equal(got, want) {
		t.Errorf("new workers are %q, want %q", got, want)
	}
	if got := freeNames("lab", "control-plane", nodes, 1); !slices.Equal(got, []string{"lab-control-plane2"}) {
		t.Errorf("a new control plane is %q", got)
	}
	if got := nodeLike(nodes, "worker").Name; got != "lab-worker" {
		t.Errorf("workers are like %s", got)
	}
	if got := nodeLike(nodes[:1], "worker").Name; got != "lab-control-plane" {
		t.Errorf("the first worker is like %s", got)
	}
}

func TestOnlyOnNodes(t *testing.T) {
	on := func(terms ...[]string) corev1.PersistentVolume {
		var selector corev1.NodeSelector
		for _, names := range terms {
			selector.NodeSelectorTerms = append(
				selector.NodeSelectorTerms,
				corev1.NodeSelectorTerm{
					MatchExpressions: []corev1.NodeSelectorRequirement{{Key: "kubernetes.io/hostname", Operator: corev1.NodeSelectorOpIn, Values: names}},
				},
			)
		}
		return corev1.PersistentVolume{Spec: corev1.PersistentVolumeSpec{NodeAffinity: &corev1.VolumeNodeAffinity{Required: &selector}}}
	}
	tests := []struct {
		name   string
		volume corev1.PersistentVolume
		want   bool
	}{
		{"on the node", on([]string{"a"}), true},
		{"on both that leave", on([]string{"a", "b"}), true},
		{"on one that stays", on([]string{"c"}), false},
		{"also on one that stays", on([]string{"a", "c"}), false},
		{"or on one that stays", on([]string{"a"}, []string{"c"}), false},
		{"anywhere", corev1.PersistentVolume{}, false},
		{"no terms", on(), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := onlyOnNodes(tt.volume, []string{"a", "b"}); got != tt.want {
				t.Errorf("onlyOnNodes: %v, want %v", got, tt.want)
			}
		})
	}
}

func TestIsDisposable(t *testing.T) {
	volume := func(namespace string, phase corev1.PersistentVolumePhase, policy corev1.PersistentVolumeReclaimPolicy) corev1.PersistentVolume {
		return corev1.PersistentVolume{
			Spec:   corev1.PersistentVolumeSpec{ClaimRef: &corev1.ObjectReference{Namespace: namespace}, PersistentVolumeReclaimPolicy: policy},
			Status: corev1.PersistentVolumeStatus{Phase: phase},
		}
	}
	tests := []struct {
		name   string
		volume corev1.PersistentVolume
		want   bool
	}{
		{"in use", volume("default", corev1.VolumeBound, corev1.PersistentVolumeReclaimDelete), false},
		{"released, to be deleted", volume("default", corev1.VolumeReleased, corev1.PersistentVolumeReclaimDelete), true},
		{"released, to be kept", volume("default", corev1.VolumeReleased, corev1.PersistentVolumeReclaimRetain), false},
		{"of a verification that just ended", volume("kindctl-verify-a", corev1.VolumeBound, corev1.PersistentVolumeReclaimDelete), true},
	}
	probing := []corev1.Namespace{{ObjectMeta: metav1.ObjectMeta{Name: "kindctl-verify-a"}}}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := isDisposable(tt.volume, probing); got != tt.want {
				t.Errorf("outlived: %v, want %v", got, tt.want)
			}
		})
	}
}

func TestSkipProvisioner(t *testing.T) {
	pod := func(namespace, name string) corev1.Pod {
		return corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	}
	for _, tt := range []struct {
		name    string
		pod     corev1.Pod
		drained bool
	}{
		{"deletes a directory", pod("local-path-storage", "helper-pod-delete-pvc-1"), false},
		{"the provisioner itself", pod("local-path-storage", "local-path-provisioner-1"), true},
		{"of the same name elsewhere", pod("default", "helper-pod-delete-pvc-1"), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := skipProvisioner(tt.pod).Delete; got != tt.drained {
				t.Errorf("drained: %v, want %v", got, tt.drained)
			}
		})
	}
}

// TestCheckPods wants the pods of nodes that leave to be refused if nothing would recreate them.
func TestCheckPods(t *testing.T) {
	pod := func(name, node string, labels map[string]string, owners ...metav1.OwnerReference) *corev1.Pod {
		return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name, Labels: labels, OwnerReferences: owners}, Spec: corev1.PodSpec{NodeName: node}}
	}
	controller := true
	replica := metav1.OwnerReference{Kind: "ReplicaSet", Name: "web", Controller: &controller}
	static, helper, ended := pod("etcd", "lab-worker", nil), pod("helper-pod-delete-pvc-1", "lab-worker", nil), pod("once", "lab-worker", nil)
	static.Annotations, helper.Namespace, ended.Status.Phase = map[string]string{corev1.MirrorPodAnnotationKey: "x"}, "local-path-storage", corev1.PodSucceeded
	for _, tt := range []struct {
		name  string
		pod   *corev1.Pod
		force bool
		want  string
	}{
		{"a pod of a ReplicaSet", pod("web-1", "lab-worker", nil, replica), false, ""},
		{"one without a controller", pod("bare", "lab-worker", nil), false, "POD_UNMANAGED"},
		{"the same with --force", pod("bare", "lab-worker", nil), true, ""},
		{"one of a verification", pod("probe", "lab-worker", map[string]string{verify.RunLabel: "r"}), false, ""},
		{"a static one", static, false, ""},
		{"one that deletes a directory", helper, false, ""},
		{"one that has ended", ended, false, ""},
		{"one on a node that stays", pod("bare", "lab-worker2", nil), false, ""},
	} {
		client := fake.NewClientset(tt.pod)
		client.PrependReactor("list", "pods", func(action k8stesting.Action) (bool, runtime.Object, error) {
			wanted := action.(k8stesting.ListAction).GetListRestrictions().Fields.String() // the tracker knows no fields
			return wanted != "spec.nodeName="+tt.pod.Spec.NodeName, &corev1.PodList{}, nil
		})
		d := NewRemove(Config{}, tt.force)
		d.client = &kube.Client{Clientset: client}
		err := d.checkPods(t.Context(), "lab-worker")
		if got := hint.ReasonOf(err); got != tt.want || (err != nil) != (tt.want != "") {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}
