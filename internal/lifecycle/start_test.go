package lifecycle

import (
	"testing"
	"time"

	"github.com/kindctl/kindctl/pkg/verify"
)

func TestChecksAwaitReconnection(t *testing.T) {
	own := []verify.Check{{ID: "short", Timeout: time.Second}, {ID: "default"}, {ID: "long", Timeout: time.Hour}}
	all, err := patient(func(verify.Expectation) ([]verify.Check, error) { return own, nil })(verify.Expectation{})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []time.Duration{reconnectTime, reconnectTime, time.Hour} {
		if all[i].Timeout != want {
			t.Errorf("%s has %v, want %v", all[i].ID, all[i].Timeout, want)
		}
	}
	if own[0].Timeout != time.Second {
		t.Error("the checks of others were changed")
	}
}
