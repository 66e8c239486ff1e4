package bootstrap

import (
	"context"
	"errors"
	"testing"

	"github.com/kindctl/kindctl/pkg/hint"
)

func TestUnhealthyKeepsTheExitCode(t *testing.T) {
	for _, tt := range []struct {
		err            error
		code           hint.Code
		reason, advice string
	}{
		{hint.VerificationFailed.New("dns: silent", "dns: look"), hint.Verification, "CLUSTER_UNHEALTHY", "dns: look\nor recreate it: kindctl down -n lab"},
		{hint.VerificationInconclusive.New("dns: forbidden", "dns: ask"), hint.Internal, "VERIFICATION_INCONCLUSIVE", "dns: ask\nor recreate it: kindctl down -n lab"},
		{errors.New("refused"), hint.Internal, "", "or recreate it: kindctl down -n lab"},
		{context.Canceled, hint.Interrupted, "", "or recreate it: kindctl down -n lab"},
	} {
		err := unhealthy("lab", tt.err)
		if hint.CodeOf(err) != tt.code || hint.ReasonOf(err) != tt.reason || hint.AdviceOf(err) != tt.advice || !errors.Is(err, tt.err) {
			t.Errorf("%v becomes %v (%d, %s, %q)", tt.err, err, hint.CodeOf(err), hint.ReasonOf(err), hint.AdviceOf(err))
		}
	}
}
