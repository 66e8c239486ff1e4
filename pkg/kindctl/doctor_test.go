package kindctl

import (
	"errors"
	"testing"

	"github.com/kindctl/kindctl/internal/host"
	"github.com/kindctl/kindctl/pkg/hint"
)

// TestHostReport holds the error of a host that is not fit.
func TestHostReport(t *testing.T) {
	found := HostReport{Findings: []Finding{{ID: "a", State: host.OK}, {ID: "b", State: host.Fatal}}}
	if err := found.Err(); hint.CodeOf(err) != hint.Preflight || hint.ReasonOf(err) != "HOST_UNFIT" {
		t.Errorf("the error is %v", err)
	}
	found.docker = hint.New(hint.Preflight, "DOCKER_NOT_RUNNING", "no answer", "start it")
	if err := found.Err(); !errors.Is(err, found.docker) {
		t.Errorf("without Docker the error is %v", err)
	}
	if err := (HostReport{Fit: true}).Err(); err != nil {
		t.Errorf("a fit host is refused: %v", err)
	}
}
