package config

import (
	"context"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindctl/kindctl/pkg/verify"
)

func TestMissed(t *testing.T) {
	for _, c := range []struct {
		name       string
		have, want any
		says       string
	}{
		{"the flag", "17m", "17m", ""},
		{"the same time", "1m0s", "60s", ""},
		{"another flag", "1h", "17m", `--x is "1h", not "17m", for which lab.yaml:7 asks`},
		{"no flag", nil, "17m", "--x is not set"},
		{"a flag that is to go", "17m", nil, "should be left out"},
		{"a flag that is gone", nil, nil, ""},
		{"more names than asked for", []any{"localhost", "a", "b"}, []any{"a"}, ""},
		{"fewer names", []any{"localhost"}, []any{"a"}, "not"},
		{"objects with what is filled in", []any{map[string]any{"name": "a", "readOnly": true}}, []any{map[string]any{"name": "a"}}, ""},
		{"objects without what is off", []any{map[string]any{"name": "a"}}, []any{map[string]any{"name": "a", "readOnly": false, "pathType": "", "uid": float64(0)}}, ""},
		{"objects with what is to be off", []any{map[string]any{"name": "a", "readOnly": true}}, []any{map[string]any{"name": "a", "readOnly": false}}, "not"},
		{"a list that is to be empty", []any{"a"}, []any{}, "not []"},
	} {
		got := missed(verify.Requested{Setting: "--x", Value: c.want, Source: "lab.yaml:7"}, c.have)
		if (got == "") != (c.says == "") || !strings.Contains(got, c.says) {
			t.Errorf("%s: %q, want %q", c.name, got, c.says)
		}
	}
}

func TestKubeletMissed(t *testing.T) {
	running := leaves(map[string]any{
		"maxPods": float64(25), "authorization": map[string]any{"mode": "AlwaysAllow"}, "logging": map[string]any{"verbosity": float64(3)},
		"evictionHard": map[string]any{"memory.available": "100Mi", "nodefs.available": "0%"}, "clusterDNS": []any{"169.254.20.10"},
		"authentication": map[string]any{"anonymous": map[string]any{"enabled": false}}, "nodeStatusUpdateFrequency": "10s",
	})
	node := corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "lab-worker", Labels: map[string]string{"ingress-ready": "true"}}}
	for _, c := range []struct {
		setting  string
		value    any
		says     string
		readable bool
	}{
		{"--max-pods", "25", "", true},
		{"--max-pods", "30", "--max-pods is 25 (maxPods), not 30", true},
		{"--authorization-mode", "AlwaysAllow", "", true},
		{"--authorization-mode", "Webhook", "authorization.mode", true},
		{"--v", "3", "", true},
		{"--anonymous-auth", "false", "", true},
		{"--eviction-hard", "memory.available<100Mi,nodefs.available<0%", "", true},
		{"--eviction-hard", "memory.available<200Mi", "evictionHard", true},
		{"--cluster-dns", "169.254.20.10", "", true},
		{"--node-status-update-frequency", "0m10s", "", true},
		{"--node-labels", "ingress-ready=true", "", true},
		{"--node-labels", "gpu=true", "the node lacks the label gpu=true", true},
		{"--cloud-provider", "external", "", false},
		{"maxPods", float64(25), "", true},
		{`evictionHard."memory.available"`, "100Mi", "", true},
		{`evictionHard."memory.available"`, "1Gi", `evictionHard."memory.available" is "100Mi"`, true},
		{"clusterDNS", []any{"10.0.0.1"}, "clusterDNS", true},
	} {
		problem, readable := kubeletMissed(verify.Requested{Setting: c.setting, Value: c.value}, running, node)
		if readable != c.readable || (problem == "") != (c.says == "") || !strings.Contains(problem, c.says) {
			t.Errorf("%s %v: %q, readable %v, want %q, %v", c.setting, c.value, problem, readable, c.says, c.readable)
		}
	}
}

func TestFlagsOf(t *testing.T) {
	pod := corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{{Command: []string{"kube-scheduler", "--v=1", "--leader-elect=true"}, Args: []string{"--v=3"}}}}}
	if flags := flagsOf(pod); flags["--v"] != "3" || flags["--leader-elect"] != "true" || len(flags) != 2 {
		t.Errorf("flags are %v", flags)
	}
}

func TestNothingRequested(t *testing.T) {
	containerd, kubelet := verify.Requested{Component: "containerd", Setting: "a"}, verify.Requested{Component: "kubelet", Setting: "maxPods"}
	reader := func(context.Context, string, []string) (verify.Containerd, error) { return verify.Containerd{}, nil }
	for name, c := range map[string]struct {
		requested []verify.Requested
		reader    verify.ReadContainerd
		want      string
	}{
		"nothing":                        {nil, reader, "the configuration asks for no settings of components"},
		"containerd":                     {[]verify.Requested{containerd}, reader, ""},
		"containerd, out of reach":       {[]verify.Requested{containerd}, nil, "containerd alone"},
		"containerd too, out of reach":   {[]verify.Requested{containerd, kubelet}, nil, ""},
		"a kubelet, whatever is reached": {[]verify.Requested{kubelet}, nil, ""},
	} {
		got := nothingRequested(&verify.Target{Expect: verify.Expectation{Requested: c.requested}, Containerd: c.reader})
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: the reason to skip is %q, want %q", name, got, c.want)
		}
	}
}

func TestFieldOf(t *testing.T) {
	configuration := map[string]any{"a": map[string]any{"b.c": map[string]any{"d": "e"}}}
	if got := fieldOf(configuration, `a."b.c".d`); got != "e" {
		t.Errorf("found %v", got)
	}
	if got := fieldOf(configuration, "a.b.c"); got != nil {
		t.Errorf("found %v, want nothing", got)
	}
}

func TestFlagsOverrideFields(t *testing.T) {
	running := leaves(map[string]any{"maxPods": float64(25), "podPidsLimit": float64(100)})
	rest := withoutOverridden([]verify.Requested{{Setting: "maxPods"}, {Setting: "podPidsLimit"}, {Setting: "--max-pods"}}, running)
	if len(rest) != 2 || rest[0].Setting != "podPidsLimit" || rest[1].Setting != "--max-pods" {
		t.Errorf("left are %+v, want the flag and the other field", rest)
	}
}
