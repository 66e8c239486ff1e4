package provider

import (
	"errors"
	"strings"
	"testing"

	kinderrors "sigs.k8s.io/kind/pkg/errors"
	"sigs.k8s.io/kind/pkg/exec"
)

// TestExplain runs a command that fails as kubeadm does under kind.
func TestExplain(t *testing.T) {
	script := `echo "[init] Using Kubernetes version" >&2
echo "error: [ERROR Port-6443]: Port 6443 is in use" >&2
for i in $(seq 12); do echo "I1129 03:12:45.1234${i}     210 round_trippers.go:632] \"Response\" verb=\"GET\" status=\"\"" >&2; done
printf 'k8s.io/kubernetes/cmd/kubeadm/app/cmd/phases/workflow.(*Runner).Run.func1\n\tk8s.io/kubernetes/runner.go:259\nmain.main\nruntime.goexit\n' >&2
exit 3 # ` + strings.Repeat("a long command ", 20)
	inner := kinderrors.Wrap(exec.Command("sh", "-c", script).Run(), "failed to init node with kubeadm")
	err := explain(inner)
	for _, want := range []string{"failed to init node with kubeadm: \"sh -c", "...\": exit status 3\n", "\n  error: [ERROR Port-6443]: Port 6443 is in use"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q lacks %q", err, want)
		}
	}
	for _, unwanted := range []string{"workflow.", "runner.go", "main.main", "goexit", "round_trippers.go", strings.Repeat("a long command ", 10)} {
		if strings.Contains(err.Error(), unwanted) {
			t.Errorf("error %q has %q", err, unwanted)
		}
	}
	if !errors.Is(err, inner) {
		t.Error("the cause is lost")
	}
	other := errors.New("no command's")
	if explain(other) != other || explain(nil) != nil { //nolint:errorlint // they come back as they are
		t.Error("an error without a command was changed")
	}
}
