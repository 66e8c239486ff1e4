package bootstrap

import (
	"context"
	"errors"
	"testing"

	"github.com/kindctl/kindctl/pkg/hint"
)

func TestClaim(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	release, err := Claim("lab")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Claim("lab"); hint.ReasonOf(err) != "CLUSTER_BUSY" {
		t.Errorf("a second claim gives %v, want CLUSTER_BUSY", err)
	}
	other, err := Claim("other")
	if err != nil {
		t.Fatalf("another cluster cannot be claimed: %v", err)
	}
	other()
	release()
	again, err := Claim("lab")
	if err != nil {
		t.Fatalf("a released claim cannot be had again: %v", err)
	}
	again()
}

// TestShare wants several that change nothing to go together, and nobody beside
// one that does.
func TestShare(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	first, err := Share("lab")
	if err != nil {
		t.Fatal(err)
	}
	second, err := Share("lab")
	if err != nil {
		t.Fatalf("two cannot share: %v", err)
	}
	second()
	if _, err := Claim("lab"); hint.ReasonOf(err) != hint.ClusterBusy.Name {
		t.Errorf("a claim beside a share gives %v", err)
	}
	first()
	own, err := Claim("lab")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Share("lab"); hint.ReasonOf(err) != hint.ClusterBusy.Name {
		t.Errorf("a share beside a claim gives %v", err)
	}
	own()
}

func TestAwait(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	free, err := Await(t.Context(), "lab", func() { t.Error("it waits for nobody") })
	if err != nil {
		t.Fatal(err)
	}
	release, err := Await(t.Context(), "lab", free)
	if err != nil {
		t.Fatalf("a claim that was released while somebody waits: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := Await(ctx, "lab", cancel); hint.CodeOf(err) != hint.Interrupted {
		t.Errorf("an interrupted wait gives %v", err)
	}
	release()
}

// TestPatiently wants an attempt that comes too early to wait and to be made
// again, and any other failure to be final.
func TestPatiently(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	other, err := Claim("lab")
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("it broke")
	attempts, waits := 0, 0
	if err := Patiently(t.Context(), "lab", func() { waits++; other() }, func() error {
		attempts++
		release, err := Claim("lab")
		if err != nil {
			return err
		}
		release()
		return broken
	}); !errors.Is(err, broken) || attempts != 2 || waits != 1 {
		t.Errorf("%d attempts and %d waits end with %v, want 2, 1 and the error of the second", attempts, waits, err)
	}
	release, err := Claim("lab")
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	ctx, cancel := context.WithCancel(t.Context())
	if err := Patiently(ctx, "lab", cancel, func() error { _, err := Claim("lab"); return err }); hint.CodeOf(err) != hint.Interrupted {
		t.Errorf("an interrupted wait gives %v", err)
	}
}
