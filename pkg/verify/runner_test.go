package verify

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kindctl/kindctl/pkg/event"
)

var errSick = errors.New("the patient is sick")

func passes(context.Context, *Target) (Evidence, error) { return Evidence{"seen"}, nil }

func fails(err error) func(context.Context, *Target) (Evidence, error) {
	return func(context.Context, *Target) (Evidence, error) { return nil, err }
}

// hangs says what is wrong once, and then nothing until its time is over.
func hangs(first error) func(context.Context, *Target) (Evidence, error) {
	var attempts atomic.Int32
	return func(ctx context.Context, _ *Target) (Evidence, error) {
		if attempts.Add(1) == 1 {
			return Evidence{"a trace"}, first
		}
		<-ctx.Done()
		return nil, fmt.Errorf("list pods: %w", ctx.Err())
	}
}

// cutOff says what is wrong once, and then of each node that it does not know.
func cutOff(first error) func(context.Context, *Target) (Evidence, error) {
	var attempts atomic.Int32
	return func(ctx context.Context, _ *Target) (Evidence, error) {
		if attempts.Add(1) == 1 {
			return nil, first
		}
		<-ctx.Done()
		return Evaluated(nil, errors.Join(OnNode("a", ctx.Err()), OnNode("b", fmt.Errorf("exec: read: %w", os.ErrDeadlineExceeded))))
	}
}

func recovers(after int) func(context.Context, *Target) (Evidence, error) {
	left := after
	return func(context.Context, *Target) (Evidence, error) {
		if left--; left >= 0 {
			return nil, errSick
		}
		return Evidence{"well"}, nil
	}
}

func TestVerdictOnOneCheck(t *testing.T) {
	forbidden := apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, "", errors.New(`user "eve" cannot list resource "pods"`))
	tests := map[string]struct {
		check    Check
		outcome  Outcome
		cause    string
		attempts int
		took     time.Duration
	}{
		"passes at once":              {Check{Run: passes}, Pass, "", 1, 0},
		"a warning":                   {Check{Run: fails(Warning(errSick))}, Warn, "the patient is sick", 1, 0},
		"a warning beside a failure":  {Check{Run: fails(errors.Join(Warning(errors.New("a scratch")), Final(errSick)))}, Fail, "a scratch\nthe patient is sick", 1, 0},
		"cannot apply":                {Check{Run: fails(Inapplicable("there is no patient"))}, Skip, "there is no patient", 1, 0},
		"passes after failures":       {Check{Run: recovers(3)}, Pass, "", 4, 250*time.Millisecond + 500*time.Millisecond + time.Second},
		"the pause stops growing":     {Check{Run: recovers(5)}, Pass, "", 6, 250*time.Millisecond + 500*time.Millisecond + time.Second + 2*2*time.Second},
		"fails until the deadline":    {Check{Run: fails(errSick), Timeout: 5 * time.Second}, Fail, "the patient is sick", 5, 5 * time.Second},
		"the default deadline":        {Check{Run: hangs(errSick)}, Fail, "the patient is sick", 2, DefaultTimeout},
		"the real cause is kept":      {Check{Run: hangs(errSick), Timeout: time.Second}, Fail, "the patient is sick", 2, time.Second},
		"an attempt has a deadline":   {Check{Run: hangs(errSick), Timeout: 5 * time.Second, Attempt: time.Second}, Fail, "the patient is sick", 4, 5 * time.Second},
		"an end on every node":        {Check{Run: cutOff(AboutNode("a", errSick)), Timeout: time.Second}, Fail, "the patient is sick", 2, time.Second},
		"only a deadline was seen":    {Check{Run: hangs(context.DeadlineExceeded), Timeout: time.Second}, Fail, "list pods: context deadline exceeded", 2, time.Second},
		"final is not tried again":    {Check{Run: fails(Final(errSick))}, Fail, "the patient is sick", 1, 0},
		"advisory only warns":         {Check{Run: fails(Final(errSick)), Advisory: true}, Warn, "the patient is sick", 1, 0},
		"unobservable is no failure":  {Check{Run: fails(Final(Unobservable(errSick)))}, Error, "the patient is sick", 1, 0},
		"unobservable is tried":       {Check{Run: fails(Unobservable(errSick)), Timeout: time.Second}, Error, "the patient is sick", 3, time.Second},
		"unobservable wins advisory":  {Check{Run: fails(Final(Unobservable(errSick))), Advisory: true}, Error, "the patient is sick", 1, 0},
		"a failure beside the unseen": {Check{Run: fails(errors.Join(Unobservable(errors.New("no view")), Final(errSick)))}, Fail, "no view\nthe patient is sick", 1, 0},
		"an end beside the unseen":    {Check{Run: fails(Final(errors.Join(Unobservable(errSick), context.DeadlineExceeded)))}, Error, "the patient is sick\ncontext deadline exceeded", 1, 0},
		"forbidden is no failure":     {Check{Run: fails(fmt.Errorf("list: %w", forbidden))}, Error, `list: pods is forbidden: user "eve" cannot list resource "pods"`, 1, 0},
		"does not apply":              {Check{Run: fails(errSick), Skip: func(*Target) string { return "one node" }}, Skip, "one node", 0, 0},
		"applies":                     {Check{Run: passes, Skip: func(*Target) string { return "" }}, Pass, "", 1, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				test.check.ID, test.check.Hint = "x", "take a pill"
				result := Run(t.Context(), &Target{}, []Check{test.check}, RunOptions{}).Results[0]
				if result.Outcome != test.outcome || result.Cause != test.cause || result.Attempts != test.attempts || result.Duration != test.took {
					t.Errorf("got %s %q after %d attempts in %v, want %s %q after %d in %v",
						result.Outcome, result.Cause, result.Attempts, result.Duration, test.outcome, test.cause, test.attempts, test.took)
				}
				if hinted := result.Hint != ""; hinted != (test.outcome != Pass && test.outcome != Skip) {
					t.Errorf("hint is %q with %s", result.Hint, result.Outcome)
				}
			})
		})
	}
}

func TestEvidenceOfTheLastAttemptThatHadAny(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		result := Run(t.Context(), &Target{}, []Check{{ID: "x", Run: hangs(errSick)}}, RunOptions{}).Results[0]
		if diff := cmp.Diff(Evidence{"a trace"}, result.Evidence); diff != "" {
			t.Error(diff)
		}
	})
}

func TestPanicIsAnError(t *testing.T) {
	boom := func(context.Context, *Target) (Evidence, error) { panic("boom") }
	result := Run(t.Context(), &Target{}, []Check{{ID: "x", Run: boom}}, RunOptions{}).Results[0]
	if result.Outcome != Error || result.Attempts != 1 || !strings.HasPrefix(result.Cause, "panic in x: boom") {
		t.Errorf("got %s %q after %d attempts", result.Outcome, result.Cause, result.Attempts)
	}
}

func TestNeeds(t *testing.T) {
	tests := map[string]struct {
		need    Check
		outcome Outcome
		cause   string
	}{
		"passed":        {Check{Run: passes}, Pass, ""},
		"warned":        {Check{Run: fails(Final(errSick)), Advisory: true}, Pass, ""},
		"skipped":       {Check{Run: passes, Skip: func(*Target) string { return "no" }}, Pass, ""},
		"failed":        {Check{Run: fails(Final(errSick))}, Blocked, "needs first, which did not pass"},
		"not observed":  {Check{Run: fails(Final(Unobservable(errSick)))}, Blocked, "needs first, which did not pass"},
		"is itself not": {Check{Run: passes, Needs: []string{"broken"}}, Blocked, "needs first, which did not pass"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			test.need.ID = "first"
			checks := []Check{
				{ID: "second", Run: passes, Needs: []string{"not in this run", "first"}},
				test.need,
				{ID: "broken", Run: fails(Final(errSick))},
			}
			result := Run(t.Context(), &Target{}, checks, RunOptions{Parallel: 1}).Results[0]
			if result.Outcome != test.outcome || result.Cause != test.cause {
				t.Errorf("got %s %q, want %s %q", result.Outcome, result.Cause, test.outcome, test.cause)
			}
			if want := map[bool]string{true: "first"}[test.outcome == Blocked]; result.BlockedBy != want {
				t.Errorf("blocked by %q, want %q", result.BlockedBy, want)
			}
		})
	}
}

// TestRefusalsHaveTheirOwnHint: that of the check would lead astray.
func TestRefusalsHaveTheirOwnHint(t *testing.T) {
	forbidden := func(why string) error {
		return fmt.Errorf("create pod a: %w", apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, "a", errors.New(why)))
	}
	denied := func(code int32, message string) error {
		return fmt.Errorf("create pod a: %w", &apierrors.StatusError{ErrStatus: metav1.Status{Status: metav1.StatusFailure, Code: code, Message: message}})
	}
	const roles = "have the user bound to these roles: kindctl verify --print-rbac --cni calico"
	security, resources, policy, absent := denials[0].hint, denials[1].hint, denials[2].hint, denials[3].hint
	for _, test := range []struct {
		err  error
		hint string
		want Outcome
	}{
		{forbidden(`User "eve" cannot create resource "pods" in API group "" in the namespace "kindctl-verify-a"`), roles, Error},
		{fmt.Errorf("list: %w", apierrors.NewUnauthorized("expired")), "renew the credentials, which may have expired: kubectl auth whoami", Error},
		{forbidden(`violates PodSecurity "baseline:latest": host namespaces (hostNetwork=true)`), security, Error},
		{forbidden("unable to validate against any security context constraint: [...]"), security, Error},
		{forbidden("exceeded quota: small, requested: pods=1, used: pods=4, limited: pods=4"), resources, Error},
		{forbidden("failed quota: storage: must specify limits.ephemeral-storage for: probe"), resources, Error},
		{forbidden("maximum cpu usage per Container is 100m, but limit is 500m"), resources, Error},
		{denied(400, `admission webhook "validate.kyverno.svc" denied the request: no`), policy, Error},
		{denied(422, `pods "a" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no`), policy, Error},
		{denied(500, `failed calling webhook "w": connection refused`), absent, Fail},
		{fmt.Errorf("w1: the log says: %w", errors.New("denied the request")), "take a pill", Fail}, // not from the API server
		{Final(errSick), "take a pill", Fail},
	} {
		checks := []Check{{ID: "x", Hint: "take a pill", Timeout: 10 * time.Millisecond, Run: fails(test.err)}}
		result := Run(t.Context(), &Target{Expect: Expectation{CNI: "calico"}}, checks, RunOptions{}).Results[0]
		if result.Hint != test.hint || result.Outcome != test.want {
			t.Errorf("%s on %q with the hint %q, want %s with %q", result.Outcome, result.Cause, result.Hint, test.want, test.hint)
		}
	}
}

func TestParallelIsBounded(t *testing.T) {
	for parallel, want := range map[int]int32{0: defaultParallel, 1: 1, 3: 3} {
		t.Run(fmt.Sprint(parallel), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var running, most atomic.Int32
				busy := func(context.Context, *Target) (Evidence, error) {
					now := running.Add(1)
					for seen := most.Load(); now > seen && !most.CompareAndSwap(seen, now); seen = most.Load() {
					}
					time.Sleep(time.Second)
					running.Add(-1)
					return nil, nil
				}
				checks := make([]Check, 20)
				for i := range checks {
					checks[i] = Check{ID: fmt.Sprint(i), Run: busy}
				}
				Run(t.Context(), &Target{}, checks, RunOptions{Parallel: parallel})
				if most.Load() != want {
					t.Errorf("%d checks ran at a time, want %d", most.Load(), want)
				}
			})
		})
	}
}

func TestInterruptEndsQuickly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		checks := []Check{
			{ID: "running", Run: fails(errSick)},
			{ID: "hanging", Run: hangs(errSick)},
			{ID: "waiting for a place", Run: fails(errSick)},
		}
		report := Run(ctx, &Target{}, checks, RunOptions{Parallel: 2})
		if report.Duration != time.Second {
			t.Errorf("took %v", report.Duration)
		}
		causes := map[string]int{}
		for _, result := range report.Results {
			if result.Outcome != Error {
				t.Errorf("%s: %s %q", result.ID, result.Outcome, result.Cause)
			}
			causes[result.Cause]++
		}
		if causes["interrupted: the patient is sick"] != 2 || causes["interrupted before it ran"] != 1 {
			t.Errorf("causes %v", causes)
		}
	})
}

func TestEvents(t *testing.T) {
	var recorder event.Recorder
	checks := []Check{
		{ID: "a", Title: "A", Run: passes},
		{ID: "b", Title: "B", Run: fails(Final(errSick)), Hint: "rest", Needs: []string{"a"}},
		{ID: "c", Title: "C", Run: passes, Hint: "wait", Needs: []string{"b"}},
		{ID: "d", Title: "D", Run: fails(Final(errSick)), Advisory: true, Hint: "mind", Needs: []string{"a"}, Skip: func(*Target) string { return "" }},
	}
	Run(t.Context(), &Target{}, checks, RunOptions{Sink: &recorder})
	got := map[string][]string{}
	for _, e := range recorder.Events() {
		if e.Scope != event.Check || e.Title != strings.ToUpper(e.ID) || e.Time.IsZero() {
			t.Errorf("event %+v", e)
		}
		got[e.ID] = append(got[e.ID], strings.TrimSpace(fmt.Sprintf("%s %s %s %s", e.Kind, e.Outcome, e.Message, e.Hint)))
	}
	want := map[string][]string{
		"a": {"started", "done PASS"},
		"b": {"started", "failed FAIL the patient is sick rest"},
		"c": {"skipped BLOCKED needs b, which did not pass wait"},
		"d": {"started", "done WARN the patient is sick mind"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
