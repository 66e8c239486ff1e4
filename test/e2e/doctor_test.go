//go:build e2e

package e2e

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
)

// finding is what doctor says of one thing.
type finding struct{ ID, State, Seen, Effect, Fix string }

// examined is how doctor -o json ended.
type examined struct {
	Fit      bool
	Findings []finding
	Repairs  []struct{ ID, Done, Error string }
	code     int
}

func (s *session) doctor(args ...string) (e examined) {
	s.Helper()
	r := s.Kindctl(append([]string{"doctor", "-o", "json"}, args...)...)
	if err := json.Unmarshal([]byte(r.Stdout), &e); err != nil {
		s.Fatalf("doctor is unreadable (%v):\n%s\n%s", err, r.Stdout, r.Stderr)
	}
	e.code = r.Code
	if e.Fit != (r.Code == 0) || r.Code != 0 && r.Code != 3 {
		s.Errorf("fit is %v, the exit code %d", e.Fit, r.Code)
	}
	return e
}

func (e examined) of(id string) finding {
	for _, f := range e.Findings {
		if f.ID == id {
			return f
		}
	}
	return finding{}
}

// TestDoctor looks at this host, on which the other tests make clusters.
func TestDoctor(t *testing.T) {
	s := newSession(t)
	found := s.doctor()
	if !found.Fit {
		t.Errorf("this host is not fit: %+v", found.Findings)
	}
	for _, id := range []string{"docker", "cgroup", "capabilities", "memory", "disk", "inotify.instances", "inotify.watches", "files.host", "files.docker",
		"kernel.xt_statistic", "kernel.bpf_syscall", "kernel.vxlan", "kernel.nf_tables", "kernel.nft_numgen", "kernel.ip_vs", "kernel.ip_set", "kernel.xt_set", "kernel.cgroup_bpf",
		"port", "proxy", "certificates", "clock", "kubeconfig"} {
		if found.of(id).Seen == "" {
			t.Errorf("doctor says nothing of %s", id)
		}
	}
	for _, f := range found.Findings {
		if f.State == "unknown" {
			t.Errorf("%s could not be seen on this host: %s", f.ID, f.Seen)
		}
		if f.State == "warning" && (f.Effect == "" || f.Fix == "") {
			t.Errorf("%+v comes without an effect or a fix", f)
		}
	}
}

// TestDoctorFixes lowers a limit of this kernel, and has it raised.
func TestDoctorFixes(t *testing.T) {
	const file, id, low = "/proc/sys/fs/inotify/max_user_instances", "inotify.instances", "129"
	before, err := os.ReadFile(file)
	if err != nil {
		t.Skipf("this host does not show the limit: %v", err)
	}
	if err := os.WriteFile(file, []byte(low), 0o644); err != nil {
		t.Skipf("it takes root: %v", err)
	}
	t.Cleanup(func() {
		if err := os.WriteFile(file, before, 0o644); err != nil {
			t.Errorf("the limit was %s and is not any more: %v", before, err)
		}
	})
	s := newSession(t)
	if got := s.doctor().of(id); got.State != "warning" || !strings.Contains(got.Seen, low) || !strings.Contains(got.Fix, "sysctl") {
		t.Errorf("with %s inotify instances doctor says %+v", low, got)
	}
	fixed := s.doctor("--fix")
	if got := fixed.of(id); got.State != "ok" || strings.Contains(got.Seen, low) {
		t.Errorf("after --fix doctor says %+v", got)
	}
	if len(fixed.Repairs) != 1 || fixed.Repairs[0].ID != id || fixed.Repairs[0].Error != "" {
		t.Errorf("--fix did %+v, and was to raise one limit", fixed.Repairs)
	}
	if now, err := os.ReadFile(file); err != nil || strings.TrimSpace(string(now)) != "1024" {
		t.Errorf("the kernel's limit is %s (%v)", now, err)
	}
}

// TestDoctorAgreesWithUp: what one says of IPVS, and of nothing but what the kernel
// has, the other does.
func TestDoctorAgreesWithUp(t *testing.T) {
	s := newSession(t)
	flags := []string{"--proxy-mode", "ipvs", "--cni", "calico"}
	found := s.doctor(flags...)
	missing := found.of("kernel.ip_vs").State == "fatal"
	fatal := slices.ContainsFunc(found.Findings, func(f finding) bool { return f.State == "fatal" && !strings.HasPrefix(f.ID, "kernel.") })
	if found.of("kernel.ip_vs").Seen == "" || fatal {
		t.Fatalf("doctor says %+v", found.Findings)
	}
	up := s.Kindctl(append([]string{"up", "--dry-run", "-n", "e2e-ipvs"}, flags...)...)
	if up.Code != found.code || strings.Contains(up.Stderr, found.of("kernel.ip_vs").Seen) != missing {
		t.Errorf("doctor says %+v and exits with %d; up exits with %d and says\n%s", found.of("kernel.ip_vs"), found.code, up.Code, up.Stderr)
	}
}
