package bootstrap

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/provider"
)

// start is when the nodes of these tests were started; before and after surround it.
var (
	start  = time.Date(2026, 1, 2, 3, 4, 5, 600e6, time.UTC)
	before = metav1.NewTime(start.Add(-time.Minute))
	after  = metav1.NewTime(start.Truncate(time.Second)) // Kubernetes writes whole seconds
)

func since() map[string]time.Time {
	return (&Start{nodes: []*provider.Node{{Name: "a", Started: start}, {Name: "b", Started: start}}}).since()
}

func TestAfresh(t *testing.T) {
	heard := func(name string, at metav1.Time) *corev1.Node {
		n := node(name, corev1.ConditionTrue, "")
		n.Status.Conditions[0].LastHeartbeatTime = at
		return n
	}
	if err := reportedSince([]*corev1.Node{heard("a", after), heard("b", after)}, since()); err != nil {
		t.Errorf("nodes that have reported are waited for: %v", err)
	}
	err := reportedSince([]*corev1.Node{heard("b", before), heard("a", before)}, since())
	if err == nil || err.Error() != "not heard of since the start: a, b" {
		t.Errorf("reports of before the start give %v", err)
	}
}

func TestRunningPods(t *testing.T) {
	pod := func(name string, started metav1.Time, change func(*corev1.Pod)) *corev1.Pod {
		p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.PodSpec{NodeName: "a"}, Status: corev1.PodStatus{
			Conditions:        []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}},
			ContainerStatuses: []corev1.ContainerStatus{{State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: started}}}},
		}}
		if change != nil {
			change(p)
		}
		return p
	}
	unready := func(p *corev1.Pod) { p.Status.Conditions[0].Status = corev1.ConditionFalse }
	waiting := func(p *corev1.Pod) { p.Status.ContainerStatuses[0].State = corev1.ContainerState{} }
	failed := func(p *corev1.Pod) { p.Status.Phase = corev1.PodFailed; unready(p) }
	leaving := func(p *corev1.Pod) { p.DeletionTimestamp = &after; unready(p) }
	elsewhere := func(p *corev1.Pod) { p.Spec.NodeName = "another" } // of which no start is known
	good := []*corev1.Pod{pod("anew", after, nil), pod("failed", before, failed), pod("leaving", before, leaving), pod("elsewhere", before, elsewhere)}
	if err := running(good, since()); err != nil {
		t.Errorf("pods that run are waited for: %v", err)
	}
	bad := append(slices.Clone(good), pod("stale", before, nil), pod("unready", after, unready), pod("waiting", after, waiting))
	if err := running(bad, since()); err == nil || err.Error() != "stale; unready; waiting" {
		t.Errorf("waited for are %v", err)
	}
	if err := running(nil, since()); err == nil {
		t.Error("no pod at all counts as all of them")
	}
}

// TestUntilReady asks a server that is ready at the third time, and one that
// never is.
func TestUntilReady(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/readyz" || asked.Add(1) < 3 {
			http.Error(w, "[+]ping ok\n[-]etcd failed: reason withheld\n[-]poststarthook/rbac failed: reason withheld\nreadyz check failed", http.StatusInternalServerError)
		}
	}))
	defer server.Close()
	config := direct(&rest.Config{Host: "https://192.0.2.1"}, netip.MustParseAddrPort(server.Listener.Addr().String()))
	if config.ServerName != "kubernetes" {
		t.Errorf("the server is taken for %q", config.ServerName)
	}
	config.TLSClientConfig = rest.TLSClientConfig{Insecure: true}
	var said []string
	const waiting = "not ready yet: etcd, poststarthook/rbac"
	if err := untilReady(t.Context(), config, func(err error) { said = append(said, err.Error()) }); err != nil || !slices.Equal(said, []string{waiting, waiting}) {
		t.Errorf("the wait ends with %v after %q", err, said)
	}
	asked.Store(-1000)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := untilReady(ctx, config, func(error) {}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a wait that is over gives %v", err)
	}
}

func TestDirectAnywhere(t *testing.T) {
	if got := direct(&rest.Config{}, netip.MustParseAddrPort("0.0.0.0:6443")).Host; got != "https://127.0.0.1:6443" {
		t.Errorf("a port that is published on every address is dialed at %s", got)
	}
}

// TestLeave wants a wait that is over to be a warning, for the verification tells
// what is wrong, and everything else to end the start.
func TestLeave(t *testing.T) {
	recorder := &event.Recorder{}
	s := NewStart(StartConfig{Sink: recorder})
	late := hint.New(hint.Timeout, "NODES_NOT_READY", "not all nodes are ready", "look")
	if _, err := s.deferTimeout(t.Context(), "", late); err != nil {
		t.Errorf("a wait that is over ends the start: %v", err)
	}
	if events := recorder.Events(); len(events) != 1 || events[0].Kind != event.Warning || events[0].Hint != "look" {
		t.Errorf("events are %+v", events)
	}
	if _, err := s.deferTimeout(t.Context(), "", errors.New("forbidden")); err == nil {
		t.Error("an error that is no timeout is passed over")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.deferTimeout(ctx, "", late); err == nil {
		t.Error("an interrupt is passed over")
	}
}

func TestStartPlanNamesAreUnique(t *testing.T) {
	seen := map[string]bool{}
	for _, phase := range NewStart(StartConfig{}).Plan() {
		if seen[phase.Name] || phase.Title == "" || phase.Run == nil {
			t.Errorf("phase %q is there twice, or has no title or function", phase.Name)
		}
		seen[phase.Name] = true
	}
}
