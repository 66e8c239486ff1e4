package verify

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestWithin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		started, rounds := time.Now(), 0
		err := Within(t.Context(), 10*time.Second, func() error {
			rounds++
			return errSick
		})
		if took := time.Since(started); !errors.Is(err, errSick) || took > 10*time.Second || rounds < 5 {
			t.Errorf("%v after %v and %d rounds", err, took, rounds)
		}
		rounds = 0
		if err := Within(t.Context(), time.Second, func() error { rounds++; return Unobservable(errSick) }); rounds != 1 {
			t.Errorf("%v after %d rounds", err, rounds)
		}
	})
}
