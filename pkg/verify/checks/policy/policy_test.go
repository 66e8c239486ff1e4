package policy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/internal/targettest"
	"github.com/kindctl/kindctl/pkg/verify/internal/verifytest"
	"github.com/kindctl/kindctl/pkg/verify/probe"
)

// engine is a cluster's policy engine, with faults.
type engine struct {
	mu       sync.Mutex
	applied  map[string]map[string]string // the policies, with the labels that they let in
	since    time.Time
	lag      time.Duration // until a change takes effect
	ignores  []string      // policies that are not enforced
	deadNode string        // whose targets nothing protects
	sticky   bool          // policies stay in force when they are deleted
	leaky    bool          // whoever is let in opens the door for all
	blanket  bool          // pods that no policy selects are isolated too
	refuses  bool          // refuses instead of dropping
	fails    error         // what connecting gives
	forgets  time.Duration // after which all are let in
}

func (e *engine) apply(_ context.Context, policy string, from map[string]string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.applied == nil {
		e.applied = map[string]map[string]string{}
	}
	e.since, e.applied[policy] = time.Now(), from
	return nil
}

func (e *engine) remove(_ context.Context, policies ...string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, policy := range policies {
		if !e.sticky {
			delete(e.applied, policy)
		}
	}
	e.since = time.Now()
	return nil
}

func (e *engine) connect(_ context.Context, from, to probe.Probe, patience time.Duration) (connResult, error) {
	switch {
	case e.fails != nil:
		return "", e.fails
	case e.passes(from, to):
		return reached, nil
	case e.refuses:
		return "refused", nil
	}
	const again = time.Second // when a packet without an answer is sent again
	time.Sleep(min(patience, again))
	if patience > again {
		if e.passes(from, to) {
			return reached, nil
		}
		time.Sleep(patience - again)
	}
	return timedOut, nil
}

func (e *engine) passes(from, to probe.Probe) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	isTarget := slices.Contains(probe.Names(policyStandOfThree.targets), to.Name)
	_, isolated := e.applied[denyPolicy]
	_, allowing := e.applied[allowPolicy]
	isolated = isolated && !slices.Contains(e.ignores, denyPolicy) && to.Node != e.deadNode && (isTarget || e.blanket)
	if e.forgets > 0 && time.Since(e.since) >= e.forgets {
		return true
	}
	if time.Since(e.since) < e.lag {
		return !isolated
	}
	allowing = allowing && !slices.Contains(e.ignores, allowPolicy)
	return !isolated || allowing && (e.leaky || from.Name == policyStandOfThree.allowedClient.Name)
}

func probesOn(prefix string, nodes ...string) (probes []probe.Probe) {
	for _, node := range nodes {
		probes = append(
			probes,
			probe.Probe{
				PodRef:   kube.PodRef{Namespace: "ns", Name: prefix + node},
				Node:     node,
				IP:       "10.0.0.1",
				IPs:      []string{"10.0.0.1"},
				HTTPPort: probe.HTTPPort,
			},
		)
	}
	return probes
}

var policyStandOfThree = policyFixture{
	targets: probesOn("target-", "cp", "w1", "w2"), fleet: probesOn("probe-", "cp", "w1", "w2"),
	allowedClient: probesOn("probe-", "cp")[0],
}

func TestPolicies(t *testing.T) {
	const within = 15 * time.Second // a failure is told, but for the start of pods
	tests := map[string]struct {
		engine      *engine
		deny, allow string // causes; "-" means not tried
	}{
		"works":               {&engine{}, "", ""},
		"works after a while": {&engine{lag: 2 * time.Second}, "", ""},
		"enforces nothing": {&engine{ignores: []string{denyPolicy, allowPolicy}},
			"under a policy that denies all: probe-cp on cp -> target-cp on cp (10.0.0.1:8080): reached, want: timed out", "-"},
		"dead on one node":          {&engine{deadNode: "w2"}, "probe-cp on cp -> target-w2 on w2 (10.0.0.1:8080): reached, want: timed out", "-"},
		"refuses":                   {&engine{refuses: true}, "refused, want: timed out", "-"},
		"enforces for a while":      {&engine{forgets: 700 * time.Millisecond}, "later under a policy that denies all: probe-", "-"},
		"isolates all pods":         {&engine{blanket: true}, "later under a policy that denies all: probe-cp on cp -> probe-w2 on w2 (10.0.0.1:8080): timed out, want: reached", "-"},
		"does not lift":             {&engine{sticky: true}, "after the policies were deleted: probe-", ""},
		"blocks the allowed client": {&engine{ignores: []string{allowPolicy}}, "", "an allowed client under a policy that allows its label: probe-cp on cp -> target-cp on cp (10.0.0.1:8080): timed out, want: reached"},
		"lets strangers in":         {&engine{leaky: true}, "", "under a policy that allows one label: probe-w1 on w1 -> target-cp on cp (10.0.0.1:8080): reached, want: timed out"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now()
				deny, allow := policyStandOfThree.tryPolicies(t.Context(), test.engine)
				verifytest.WantErr(t, deny.err, test.deny)
				if allow.tried == (test.allow == "-") {
					t.Errorf("allow tried: %t", allow.tried)
				}
				if test.allow != "-" {
					verifytest.WantErr(t, allow.err, test.allow)
				}
				for _, err := range []error{deny.err, allow.err} {
					if err != nil && (verify.IsUnobservable(err) || !verify.IsFinal(err)) {
						t.Errorf("not a final failure: %v", err)
					}
				}
				if took := time.Since(begun); took > within {
					t.Errorf("took %s", took)
				}
				if deny.err == nil && len(deny.evidence) == 0 || allow.tried && allow.err == nil && len(allow.evidence) == 0 {
					t.Errorf("no evidence: %q, %q", deny.evidence, allow.evidence)
				}
				if len(test.engine.applied) > 0 && !test.engine.sticky {
					t.Errorf("policies are left: %v", test.engine.applied)
				}
			})
		})
	}
}

// TestUnenforced: that no policy has an effect anywhere is known apart from an
// engine that is broken in part, and with a CNI that kindctl does not know it is no
// failure.
func TestUnenforced(t *testing.T) {
	tests := map[string]struct {
		engine *engine
		want   bool
	}{
		"nothing is enforced":             {&engine{ignores: []string{denyPolicy, allowPolicy}}, true},
		"not on one node":                 {&engine{deadNode: "w2"}, false},
		"enforced for a while":            {&engine{forgets: 700 * time.Millisecond}, false},
		"refused":                         {&engine{refuses: true}, false},
		"an allowed client is not let in": {&engine{ignores: []string{allowPolicy}}, false},
		"works":                           {&engine{}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				deny, _ := policyStandOfThree.tryPolicies(t.Context(), test.engine)
				nothing, is := errors.AsType[unenforced](deny.err)
				if is != test.want || is && nothing.connections != len(policyStandOfThree.everyone()) {
					t.Errorf("got %v of %d connections: %v", is, nothing.connections, deny.err)
				}
			})
		})
	}
	deny, allow := withoutEngine(8)
	if !verify.IsWarning(deny.err) || !verify.IsInapplicable(allow.err) || !allow.tried {
		t.Errorf("got %v, %v", deny.err, allow.err)
	}
}

func TestPoliciesUnseen(t *testing.T) {
	deny, allow := policyStandOfThree.tryPolicies(t.Context(), &engine{fails: verify.Unobservable(errors.New("exec: 502"))})
	if !verify.IsUnobservable(deny.err) || verify.IsFinal(deny.err) || allow.tried {
		t.Errorf("got %v, %v", deny.err, allow)
	}
}

// What is isolated already proves nothing about the policy to come.
func TestPoliciesWantAnOpenStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		field := &engine{sticky: true, applied: map[string]map[string]string{denyPolicy: nil}}
		deny, allow := policyStandOfThree.tryPolicies(t.Context(), field)
		verifytest.WantErr(t, deny.err, "before any policy: probe-cp on cp -> target-cp on cp (10.0.0.1:8080): timed out, want: reached")
		if verify.IsFinal(deny.err) || verify.IsUnobservable(deny.err) || allow.tried {
			t.Errorf("got %v, %v", deny.err, allow)
		}
	})
}

func TestPolicyPairs(t *testing.T) {
	alone := policyFixture{targets: probesOn("target-", "cp"), fleet: probesOn("probe-", "cp"), allowedClient: probesOn("allowed-", "cp")[0]}
	if pairs := alone.deniedPairs(); len(pairs) != 1 {
		t.Errorf("one node: %v", pairs)
	}
	foreign := map[string]bool{}
	for _, p := range policyStandOfThree.deniedPairs() {
		foreign[p.To.Node] = true
	}
	local, remote := map[string]int{}, map[string]int{}
	for _, p := range policyStandOfThree.everyone() {
		if p.From.Node == p.To.Node {
			local[p.To.Node]++
		} else {
			remote[p.To.Node]++
		}
	}
	for _, node := range []string{"cp", "w1", "w2"} {
		if local[node] != 1 || remote[node] == 0 || !foreign[node] {
			t.Errorf("%s: %d local, %d remote, from a stranger %v", node, local[node], remote[node], foreign[node])
		}
	}
}

func TestPolicyRunHandsOver(t *testing.T) {
	run, other := sharedPolicyRun(targettest.New(targettest.ThreeNodes, verifytest.Pods{})), sharedPolicyRun(
		targettest.New(targettest.ThreeNodes, verifytest.Pods{}),
	)
	failed := attempt{tried: true, err: errors.New("blocked")}
	run.keep(failed)
	if other.take().tried {
		t.Error("another target took it")
	}
	if got := run.take(); !errors.Is(got.err, failed.err) {
		t.Errorf("took %v", got)
	}
	if run.take().tried {
		t.Error("taken twice")
	}
	run.keep(attempt{tried: true, err: verify.Unobservable(errors.New("exec"))})
	run.keep(attempt{})
	if run.take().tried {
		t.Error("what was not seen is no verdict")
	}
}

func TestLiveConnect(t *testing.T) {
	const dial = "/dial?host=%s&port=8080&protocol=http&request=hostname&tries=1"
	itself := fmt.Sprintf(dial, "localhost")
	type answer struct {
		after time.Duration
		body  string
		err   error
	}
	here := answer{0, `{"responses": ["probe"]}`, nil}
	tests := map[string]struct {
		other, itself answer
		want          connResult
		bad           string
		took          time.Duration
	}{
		"reached":                  {answer{body: `{"responses": ["target"]}`}, here, reached, "", 0},
		"reached slowly":           {answer{after: 2 * time.Second, body: `{"responses": ["target"]}`}, answer{2 * time.Second, here.body, nil}, reached, "", 2 * time.Second},
		"dropped":                  {answer{after: 5 * time.Second, body: `{"errors": ["timeout"]}`}, here, timedOut, "", brief},
		"dropped, on a slow way":   {answer{after: 7 * time.Second, body: `{"errors": ["timeout"]}`}, answer{2 * time.Second, here.body, nil}, timedOut, "", 2*time.Second + brief},
		"refused":                  {answer{body: `{"errors": ["dial tcp 10.0.0.9:8080: connect: connection refused"]}`}, here, "refused", "", 0},
		"no route":                 {answer{body: `{"errors": ["no route to host"]}`}, here, "failed otherwise: no route to host", "", 0},
		"a stranger":               {answer{body: `{"responses": ["eve"]}`}, here, "answered by eve", "", 0},
		"the way there is broken":  {answer{err: errors.New("no such container")}, answer{time.Second, "", errors.New("no such container")}, "", "ask the probe on w1: no such container", 0},
		"the probe is out of work": {answer{after: 8 * time.Second, body: "{}"}, answer{body: `{"errors": ["i/o timeout"]}`}, "", "the probe on w1 does not even reach itself: failed otherwise: i/o timeout", 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pods := verifytest.Pods{OnGet: func(_ string, _ int, path string) (int, []byte, error) {
					reply := test.other
					if path == itself {
						reply = test.itself
					} else if path != fmt.Sprintf(dial, "10.0.0.9") {
						t.Errorf("asked for %s", path)
					}
					time.Sleep(reply.after)
					return 200, []byte(reply.body), reply.err
				}}
				from := probe.Probe{Pods: pods, PodRef: kube.PodRef{Name: "probe"}, Node: "w1", HTTPPort: 8080}
				begun := time.Now()
				got, err := livePolicies{}.connect(t.Context(), from, probe.Probe{PodRef: kube.PodRef{Name: "target"}, IP: "10.0.0.9", HTTPPort: 8080}, brief)
				verifytest.WantErr(t, err, test.bad)
				if took := time.Since(begun); got != test.want || (err != nil) != verify.IsUnobservable(err) || took != test.took {
					t.Errorf("got %q, %v after %v", got, err, took)
				}
				time.Sleep(max(test.other.after, test.itself.after)) // what is left to linger
			})
		})
	}
}

func TestLivePoliciesComeAndGo(t *testing.T) {
	target := targettest.New(targettest.ThreeNodes, verifytest.Pods{})
	live := livePolicies{t: target, namespace: "ns"}
	for range 2 { // the second finds them
		if err := errors.Join(live.apply(t.Context(), denyPolicy, nil), live.apply(t.Context(), allowPolicy, targetLabels)); err != nil {
			t.Fatal(err)
		}
	}
	policies := target.Kube.Clientset.NetworkingV1().NetworkPolicies("ns")
	for policy, peers := range map[string]int{denyPolicy: 0, allowPolicy: 1} {
		got, err := policies.Get(t.Context(), policy, metav1.GetOptions{})
		if err != nil || len(got.Spec.Ingress) != peers || got.Labels[verify.RunLabel] != target.RunID {
			t.Errorf("%s: %v, %v", policy, got, err)
		}
	}
	for range 2 {
		if err := live.remove(t.Context(), denyPolicy, allowPolicy); err != nil {
			t.Error(err)
		}
	}
}
