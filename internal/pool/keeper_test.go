package pool

import (
	"testing"
	"time"

	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

func TestKeptBy(t *testing.T) {
	for _, tt := range []struct {
		keeper, version string
		kept            bool
	}{
		{"", "v1.0.0", true},
		{"v1.0.0", "v1.0.0", true},
		{"v1.0.0", "v1.1.0", true},
		{"v1.1.0", "v1.0.0", false},
		{"v1.0.0", "v1.0.0-5-gabcdef", false},
		{"5db9e56", "5db9e56", true},
		{"5db9e56", "8a0936e", false},
		{"5db9e56", "v1.0.0", false},
		{"v1.0.0", "(devel)", false},
	} {
		if kept := (Definition{Version: tt.keeper}).KeptBy(tt.version); kept != tt.kept {
			t.Errorf("a pool of %q is kept by %q: %v, want %v", tt.keeper, tt.version, kept, tt.kept)
		}
	}
}

// TestKeep has the definition name who keeps the pool, and its clusters stay the same.
func TestKeep(t *testing.T) {
	p := &Pool{Store: store(t), Version: "v2.0.0", Sink: event.Discard}
	d := p.Identify(definition(t, 1, "calico"))
	d.Version = "v1.0.0"
	mark := d.mark()
	if err := p.Write(d); err != nil {
		t.Fatal(err)
	}
	if _, err := p.keep(d); err != nil {
		t.Fatal(err)
	}
	if read, err := p.Read(); err != nil || read.Version != "v2.0.0" || read.mark() != mark {
		t.Errorf("the definition is %+v (%v)", read, err)
	}
}

func TestLastFailure(t *testing.T) {
	s := store(t)
	if failed, err := s.LastFailure(); failed != nil || err != nil {
		t.Fatalf("%+v, %v", failed, err)
	}
	if err := s.recordFailure(hint.PoolMemory.New("too little", "stop something"), "/tmp/log"); err != nil {
		t.Fatal(err)
	}
	failed, err := s.LastFailure()
	if err != nil || failed == nil || failed.Reason != "POOL_MEMORY" || failed.Message != "too little" || failed.Advice != "stop something" ||
		failed.Log != "/tmp/log" || time.Since(failed.Time) > time.Minute {
		t.Errorf("%+v, %v", failed, err)
	}
	if err := s.Remove(); err != nil {
		t.Fatal(err)
	}
	if failed, err := s.LastFailure(); failed != nil || err != nil {
		t.Errorf("after the pool was removed: %+v, %v", failed, err)
	}
}
