package bootstrap

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/kindctl/kindctl/pkg/event"
)

// TestBackground wants who waits for work to be told what is under way, from what was
// last before, and the work's error.
func TestBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		waited, failure := make(chan struct{}), errors.New("no")
		b := startBackground(t.Context(), func(_ context.Context, b *background) error {
			b.progress("one", 1, 3)
			b.progress("two", 2, 3)
			<-waited
			b.progress("three", 3, 3)
			return failure
		})
		synctest.Wait()
		recorder := &event.Recorder{}
		go func() {
			synctest.Wait()
			close(waited)
		}()
		if err := b.wait(event.Start(recorder, event.Event{ID: "join"})); err != failure { //nolint:errorlint // it comes back as it is
			t.Errorf("error is %v", err)
		}
		var got []string
		for _, e := range recorder.Events() {
			got = append(got, e.Message)
		}
		if diff := cmp.Diff([]string{"", "two", "three"}, got); diff != "" {
			t.Errorf("messages (-want +got):\n%s", diff)
		}
	})
}

// TestBackgroundStops wants work to end when it is told to.
func TestBackgroundStops(t *testing.T) {
	b := startBackground(t.Context(), func(ctx context.Context, _ *background) error {
		<-ctx.Done()
		return ctx.Err()
	})
	b.stop()
	<-b.ended
	if !errors.Is(b.err, context.Canceled) {
		t.Errorf("error is %v", b.err)
	}
}
