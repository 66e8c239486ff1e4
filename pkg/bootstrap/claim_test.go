package bootstrap

import (
	"context"
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
	if _, err := Claim("lab"); hint.ReasonOf(err) != clusterBusy {
		t.Errorf("a claim beside a share gives %v", err)
	}
	first()
	own, err := Claim("lab")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Share("lab"); hint.ReasonOf(err) != clusterBusy {
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
