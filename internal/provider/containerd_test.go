package provider

import (
	"os/exec"
	"strings"
	"testing"
	"time"
)

func TestContainerdOf(t *testing.T) {
	const started = "Sun 2026-11-29 13:35:16.783540 UTC\n"
	files := []string{"/a.toml", "/b.toml"}
	found, err := containerdOf(sections(mark0("dump")+"version = 4\n"+mark0("started")+started+
		mark0("changed")+"1795959316.588475693 /etc/containerd/config.toml\n1795959317.000000001 /etc/containerd/conf.d/a b.toml\n"+mark0("1")+"b = 1\n"), "level=warning", files)
	if err != nil {
		t.Fatal(err)
	}
	if found.Dump != "version = 4\n" || found.Refusal != "" || len(found.Files) != 1 || found.Files["/b.toml"] != "b = 1\n" {
		t.Errorf("found %+v", found)
	}
	if want := time.Date(2026, 11, 29, 13, 35, 16, 783540000, time.UTC); !found.Started.Equal(want) {
		t.Errorf("started at %s, want %s", found.Started, want)
	}
	if before, after := found.Changed["/etc/containerd/config.toml"], found.Changed["/etc/containerd/conf.d/a b.toml"]; !before.Before(found.Started) || !after.After(found.Started) {
		t.Errorf("changed at %s and %s", before, after)
	}

	refused, err := containerdOf(sections(mark0("started")+started), "level=error\ncontainerd: failed to unmarshal TOML\n", nil)
	if err != nil || refused.Dump != "" || refused.Refusal != "containerd: failed to unmarshal TOML" {
		t.Errorf("found %+v, %v", refused, err)
	}
	if _, err := containerdOf(sections(mark0("dump")+"a\n"+mark0("started")+"\n"), "", nil); err == nil {
		t.Error("it is no error that no one knows when containerd was started")
	}
}

// mark0 is what mark prints.
func mark0(name string) string { return sectionMark + name + "\n" }

// TestContainerdScript has a shell read the script.
func TestContainerdScript(t *testing.T) {
	check := exec.Command("sh", "-n")
	check.Stdin = strings.NewReader(containerdScript([]string{"/etc/it's here/hosts.toml"}))
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("%v: %s\n%s", err, out, containerdScript(nil))
	}
}
