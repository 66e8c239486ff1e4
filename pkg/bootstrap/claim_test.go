package bootstrap

import (
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
