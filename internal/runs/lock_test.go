package runs

import (
	"context"
	"errors"
	"testing"

	"github.com/kindctl/kindctl/pkg/hint"
)

func TestLock(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	release, err := Lock("lab")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Lock("lab"); hint.ReasonOf(err) != "CLUSTER_BUSY" {
		t.Errorf("a second lock gives %v, want CLUSTER_BUSY", err)
	}
	other, err := Lock("other")
	if err != nil {
		t.Fatalf("another cluster cannot be locked: %v", err)
	}
	other()
	release()
	again, err := Lock("lab")
	if err != nil {
		t.Fatalf("a released lock cannot be taken again: %v", err)
	}
	again()
}

// TestShare wants several that change nothing to go together, and no one beside
// one that does.
func TestShare(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	first, err := RLock("lab")
	if err != nil {
		t.Fatal(err)
	}
	second, err := RLock("lab")
	if err != nil {
		t.Fatalf("two cannot share: %v", err)
	}
	second()
	if _, err := Lock("lab"); hint.ReasonOf(err) != hint.ClusterBusy.Name {
		t.Errorf("a Lock beside an RLock gives %v", err)
	}
	first()
	own, err := Lock("lab")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := RLock("lab"); hint.ReasonOf(err) != hint.ClusterBusy.Name {
		t.Errorf("an RLock beside a Lock gives %v", err)
	}
	own()
}

func TestAwait(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	free, err := LockWait(t.Context(), "lab", func() { t.Error("it waits for no one") })
	if err != nil {
		t.Fatal(err)
	}
	release, err := LockWait(t.Context(), "lab", free)
	if err != nil {
		t.Fatalf("a lock that was released while another process waits: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := LockWait(ctx, "lab", cancel); hint.CodeOf(err) != hint.Interrupted {
		t.Errorf("an interrupted wait gives %v", err)
	}
	release()
}

// TestPatiently wants an attempt that comes too early to wait and to be made
// again, and any other failure to be final.
func TestPatiently(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	other, err := Lock("lab")
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("it broke")
	attempts, waits := 0, 0
	if err := RetryWhenBusy(t.Context(), "lab", func() { waits++; other() }, func() error {
		attempts++
		release, err := Lock("lab")
		if err != nil {
			return err
		}
		release()
		return broken
	}); !errors.Is(err, broken) || attempts != 2 || waits != 1 {
		t.Errorf("%d attempts and %d waits end with %v, want 2, 1 and the error of the second", attempts, waits, err)
	}
	release, err := Lock("lab")
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	ctx, cancel := context.WithCancel(t.Context())
	if err := RetryWhenBusy(ctx, "lab", cancel, func() error { _, err := Lock("lab"); return err }); hint.CodeOf(err) != hint.Interrupted {
		t.Errorf("an interrupted wait gives %v", err)
	}
}

// TestShareNetwork wants several that need a network to go together, and no one to remove it
// meanwhile.
func TestShareNetwork(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	first, err := ShareNetwork(t.Context(), "lab-net")
	if err != nil {
		t.Fatal(err)
	}
	second, err := ShareNetwork(t.Context(), "lab-net")
	if err != nil {
		t.Fatal(err)
	}
	first()
	removal, err := NetworkLock("lab-net")
	if err != nil {
		t.Fatal(err)
	}
	if alone, err := removal.TryLock(); err != nil || alone {
		t.Errorf("a network that is needed can be removed: %v, %v", alone, err)
	}
	second()
	if alone, err := removal.TryLock(); err != nil || !alone {
		t.Errorf("a network that is not needed cannot be removed: %v, %v", alone, err)
	}
	waiting, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ShareNetwork(waiting, "lab-net"); hint.CodeOf(err) != hint.Interrupted {
		t.Errorf("an interrupted wait gives %v", err)
	}
	if err := removal.Unlock(); err != nil {
		t.Error(err)
	}
}
