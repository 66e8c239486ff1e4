package lab

import (
	"fmt"
	"testing"
	"testing/fstest"
)

// system is a /proc with processes by number: name, times, and numbers in the
// namespaces that they are in.
func system(processes map[int][3]string, cpu string) fstest.MapFS {
	root := fstest.MapFS{"proc/stat": {Data: []byte("cpu  " + cpu + "\ncpu0 1 1 1 1 1 1 1\n")}, "proc/loadavg": {Data: []byte("1.50 0.70 0.20 1/100 999\n")}}
	for pid, p := range processes {
		root[fmt.Sprintf("proc/%d/stat", pid)] = &fstest.MapFile{Data: fmt.Appendf(nil, "%d (%s) S 1 2 3 4 5 6 7 8 9 10 %s 20 0 30\n", pid, p[0], p[1])}
		root[fmt.Sprintf("proc/%d/status", pid)] = &fstest.MapFile{Data: fmt.Appendf(nil, "Name:\t%s\nNSpid:\t%s\nThreads:\t9\n", p[0], p[2])}
	}
	return root
}

func TestSpent(t *testing.T) {
	before := spent(system(map[int][3]string{
		10: {"dockerd", "100 50 20 10", "10"},
		11: {"containerd", "10 0 0 0", "11"},
		12: {"containerd-shim", "5 5 1000 1000", "12"},
	}, "1000 0 500 9999 9999 10 20 77"))
	after := spent(system(map[int][3]string{
		10: {"dockerd", "200 60 25 15", "10"},            // 120 more
		11: {"containerd", "30 0 0 0", "11"},             // 20 more
		12: {"containerd-shim", "10 10 3000 3000", "12"}, // 10 more, not what docker exec ran
		13: {"containerd-shim", "50 0 0 0", "13"},        // a new one
		14: {"containerd", "9000 0 0 0", "14 3"},         // a node's
		15: {"dockerd (old)", "9000 0 0 0", "15"},
		16: {"bash", "9000 0 0 0", "16"},
	}, "1400 0 600 8 8 20 30 77"))
	daemons, machine := after.since(before)
	if daemons == nil || *daemons != 2 {
		t.Errorf("the daemons have used %v s, want 2", daemons)
	}
	if machine == nil || *machine != 5.2 {
		t.Errorf("the machine has used %v s, want 5.2", machine)
	}
}

func TestSpentUnseen(t *testing.T) {
	if daemons, machine := spent(nil).since(spent(nil)); daemons != nil || machine != nil {
		t.Errorf("Docker is elsewhere, and %v, %v are known of it", daemons, machine)
	}
	rootless := system(map[int][3]string{16: {"bash", "1 1 1 1", "16"}}, "1 1 1 1 1 1 1")
	if daemons, _ := spent(rootless).since(spent(rootless)); daemons != nil {
		t.Errorf("no daemon can be seen, and they used %v", *daemons)
	}
	broken := fstest.MapFS{"proc/10/stat": {Data: []byte("10 (dockerd S")}, "proc/11/stat": {Data: []byte("11 (dockerd) S 1")}, "proc/stat": {Data: []byte("cpu 1\n")}}
	if daemons, machine := spent(broken).since(spent(broken)); daemons != nil || machine != nil {
		t.Errorf("of what cannot be read %v, %v are known", daemons, machine)
	}
}

func TestLoad(t *testing.T) {
	if got, known := load(system(nil, "")); got != 1.5 || !known {
		t.Errorf("%v, %v", got, known)
	}
	for _, root := range []fstest.MapFS{{}, {"proc/loadavg": {Data: []byte("?")}}} {
		if got, known := load(root); known {
			t.Errorf("%v is known", got)
		}
	}
	if _, known := load(nil); known {
		t.Error("the load of another machine is known")
	}
}
