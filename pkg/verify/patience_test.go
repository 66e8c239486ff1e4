package verify

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kindctl/kindctl/pkg/kube"
)

// deafPods hang on every request until the caller has had enough.
type deafPods struct{ fakePods }

func (deafPods) GetPod(ctx context.Context, _, _ string, _ int, _ string) (int, []byte, error) {
	<-ctx.Done()
	return 0, nil, ctx.Err()
}

func (deafPods) Exec(ctx context.Context, _ kube.PodRef, _ ...string) (string, error) {
	<-ctx.Done()
	return "", ctx.Err()
}

// TestPatience has a dial that hangs reported as a failure of that dial, and
// the end of the check as something that was not seen.
func TestPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		probe := Probe{pods: deafPods{}, Node: "w1"}
		started := time.Now()
		_, err := tryAll(t.Context(), []way{{from: probe, to: "w2", protocol: "http", host: "10.0.0.2", port: 80, request: askName, judge: answeredBy("x")}})
		wantErr(t, err, "w1 -> w2 (10.0.0.2:80, http): 1 of 1 failed: no answer within 4s")
		if took := time.Since(started); isUnobservable(err) || took != defaultPatience(1) {
			t.Errorf("%v after %v", err, took)
		}
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = tryAll(short, []way{{from: probe, to: "w2", protocol: "http", request: askName, judge: answeredBy("x")}})
		if !isUnobservable(err) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}
