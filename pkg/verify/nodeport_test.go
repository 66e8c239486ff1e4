package verify

import (
	"net/url"
	"slices"
	"strconv"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
)

// TestPortsOfNodes asks for NodePorts and hostPorts, where one node serves neither.
func TestPortsOfNodes(t *testing.T) {
	for _, dead := range []string{"", "host-w2"} {
		var names map[string]string
		var target *Target
		net := func(pod string, query url.Values) (reply, error) {
			host := names[query.Get("host")]
			if host == pod {
				t.Errorf("%s is asked by itself", host)
			}
			if host == dead {
				return reply{Errors: []string{"connection refused"}}, nil
			}
			return reply{Responses: []string{"probe-" + host[len("host-"):]}}, nil
		}
		target, names = networked(net)
		for id, run := range map[string]func() (Evidence, error){
			"svc.nodeport": func() (Evidence, error) { return nodePortsAnswer(t.Context(), target) },
			"net.hostport": func() (Evidence, error) { return hostPortsAnswer(t.Context(), target) },
		} {
			evidence, err := run()
			if dead == "" {
				wantErr(t, err, "")
				if len(evidence) != 2 {
					t.Errorf("%s: evidence %q", id, evidence)
				}
				continue
			}
			wantErr(t, err, "w1 -> w2")
			if blamed := byNode(err); blamed["w2"] == nil || len(blamed) != 1 {
				t.Errorf("%s: it is about %v", id, blamed)
			}
		}
	}
}

func TestChoosePodPort(t *testing.T) {
	target, _ := networked(nil)
	first := target.podPort()
	if first < firstPodPort || first >= firstPodPort+podPorts {
		t.Fatalf("the port is %d", first)
	}
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "theirs", Namespace: "default"}}
	pod.Spec.Containers = []corev1.Container{{Ports: []corev1.ContainerPort{{HostPort: int32(first)}}}}
	if err := target.Kube.Clientset.(*fake.Clientset).Tracker().Add(pod); err != nil {
		t.Fatal(err)
	}
	if err := target.choosePodPort(t.Context()); err != nil {
		t.Fatal(err)
	}
	if port := target.podPort(); port == first {
		t.Errorf("port %d is another pod's", port)
	}
}

// TestHostPortIsNotAdmitted: the probes do without, and the check does not apply.
func TestHostPortIsNotAdmitted(t *testing.T) {
	target, _ := networked(func(string, url.Values) (reply, error) { return reply{}, nil })
	target.Kube.Clientset.(*fake.Clientset).PrependReactor("create", "pods", func(action clienttesting.Action) (bool, runtime.Object, error) {
		pod := action.(clienttesting.CreateAction).GetObject().(*corev1.Pod)
		if slices.ContainsFunc(pod.Spec.Containers[0].Ports, func(port corev1.ContainerPort) bool { return port.HostPort != 0 }) {
			return true, nil, apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, pod.Name,
				&apierrors.StatusError{ErrStatus: metav1.Status{Message: "violates PodSecurity: hostPort " + strconv.Itoa(int(pod.Spec.Containers[0].Ports[0].HostPort))}})
		}
		return false, nil, nil
	})
	_, err := hostPortsAnswer(t.Context(), target)
	if !isInapplicable(err) {
		t.Errorf("the error is %v", err)
	}
}

func TestServesNodePorts(t *testing.T) {
	for _, tt := range []struct {
		served  []string
		address string
		want    bool
	}{
		{nil, "172.18.0.2", true},
		{[]string{"primary"}, "172.18.0.2", true},
		{[]string{"127.0.0.0/8"}, "172.18.0.2", false},
		{[]string{"127.0.0.0/8", "172.18.0.0/16"}, "172.18.0.2", true},
		{[]string{"172.18.0.0/16"}, "fc00::2", false},
	} {
		if got := servesNodePorts(tt.served, tt.address); got != tt.want {
			t.Errorf("%q serves %s: %v", tt.served, tt.address, got)
		}
	}
}
