package verify

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
)

// stampedTarget gives new namespaces a creation time and their ServiceAccount,
// as an API server and a controller manager with a clock of their own do.
func stampedTarget(now time.Time, objects ...runtime.Object) *Target {
	t := fakeTarget(threeNodes, fakePods{}, objects...)
	client := t.Kube.Clientset.(*fake.Clientset)
	client.PrependReactor("create", "namespaces", func(action clienttesting.Action) (bool, runtime.Object, error) {
		namespace := action.(clienttesting.CreateAction).GetObject().(*corev1.Namespace)
		namespace.CreationTimestamp = metav1.NewTime(now)
		return false, nil, client.Tracker().Add(&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace.Name, Name: "default"}})
	})
	return t
}

func runNamespace(run string) *corev1.Namespace {
	return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespacePrefix + run, Labels: map[string]string{RunLabel: run}}}
}

func runLease(run, version string) *coordinationv1.Lease {
	return &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: namespacePrefix + run, Name: leaseName, Labels: map[string]string{RunLabel: run}, ResourceVersion: version}}
}

func namespaceNames(t *testing.T, target *Target) (names []string) {
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
	target := stampedTarget(otherClock, runNamespace("other"), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "kube-system"}})
	own := namespacePrefix + target.RunID
	for range 2 { // the second call finds it
		name, err := target.Namespace(t.Context())
		if err != nil || name != own {
			t.Fatalf("got %q, %v", name, err)
		}
	}
	want := []string{own, namespacePrefix + "other", "kube-system"}
	slices.Sort(want)
	if diff := cmp.Diff(want, namespaceNames(t, target)); diff != "" {
		t.Error(diff)
	}
	if err := target.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{namespacePrefix + "other", "kube-system"}, namespaceNames(t, target)); diff != "" {
		t.Error(diff)
	}
}

func TestSweep(t *testing.T) {
	const long = missed * beat
	before := map[string]string{"killed": "5", "alive": "5", "bare": ""}
	tests := map[string]struct {
		before  map[string]string
		elapsed time.Duration
		want    []string
	}{
		"what did not beat goes":         {before, long, []string{"alive", "younger"}},
		"too early to tell":              {before, long - 1, []string{"alive", "bare", "killed", "younger"}},
		"nobody was there before":        {map[string]string{}, long, []string{"alive", "bare", "killed", "younger"}},
		"only those that were looked on": {map[string]string{"bare": ""}, long, []string{"alive", "killed", "younger"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			target := fakeTarget(threeNodes, fakePods{},
				runNamespace("killed"), runLease("killed", "5"), runNamespace("alive"), runLease("alive", "6"), runNamespace("bare"), runNamespace("younger"), runLease("younger", "7"))
			target.sweep(t.Context(), test.before, test.elapsed)
			var left []string
			for _, name := range namespaceNames(t, target) {
				left = append(left, strings.TrimPrefix(name, namespacePrefix))
			}
			if diff := cmp.Diff(test.want, left); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestHeartBeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := fakeTarget(threeNodes, fakePods{})
		h, err := target.startHeart(t.Context(), "n")
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
		time.Sleep(beat + time.Second)
		if later := renewed(); !later.After(first) {
			t.Errorf("the lease was renewed at %v, and is still %v", first, later)
		}
		h.end()
		last := renewed()
		time.Sleep(3 * beat)
		if renewed() != last {
			t.Error("the heart beats after its end")
		}
	})
}

func TestNamespaceWaitsForItsAccount(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	target := fakeTarget(threeNodes, fakePods{}) // nobody furnishes namespaces here
	_, err := target.Namespace(ctx)
	wantErr(t, err, "ServiceAccount default: there is no such object")
	if err := target.Close(t.Context()); err != nil || len(namespaceNames(t, target)) > 0 {
		t.Errorf("left %q, %v", namespaceNames(t, target), err)
	}
}

// scheduler answers for a scheduler: it gives each new pod what place says, a
// node or else a reason.
func scheduler(target *Target, place func(*corev1.Pod) (node, reason string)) {
	target.Kube.Clientset.(*fake.Clientset).PrependReactor("create", "pods", func(action clienttesting.Action) (bool, runtime.Object, error) {
		pod := action.(clienttesting.CreateAction).GetObject().(*corev1.Pod)
		node, reason := place(pod)
		pod.Spec.NodeName = node
		if reason != "" {
			pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable, Message: reason}}
		}
		return false, nil, nil
	})
}

func TestSchedulerPlaces(t *testing.T) {
	tests := map[string]struct{ node, reason, want string }{
		"placed":         {"w1", "", ""},
		"refused":        {"", "0/3 nodes are available", "pod placed has no node: Unschedulable 0/3 nodes are available ("},
		"not looked at ": {"", "", "pod placed has no node: the scheduler has not looked at it ("},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			target := stampedTarget(otherClock)
			if err := target.Kube.Clientset.(*fake.Clientset).Tracker().Add(readyNode("w1")); err != nil {
				t.Fatal(err)
			}
			scheduler(target, func(*corev1.Pod) (string, string) { return test.node, test.reason })
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			evidence, err := schedulerPlaces(ctx, target)
			wantErr(t, err, test.want)
			if err == nil && len(evidence) != 1 {
				t.Errorf("evidence %q", evidence)
			}
		})
	}
}

func TestTaintKeepsAway(t *testing.T) {
	const reason = "0/3 nodes are available: 1 node(s) had untolerated taint(s)"
	honest := func(pod *corev1.Pod) (string, string) {
		if len(pod.Spec.Tolerations) > 0 {
			return "cp1", ""
		}
		return "", reason
	}
	tests := map[string]struct {
		edit  func(map[string]*corev1.Node, map[string]*corev1.Pod)
		place func(*corev1.Pod) (string, string)
		want  string
	}{
		"kept away": {nil, honest, ""},
		"another taint besides": {func(n map[string]*corev1.Node, _ map[string]*corev1.Pod) {
			n["cp1"].Spec.Taints = append(n["cp1"].Spec.Taints, corev1.Taint{Key: "dedicated", Effect: corev1.TaintEffectNoExecute})
		}, func(pod *corev1.Pod) (string, string) {
			switch len(pod.Spec.Tolerations) {
			case 2:
				return "cp1", ""
			case 1:
				return "", reason
			}
			return "", "Insufficient cpu" // the other taint would have kept it away
		}, ""},
		"no taint": {func(n map[string]*corev1.Node, _ map[string]*corev1.Pod) { n["cp1"].Spec.Taints = nil }, honest, "cp1: the taint node-role.kubernetes.io/control-plane:NoSchedule is missing"},
		"a weaker taint": {func(n map[string]*corev1.Node, _ map[string]*corev1.Pod) {
			n["cp1"].Spec.Taints[0].Effect = corev1.TaintEffectPreferNoSchedule
		}, honest, "the taint node-role.kubernetes.io/control-plane:NoSchedule is missing"},
		"no label":      {func(n map[string]*corev1.Node, _ map[string]*corev1.Pod) { n["cp1"].Labels = nil }, honest, "0 tainted control planes, expected 1"},
		"it is ignored": {nil, func(*corev1.Pod) (string, string) { return "cp1", "" }, "a pod that does not tolerate the taint was given to cp1"},
		"nobody is let": {nil, func(*corev1.Pod) (string, string) { return "", "Insufficient cpu" }, "a pod that tolerates the taint has no node: Unschedulable Insufficient cpu"},
		"another reason": {nil, func(pod *corev1.Pod) (string, string) {
			node, _ := honest(pod)
			return node, map[bool]string{true: "Insufficient cpu"}[node == ""]
		}, "but not for the taint: Unschedulable Insufficient cpu"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			target := stampedTarget(otherClock, smallCluster(test.edit)...)
			scheduler(target, test.place)
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			_, err := taintKeepsAway(ctx, target)
			wantErr(t, err, test.want)
		})
	}
}

// controllers answers for a controller manager: it makes the pods of a new
// ReplicaSet, and with heal another one for each that is deleted.
func controllers(target *Target, heal bool) {
	client := target.Kube.Clientset.(*fake.Clientset)
	add := func(namespace, name string) {
		_ = client.Tracker().Add(&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, UID: types.UID("uid-" + name), Labels: map[string]string{replicaLabel: "canary"}}})
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
			target := stampedTarget(otherClock)
			if test.root {
				_ = target.Kube.Clientset.(*fake.Clientset).Tracker().Add(&corev1.ConfigMap{
					ObjectMeta: metav1.ObjectMeta{Namespace: namespacePrefix + target.RunID, Name: rootCertificates}, Data: map[string]string{"ca.crt": "pem"}})
			}
			if test.make {
				controllers(target, test.heal)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			_, err := controllersReconcile(ctx, target)
			wantErr(t, err, test.want)
		})
	}
}

func TestDiscover(t *testing.T) {
	agentIn := func(namespace, name string) *appsv1.DaemonSet {
		return &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	}
	agent := func(name string) *appsv1.DaemonSet { return agentIn(systemNamespace, name) }
	recorded := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: recordNamespace, Name: recordName},
		Data: map[string]string{recordKey: `{"controlPlanes":3,"workers":4,"etcdMembers":3,"proxyMode":"none","cni":"cilium","probeImage":"probe"}`}}
	without := recorded.DeepCopy()
	without.Data[recordKey] = `{"controlPlanes":1,"workers":1,"etcdMembers":1,"proxyMode":"ipvs","cni":"none","probeImage":"probe"}`
	bare := Expectation{ControlPlanes: 1, Workers: 1, EtcdMembers: 1, ProxyMode: "ipvs", CNI: "none", ProbeImage: "probe"}
	later := bare
	later.CNI, later.CNINamespace = "calico", systemNamespace
	proxy := proxyConfig("kind: KubeProxyConfiguration\nmode: nftables\n")
	found := func(cni, namespace, proxyMode string) Expectation {
		return Expectation{ControlPlanes: 1, Workers: 2, ProxyMode: proxyMode, CNI: cni, CNINamespace: namespace, ProbeImage: DefaultProbeImage, Discovered: true}
	}
	tests := map[string]struct {
		objects []runtime.Object
		want    Expectation
	}{
		"recorded":           {[]runtime.Object{recorded, agent("calico-node")}, Expectation{ControlPlanes: 3, Workers: 4, EtcdMembers: 3, ProxyMode: "none", CNI: "cilium", ProbeImage: "probe"}},
		"made without a CNI": {[]runtime.Object{without, agent("kube-proxy")}, bare},
		"which came later":   {[]runtime.Object{without, agent("kube-proxy"), agent("calico-node")}, later},
		"calico":             {append(smallCluster(nil), agent("calico-node"), agent("kube-proxy"), proxy), found("calico", systemNamespace, "nftables")},
		"etcd": {append(smallCluster(nil), componentPod("etcd", "cp1")), func() Expectation {
			one := found("none", "", "none")
			one.EtcdMembers = 1
			return one
		}()},
		"cilium alone":             {append(smallCluster(nil), agent("cilium")), found("cilium", systemNamespace, "none")},
		"calico of its operator":   {append(smallCluster(nil), agentIn("calico-system", "calico-node")), found("calico", "calico-system", "none")},
		"another of the same name": {append(smallCluster(nil), agentIn("a", "cilium"), agent("cilium"), agentIn("z", "cilium")), found("cilium", systemNamespace, "none")},
		"flannel":                  {append(smallCluster(nil), agentIn("kube-flannel", "kube-flannel-ds"), agent("kube-proxy"), proxy), found("none", "", "nftables")},
		"kindnet":                  {append(smallCluster(nil), agent("kindnet"), agent("kube-proxy"), proxy), found("none", "", "nftables")},
		"a cloud's":                {append(smallCluster(nil), agent("aws-node"), agent("kube-proxy"), proxy), found("none", "", "nftables")},
		"none at all":              {smallCluster(nil), found("none", "", "none")},
	}
	silent := []runtime.Object{&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n"}}, agent("kube-proxy"), proxyConfig("")}
	if _, err := Discover(t.Context(), fakeTarget(Expectation{}, fakePods{}, silent...).Kube); err == nil || !strings.Contains(err.Error(), "nothing tells the mode of kube-proxy") {
		t.Errorf("of a kube-proxy that cannot be asked: %v", err)
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Discover(t.Context(), fakeTarget(Expectation{}, fakePods{}, test.objects...).Kube)
			if diff := cmp.Diff(test.want, got); diff != "" || err != nil {
				t.Error(err, diff)
			}
		})
	}
	broken := recorded.DeepCopy()
	broken.Data[recordKey] = "{"
	_, err := Discover(t.Context(), fakeTarget(Expectation{}, fakePods{}, broken).Kube)
	wantErr(t, err, "ConfigMap kube-system/kindctl: ")
}
