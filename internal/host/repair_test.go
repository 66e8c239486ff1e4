package host

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/kindctl/kindctl/pkg/hint"
)

func TestRepair(t *testing.T) {
	root := t.TempDir()
	file := filepath.Join(root, "proc", "sys", "fs", "inotify", "max_user_instances")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("128\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	facts := healthy()
	facts.InotifyInstances = 128
	finding := find(t, facts.Findings(threeNodes), "inotify.instances")
	if !finding.Repairable() {
		t.Fatalf("%+v cannot be repaired", finding)
	}
	did, err := finding.repair(root)
	if err != nil || !strings.Contains(did, "max_user_instances is now 1024") || !strings.Contains(did, "/etc/sysctl.d/") {
		t.Errorf("did %q, %v", did, err)
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != "1024\n" {
		t.Errorf("the setting is %q, %v", got, err)
	}
	if _, err := finding.repair(t.TempDir()); hint.ReasonOf(err) != "FIX_FAILED" || !strings.Contains(hint.AdviceOf(err), "sysctl fs.inotify") {
		t.Errorf("of a machine without the setting: %v", err)
	}
	facts = healthy()
	facts.FreeBytes = 0
	finding = find(t, facts.Findings(threeNodes), "disk")
	if _, err := finding.Repair(); finding.Repairable() || err == nil {
		t.Errorf("something was done for a full disk: %v", err)
	}
}

// TestRepairWithoutRoot uses a setting that not even root may change.
func TestRepairWithoutRoot(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("there are no such settings")
	}
	_, err := Finding{setting: &setting{"kernel.ostype", 1}}.Repair()
	if errors.Is(err, syscall.EROFS) {
		t.Skip("all settings are read-only here")
	}
	if hint.ReasonOf(err) != "FIX_NOT_PERMITTED" || !strings.Contains(hint.AdviceOf(err), "sudo kindctl doctor --fix") {
		t.Errorf("error is %v", err)
	}
}
