package diagnose

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	k8stesting "k8s.io/client-go/testing"
)

func pod(name string, containers ...corev1.ContainerStatus) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: name}, Spec: corev1.PodSpec{NodeName: "lab-worker"},
		Status: corev1.PodStatus{Phase: corev1.PodRunning, ContainerStatuses: containers}}
}

var (
	running = corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}
	crashed = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 2, Message: "no\nroute"}}
	waiting = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff", Message: "back-off 10s"}}
	queued  = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}}
)

func warning(name, message string, minute int) *corev1.Event {
	return &corev1.Event{
		ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: name},
		Type:       corev1.EventTypeWarning,
		Reason:     "FailedMount",
		Message:    message,
		Count:      3,
		InvolvedObject: corev1.ObjectReference{
			Kind:      "Pod",
			Namespace: "kube-system",
			Name:      "agent",
		},
		LastTimestamp: metav1.NewTime(time.Unix(int64(60*minute), 0)),
	}
}

// tree lists the files beneath a directory.
func tree(t *testing.T, dir string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err == nil && info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		relative, _ := filepath.Rel(dir, path)
		files = append(files, relative)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestCollect(t *testing.T) {
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "lab-worker"}, Status: corev1.NodeStatus{
		Addresses: []corev1.NodeAddress{
			{Type: corev1.NodeInternalIP, Address: "172.18.0.3"},
		}, NodeInfo: corev1.NodeSystemInfo{KubeletVersion: "v1.37.2"},
		Conditions: []corev1.NodeCondition{
			{Type: corev1.NodeDiskPressure, Status: corev1.ConditionTrue},
			{Type: corev1.NodeReady, Status: corev1.ConditionFalse, Message: "no CNI"},
		}}}
	client := fake.NewClientset(
		node,
		pod(
			"agent",
			corev1.ContainerStatus{Name: "main", State: waiting, RestartCount: 4, LastTerminationState: crashed},
			corev1.ContainerStatus{Name: "side", State: running},
		),
		pod("young", corev1.ContainerStatus{Name: "main", State: queued}),
		warning("later", "token abcdef.0123456789abcdef is\nrefused", 5), warning("earlier", "no volume", 4))
	dir := t.TempDir()
	if err := Collect(t.Context(), client, dir); err != nil {
		t.Fatal(err)
	}
	want := []string{"events.txt", "logs/kube-system/agent/main.previous.log", "logs/kube-system/agent/side.log", "nodes.txt", "pods.txt"}
	if diff := cmp.Diff(want, tree(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	for file, want := range map[string]string{
		"nodes.txt": `NAME        READY  KUBELET  ADDRESS     PRESSURE OR REASON
lab-worker  False  v1.37.2  172.18.0.3  DiskPressure no CNI
`,
		"pods.txt": `NAMESPACE    NAME   NODE        PHASE    READY  RESTARTS  REASON
kube-system  agent  lab-worker  Running  false  4         container main: CrashLoopBackOff: back-off 10s
kube-system  young  lab-worker  Running  false  0         
`,
		"events.txt": `LAST SEEN             TIMES  TYPE     REASON       OBJECT                 MESSAGE
1970-01-01T00:04:00Z  3      Warning  FailedMount  Pod kube-system/agent  no volume
1970-01-01T00:05:00Z  3      Warning  FailedMount  Pod kube-system/agent  token [redacted] is refused
`,
		"logs/kube-system/agent/side.log": "fake logs",
	} {
		got, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
	}
}

// TestCollectKeepsWhatItCan wants pods when events are refused, and to be told.
func TestCollectKeepsWhatItCan(t *testing.T) {
	client := fake.NewClientset(pod("agent", corev1.ContainerStatus{Name: "main", State: running}))
	refused := errors.New("no events for you")
	client.PrependReactor("list", "events", func(k8stesting.Action) (bool, runtime.Object, error) { return true, nil, refused })
	dir := t.TempDir()
	if err := Collect(t.Context(), client, dir); !errors.Is(err, refused) {
		t.Errorf("error is %v, want %v", err, refused)
	}
	if diff := cmp.Diff([]string{"logs/kube-system/agent/main.log", "nodes.txt", "pods.txt"}, tree(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

// TestCollectReadsNoSecrets holds what is asked of the API.
func TestCollectReadsNoSecrets(t *testing.T) {
	client := fake.NewClientset(pod("agent", corev1.ContainerStatus{Name: "main", State: running}))
	if err := Collect(t.Context(), client, t.TempDir()); err != nil {
		t.Fatal(err)
	}
	if len(client.Actions()) < 4 {
		t.Fatalf("only %d requests were seen", len(client.Actions()))
	}
	for _, action := range client.Actions() {
		switch action.GetResource().Resource {
		case "nodes", "pods", "events":
		default:
			t.Errorf("asks to %s %s", action.GetVerb(), action.GetResource().Resource)
		}
	}
}

func TestRedact(t *testing.T) {
	const jwt = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrdWJlcm5ldGVzIn0.c2lnbmF0dXJl-_"
	for text, want := range map[string]string{
		"token=" + jwt + " rest": "token=[redacted] rest",
		"a\n-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nb": "a\n[redacted]\nb",
		"-----BEGIN PRIVATE KEY-----\ncut off":                                       "[redacted]",
		"kubeadm join --token abcdef.0123456789abcdef now":                           "kubeadm join --token [redacted] now",
		"Authorization: Bearer abcdefghijklmnop1234":                                 "Authorization: [redacted]",
		"etcd-lab-control-plane: ready, coredns.kube-system.svc":                     "etcd-lab-control-plane: ready, coredns.kube-system.svc",
		"-----BEGIN CERTIFICATE-----":                                                "-----BEGIN CERTIFICATE-----",
		"client-key-data: LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQo=":              "client-key-data: [redacted]",
		"HTTPS_PROXY=http://ada:secret@proxy:3128/":                                  "HTTPS_PROXY=http://[redacted]proxy:3128/",
		`{"password":"hunter2","user":"ada"}`:                                        `{"password":"[redacted]","user":"ada"}`,
		"DB_PASSWORD=hunter2 next":                                                   "DB_PASSWORD=[redacted] next",
		`"msg":"{\"api_key\": \"k-123\"}"`:                                           `"msg":"{\"api_key\": \"[redacted]\"}"`,
		"push with ghp_" + strings.Repeat("a1", 18):                                  "push with [redacted]",
		"key AKIAABCDEFGHIJKLMNOP.":                                                  "key [redacted].",
		"certificateKey: " + strings.Repeat("0f", 32):                                "certificateKey: [redacted]",
		"--certificate-key " + strings.Repeat("0f", 32):                              "--certificate-key [redacted]",
		"token: 0123456789abcdef0123":                                                "token: [redacted]",
		"secretName: registry, token-ttl=24h, tokens: 5":                             "secretName: registry, token-ttl=24h, tokens: 5",
		"sha256:" + strings.Repeat("0f", 32):                                         "sha256:" + strings.Repeat("0f", 32),
	} {
		if got := string(Redact([]byte(text))); got != want {
			t.Errorf("%q becomes %q, want %q", strings.ReplaceAll(text, "\n", "|"), got, want)
		}
	}
}

func TestReason(t *testing.T) {
	unscheduled := corev1.Pod{
		Status: corev1.PodStatus{
			Conditions: []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Message: "0/3 nodes are available"}},
		},
	}
	for want, p := range map[string]corev1.Pod{
		"container c: CrashLoopBackOff: back-off 10s":   *pod("a", corev1.ContainerStatus{Name: "c", State: waiting}),
		"container c ended with exit code 2: no\nroute": *pod("a", corev1.ContainerStatus{Name: "b", State: queued}, corev1.ContainerStatus{Name: "c", State: crashed}),
		"0/3 nodes are available":                       unscheduled,
		"":                                              *pod("a", corev1.ContainerStatus{Name: "c", State: running}),
	} {
		if got := Reason(p); got != want {
			t.Errorf("reason %q, want %q", got, want)
		}
	}
}
