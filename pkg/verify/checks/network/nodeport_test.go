package network

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

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/internal/targettest"
	"github.com/kindctl/kindctl/pkg/verify/internal/verifytest"
)

// TestPortsOfNodes asks for NodePorts and hostPorts, where one node serves neither.
func TestPortsOfNodes(t *testing.T) {
	for _, dead := range []string{"", "host-w2"} {
		var names map[string]string
		var target *verify.Target
		net := func(pod string, query url.Values) (targettest.Reply, error) {
			host := names[query.Get("host")]
			if host == pod {
				t.Errorf("%s is asked by itself", host)
			}
			if host == dead {
				return targettest.Reply{Errors: []string{"connection refused"}}, nil
			}
			return targettest.Reply{Responses: []string{"probe-" + host[len("host-"):]}}, nil
		}
		target, names = targettest.Networked(net)
		for id, run := range map[string]func() (verify.Evidence, error){
			"svc.nodeport": func() (verify.Evidence, error) { return nodePortsAnswer(t.Context(), target) },
			"net.hostport": func() (verify.Evidence, error) { return hostPortsAnswer(t.Context(), target) },
		} {
			evidence, err := run()
			if dead == "" {
				verifytest.WantErr(t, err, "")
				if len(evidence) != 2 {
					t.Errorf("%s: evidence %q", id, evidence)
				}
				continue
			}
			verifytest.WantErr(t, err, "w1 -> w2")
			if blamed := targettest.FindingsByNode(err); blamed["w2"] == nil || len(blamed) != 1 {
				t.Errorf("%s: it is about %v", id, blamed)
			}
		}
	}
}

// TestHostPortIsNotAdmitted: the probes do without, and the check does not apply.
func TestHostPortIsNotAdmitted(t *testing.T) {
	target, _ := targettest.Networked(func(string, url.Values) (targettest.Reply, error) { return targettest.Reply{}, nil })
	target.Kube.Clientset.(*fake.Clientset).PrependReactor("create", "pods", func(action clienttesting.Action) (bool, runtime.Object, error) {
		pod := action.(clienttesting.CreateAction).GetObject().(*corev1.Pod)
		if slices.ContainsFunc(pod.Spec.Containers[0].Ports, func(port corev1.ContainerPort) bool { return port.HostPort != 0 }) {
			return true, nil, apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, pod.Name,
				&apierrors.StatusError{ErrStatus: metav1.Status{Message: "violates PodSecurity: hostPort " + strconv.Itoa(int(pod.Spec.Containers[0].Ports[0].HostPort))}})
		}
		return false, nil, nil
	})
	_, err := hostPortsAnswer(t.Context(), target)
	if !verify.IsInapplicable(err) {
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
