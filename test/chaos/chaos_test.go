//go:build chaos

package chaos

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kindctl/kindctl/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

// lab is a cluster with three members of etcd that is broken and healed.
type lab struct {
	*harness.User
	name string
}

// planes are the control planes, each with a member of etcd.
func (l lab) planes() []string {
	return []string{l.name + "-control-plane", l.name + "-control-plane2", l.name + "-control-plane3"}
}

func newLab(t *testing.T, name string) lab {
	t.Helper()
	l := lab{harness.NewUser(t), name}
	l.run("down")
	t.Cleanup(func() { l.run("down") })
	return l
}

func (l lab) run(command string, flags ...string) {
	l.Helper()
	l.Must(append([]string{command, "-n", l.name}, flags...)...)
}

// TestNothingAcknowledgedIsLost has someone write while a node is killed, two nodes
// cannot reach each other, and the disk of a member of etcd is full.
func TestNothingAcknowledgedIsLost(t *testing.T) {
	l := newLab(t, "chaos")
	l.run("up", "--cni", "calico", "--control-planes", "3", "--workers", "1")
	w := startWriter(t, l.Must("get", "kubeconfig", "-n", l.name).Stdout)
	w.goesOn(t, "at rest", 20, time.Minute)

	for _, fault := range []struct {
		name   string
		inject func() (heal func())
	}{
		{"a node is killed", l.kill},
		{"two nodes cannot reach each other", l.cut},
		{"the disk of a member is full", l.fill},
	} {
		heal := fault.inject()
		// A connection to an API server whose member of etcd is lost lasts until its
		// kubelet restarts that server.
		w.goesOn(t, fault.name, 20, 5*time.Minute)
		heal()
		w.goesOn(t, fault.name+", healed", 20, 2*time.Minute)
		l.recovers()
	}
	w.end()
	l.account(w)
}

// recovers wants the cluster to be well again by itself: kubelets that lost their API
// server, for one, need minutes to find another.
func (l lab) recovers() {
	l.Helper()
	begun := time.Now()
	for {
		r := l.Kindctl("verify", "-n", l.name)
		if r.Code == 0 {
			break
		}
		if time.Since(begun) > 5*time.Minute {
			l.Fatalf("after 5 minutes: exit %d\n%s\n%s", r.Code, r.Stdout, r.Stderr)
		}
	}
	l.Logf("verified again: %v", time.Since(begun).Round(time.Second))
}

// account looks for every write that was acknowledged, at each API server by itself.
func (l lab) account(w *writer) {
	l.Helper()
	for _, plane := range l.planes() {
		var there struct {
			Items []struct {
				Metadata struct{ Name string }
				Data     map[string]string
			}
		}
		listed := l.Exec(plane, fmt.Sprintf("kubectl --kubeconfig=/etc/kubernetes/admin.conf --server=https://%s:6443 get configmaps -l %s -o json", plane, writeLabel))
		if err := json.Unmarshal([]byte(listed), &there); err != nil {
			l.Fatal(err)
		}
		values := map[string]string{}
		for _, item := range there.Items {
			values[item.Metadata.Name] = item.Data["value"]
		}
		lost := 0
		for name, value := range w.acknowledged {
			if values[name] != value {
				l.Errorf("%s does not know %s, which was acknowledged: it has %q, not %q", plane, name, values[name], value)
				lost++
			}
		}
		l.Logf("%s: %d writes tried, %d acknowledged, %d there, %d lost; the longest pause was %v", plane, w.tried, len(w.acknowledged), len(values), lost, w.longest.Round(100*time.Millisecond))
	}
}

// leader is the control plane whose member of etcd leads.
func (l lab) leader() string {
	l.Helper()
	for _, plane := range l.planes() {
		var status []struct {
			Status struct {
				Leader uint64
				Header struct {
					MemberID uint64 `json:"member_id"`
				}
			}
		}
		if err := json.Unmarshal([]byte(l.etcdctl(plane, "endpoint", "status", "-w", "json")), &status); err != nil || len(status) != 1 {
			l.Fatalf("status of etcd on %s: %v", plane, err)
		}
		if status[0].Status.Leader == status[0].Status.Header.MemberID {
			return plane
		}
	}
	l.Fatal("no member of etcd leads")
	return ""
}

func (l lab) etcdctl(plane string, arguments ...string) string {
	l.Helper()
	const keys = "/etc/kubernetes/pki/etcd/"
	return l.Exec(l.planes()[0], fmt.Sprintf("kubectl --kubeconfig=/etc/kubernetes/admin.conf -n kube-system exec etcd-%s -- etcdctl --cacert=%sca.crt --cert=%sserver.crt --key=%sserver.key %s",
		plane, keys, keys, keys, strings.Join(arguments, " ")))
}

// kill ends the node of the member that leads, all at once.
func (l lab) kill() (heal func()) {
	l.Helper()
	leader := l.leader()
	l.Output("docker", "kill", leader)
	return func() { l.run("start") }
}

// cut lets the member that leads and another one reach each other no more.
func (l lab) cut() (heal func()) {
	l.Helper()
	leader := l.leader()
	other := l.planes()[0]
	if other == leader {
		other = l.planes()[1]
	}
	address := l.Output("docker", "inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", other)
	rule := func(verb string) {
		l.Exec(leader, fmt.Sprintf("iptables -w -%s INPUT -s %s -j DROP && iptables -w -%s OUTPUT -d %s -j DROP", verb, address, verb, address))
	}
	rule("I")
	return func() { rule("D") }
}

// small is the disk that a member gets: its log takes 64 MiB at a time.
const small = "200m"

// fill puts a member that does not lead on a disk of its own and fills that. The
// member ends, because it cannot write.
func (l lab) fill() (heal func()) {
	l.Helper()
	leader, victim := l.leader(), ""
	for _, plane := range l.planes() {
		if plane != leader {
			victim = plane
		}
	}
	const manifest, away, data = "/etc/kubernetes/manifests/etcd.yaml", "/etc/kubernetes/etcd.yaml", "/var/lib/etcd"
	gone := "until ! pgrep -x etcd >/dev/null; do sleep 0.2; done"
	back := "until pgrep -x etcd >/dev/null; do sleep 0.2; done"
	l.Exec(victim, strings.Join([]string{
		"set -e", "mv " + manifest + " " + away, gone,
		"mkdir /var/lib/full", "mount -t tmpfs -o size=" + small + " tmpfs /var/lib/full", "cp -a " + data + "/. /var/lib/full/",
		"mount --bind /var/lib/full " + data, "mv " + away + " " + manifest, back,
	}, "\n"))
	l.run("verify", "--only", "etcd")
	l.Exec(victim, "dd if=/dev/zero of="+data+"/filler bs=64k 2>/dev/null; test $(df --output=avail "+data+" | tail -1) -lt 64")
	// What is written goes to places that the member has already, until its database
	// must grow.
	l.Exec(victim, strings.Join([]string{
		"set -e", "pid=$(pgrep -x etcd)", "head -c 500000 /dev/urandom | base64 -w0 >/tmp/bulk",
		`for i in $(seq 120); do [ "$(pgrep -x etcd)" = "$pid" ] || exit 0`,
		"kubectl --kubeconfig=/etc/kubernetes/admin.conf create configmap bulk-$i --from-file=/tmp/bulk >/dev/null || sleep 1", "done",
		"echo it goes on with a full disk; exit 1",
	}, "\n"))
	return func() {
		l.Exec(victim, "rm "+data+"/filler")
		l.Exec(victim, back)
	}
}
