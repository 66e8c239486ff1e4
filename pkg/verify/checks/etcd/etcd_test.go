package etcd

import (
	"errors"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/internal/targettest"
	"github.com/kindctl/kindctl/pkg/verify/internal/verifytest"
)

const (
	listOfOne     = `{"members":[{"ID":6673461441410251605,"name":"cp1","peerURLs":["https://172.18.0.2:2380"]}]}`
	listOfTwo     = `{"members":[{"ID":2,"name":"cp2"},{"ID":1,"name":"cp1"}]}`
	listOfTwoToo  = `{"members":[{"ID":1,"name":"cp1"},{"ID":2,"name":"cp2"}]}`
	listWithOther = `{"members":[{"ID":1,"name":"cp1"},{"ID":9,"name":"cp2"}]}`
	listLearner   = `{"members":[{"ID":1,"name":"cp1"},{"ID":2,"peerURLs":["https://172.18.0.9:2380"],"isLearner":true}]}`
)

func TestEtcdMembers(t *testing.T) {
	one, two := verifytest.ComponentPod("etcd", "cp1"), verifytest.ComponentPod("etcd", "cp2")
	tests := map[string]struct {
		members int
		pods    []runtime.Object
		execs   map[string]string
		want    string
	}{
		"one":              {1, []runtime.Object{one}, map[string]string{"etcd-cp1": listOfOne}, ""},
		"two in any order": {2, []runtime.Object{one, two}, map[string]string{"etcd-cp1": listOfTwo, "etcd-cp2": listOfTwoToo}, ""},
		"lists differ":     {2, []runtime.Object{one, two}, map[string]string{"etcd-cp1": listOfTwo, "etcd-cp2": listWithOther}, "the lists differ: etcd-cp1 lists cp1=1, cp2=2; etcd-cp2 lists cp1=1, cp2=9"},
		"a learner":        {1, []runtime.Object{one}, map[string]string{"etcd-cp1": listLearner}, "the member at https://172.18.0.9:2380 is a learner"},
		"one too many":     {1, []runtime.Object{one}, map[string]string{"etcd-cp1": listOfTwo}, "2 members in the list, expected 1"},
		"a pod is gone":    {2, []runtime.Object{one}, map[string]string{"etcd-cp1": listOfTwo}, "1 etcd pods, expected 2"},
		"a member is dead": {2, []runtime.Object{one, two}, map[string]string{"etcd-cp1": listOfTwo}, "etcd-cp2: etcdctl: exit code 1: connection refused"},
		"none":             {1, nil, nil, "0 etcd pods, expected 1"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := etcdMembers(
				t.Context(), targettest.New(verify.Expectation{EtcdMembers: test.members}, verifytest.Pods{Outputs: test.execs}, test.pods...),
			)
			verifytest.WantErr(t, err, test.want)
		})
	}
}

// TestEtcdMembersAnswerForThemselves: one that is cut off has no agreed list.
func TestEtcdMembersAnswerForThemselves(t *testing.T) {
	for name, old := range map[string]bool{"etcd 3.6": false, "etcd 3.5": true} {
		t.Run(name, func(t *testing.T) {
			exec := func(_ kube.PodRef, command []string) (string, error) {
				if slices.Contains(command, "--consistency=s") == old {
					return "", &kube.ExecError{Command: command, ExitCode: 1, Stderr: "Error: unknown flag: --consistency"}
				}
				return listOfOne, nil
			}
			_, err := etcdMembers(t.Context(), targettest.New(targettest.ThreeNodes, verifytest.Pods{OnExec: exec}, verifytest.ComponentPod("etcd", "cp1")))
			verifytest.WantErr(t, err, "")
		})
	}
}

func TestEtcdIsNotEvaluatedWhenNothingRanInIt(t *testing.T) {
	pods := verifytest.Pods{OnExec: func(kube.PodRef, []string) (string, error) { return "", errors.New("connection reset by peer") }}
	target := targettest.New(targettest.ThreeNodes, pods, verifytest.ComponentPod("etcd", "cp1"))
	for name, run := range map[string]func() error{
		"members": func() error { _, err := etcdMembers(t.Context(), target); return err },
		"quorum":  func() error { _, err := etcdQuorum(t.Context(), target); return err },
		"space":   func() error { _, err := etcdSpace(t.Context(), target); return err },
	} {
		err := run()
		verifytest.WantErr(t, err, "etcd-cp1: connection reset by peer")
		if !verify.IsUnobservable(err) {
			t.Errorf("%s: %v is a verdict", name, err)
		}
	}
}

// TestExternalEtcd asks each member that the API servers know, through a pod that is
// there for it.
func TestExternalEtcd(t *testing.T) {
	const servers = "--etcd-servers=https://lab-external-etcd:2379,https://lab-external-etcd2:2379"
	server, client := verifytest.ComponentPod("kube-apiserver", "cp1"), verifytest.ComponentPod(ClientComponent, "cp1")
	server.Spec.Containers = []corev1.Container{{Command: []string{"kube-apiserver", servers}}}
	client.Status.Phase = corev1.PodRunning
	expect := verify.Expectation{ControlPlanes: 1, EtcdMembers: 2, ExternalEtcd: true}
	asked := func(dead string) verifytest.Pods {
		return verifytest.Pods{OnExec: func(pod kube.PodRef, command []string) (string, error) {
			if pod.Name != "etcd-client-cp1" || pod.Container != ClientComponent {
				t.Errorf("%v was asked", pod)
			}
			if dead != "" && slices.Contains(command, "--endpoints=https://"+dead+":2379") {
				return "", &kube.ExecError{Command: command, ExitCode: 1, Stderr: `{"level":"warn"}` + "\n" + `{"level":"fatal","msg":"it is gone","stacktrace":"long"}` + "\n"}
			}
			return listOfTwo, nil
		}}
	}
	for name, test := range map[string]struct {
		pods    verifytest.Pods
		objects []runtime.Object
		want    string
	}{
		"all answer":        {asked(""), []runtime.Object{server, client}, ""},
		"one does not":      {asked("lab-external-etcd2"), []runtime.Object{server, client}, "lab-external-etcd2: etcdctl: exit code 1: it is gone"},
		"no one to ask":     {asked(""), []runtime.Object{server}, "none of 0 pods etcd-client runs"},
		"no API server":     {asked(""), []runtime.Object{client}, "0 kube-apiserver pods, expected 1"},
		"no one told of it": {asked(""), []runtime.Object{verifytest.ComponentPod("kube-apiserver", "cp1"), client}, "kube-apiserver-cp1 was not told of etcd"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := etcdMembers(t.Context(), targettest.New(expect, test.pods, test.objects...))
			verifytest.WantErr(t, err, test.want)
		})
	}
}
