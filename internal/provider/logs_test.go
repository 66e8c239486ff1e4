package provider

import (
	"strings"
	"testing"
)

func TestLastWords(t *testing.T) {
	const stamp = "2026-03-01T12:00:00.000000000Z stderr F "
	log := func(pod, container, file, text string) map[string]entry {
		return map[string]entry{podLogs + "/kube-system_" + pod + "_0123/" + container + "/" + file: {content: []byte(text)}}
	}
	for name, test := range map[string]struct {
		component string
		logs      map[string]entry
		want      string
	}{
		"a removed flag":    {"kube-apiserver", log("kube-apiserver-lab-control-plane", "kube-apiserver", "3.log", stamp+"Error: unknown flag: --insecure-port\n"), "unknown flag: --insecure-port"},
		"an unknown plugin": {"kube-apiserver", log("kube-apiserver-lab-control-plane", "kube-apiserver", "0.log", stamp+"I0301 1 server.go:1] starting\n"+stamp+`E0301 12:00:00.0 1 run.go:72] "command failed" err="enable-admission-plugins plugin \"PodSecurityPolicy\" is unknown"`+"\n"), `enable-admission-plugins plugin \"PodSecurityPolicy\" is unknown`},
		"etcd's old data":   {"etcd", log("etcd-lab-control-plane", "etcd", "1.log", stamp+`{"level":"fatal","ts":"x","caller":"y","msg":"discovery failed"}`+"\n"), "discovery failed"},
		"one that is at work after it failed": {"kube-apiserver", map[string]entry{
			podLogs + "/kube-system_kube-apiserver-a_0/kube-apiserver/0.log": {content: []byte(stamp + "Error: no etcd\n")},
			podLogs + "/kube-system_kube-apiserver-a_0/kube-apiserver/1.log": {content: []byte(strings.Repeat(stamp+"I0301 serving\n", freshLines))},
		}, ""},
		"one that has just been started again": {"kube-apiserver", map[string]entry{
			podLogs + "/kube-system_kube-apiserver-a_0/kube-apiserver/9.log":  {content: []byte(stamp + "Error: unknown flag\n")},
			podLogs + "/kube-system_kube-apiserver-a_0/kube-apiserver/10.log": {content: []byte(stamp + "I0301 starting\n")},
		}, "unknown flag"},
		"a component at work":         {"kube-scheduler", log("kube-scheduler-lab-control-plane", "kube-scheduler", "0.log", stamp+"I0301 1 server.go:1] serving\n"), ""},
		"another pod's":               {"etcd", log("etcd-client-lab-control-plane", "client", "0.log", stamp+"Error: x\n"), ""},
		"a component that has no log": {"etcd", nil, ""},
	} {
		if got := lastErrorIn(test.component, test.logs); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

func TestKubeletsComplaint(t *testing.T) {
	journal := `Started kubelet.service - kubelet: The Kubernetes Node Agent.
I0301 12:00:00.950597     854 server.go:919] "NoSwap is set due to memorySwapBehavior not specified"
E0301 12:00:00.951338     854 run.go:72] "command failed" err="failed to run Kubelet: cgroup [\"kubelet\"] has some missing paths"
kubelet.service: Main process exited, code=exited, status=1/FAILURE
`
	if got, want := exitReason(strings.Lines(journal)), `failed to run Kubelet: cgroup [\"kubelet\"] has some missing paths`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
