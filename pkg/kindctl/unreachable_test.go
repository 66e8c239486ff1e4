package kindctl

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/kindctl/kindctl/pkg/hint"
)

func TestAPIError(t *testing.T) {
	tests := map[string]struct {
		err    error
		code   hint.Code
		reason string
	}{
		"our deadline":   {context.DeadlineExceeded, hint.Timeout, "API_TIMEOUT"},
		"the network's":  {&net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}, hint.Timeout, "API_TIMEOUT"},
		"refused":        {&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, hint.Internal, "API_UNREACHABLE"},
		"an interrupt":   {context.Canceled, hint.Interrupted, ""},
		"a broken one":   {apierrors.NewInternalError(errors.New("etcd is gone")), hint.Internal, "API_UNREACHABLE"},
		"no credentials": {apierrors.NewUnauthorized("expired"), hint.Internal, "CREDENTIALS_REFUSED"},
	}
	for name, test := range tests {
		err := apiError(fmt.Errorf("list nodes: %w", test.err), "lab")
		if hint.CodeOf(err) != test.code || hint.ReasonOf(err) != test.reason || !errors.Is(err, test.err) {
			t.Errorf("%s gives %v (%d, %s)", name, err, hint.CodeOf(err), hint.ReasonOf(err))
		}
	}
}
