//go:build e2e

package e2e

import (
	"strconv"
	"strings"
	"testing"
)

// TestNodesCompileNothing holds that images have the BPF programs of what fields of the
// configuration make of Cilium's settings, where these name no node's address.
func TestNodesCompileNothing(t *testing.T) {
	long(t)
	const cluster = "e2e-programs"
	s := newSession(t, cluster)
	for _, more := range []string{"ipFamily: ipv6", "cilium: {hubble: true, dnsProxy: true}"} {
		file := strings.Replace(kindctlFile, "cni: none\nworkers: 0", "cni: cilium\nworkers: 1", 1) + more + "\n"
		s.Must("up", "--images", "local", "--config", s.file(cluster, file))
		s.compilesNothing(cluster)
		s.Must("stop", "-n", cluster)
		s.Must("start", "-n", cluster)
		s.compilesNothing(cluster)
		s.Must("down", "-n", cluster)
	}
}

// recompile prints a line for each call of the compiler that was not answered from the
// image, or not with what the compiler makes, and the number of those that were.
const recompile = `
cd /run/cilium/state
same=0
while read -r result args; do
	[ "$result" = hit ] || echo "compiled: $args"
	source=${args##*-c }
	source=$(basename "${source%.c -o -}")
	folder=${args#-I* -I}
	object=${folder%% *}/$source.o
	[ -e "$object" ] || continue # of settings from before the agent knew all of them
	if [ "$(env -u PWD /usr/lib/llvm-19/bin/clang $args | sha256sum)" = "$(sha256sum < "$object")" ]; then
		same=$((same + 1))
	else
		echo "differs: $object"
	fi
done < /run/cilium/compiled.log
echo $same
`

// compilesNothing holds that every program came out of the image, and is to the byte
// what the compiler makes.
func (s *session) compilesNothing(cluster string) {
	s.Helper()
	pods := strings.Fields(s.Kubectl(cluster, "-n", "kube-system", "get", "pods", "-l", "k8s-app=cilium", "-o", "name"))
	for _, pod := range pods {
		got := s.Kubectl(cluster, "-n", "kube-system", "exec", pod, "-c", "cilium-agent", "--", "sh", "-c", recompile)
		if same, err := strconv.Atoi(strings.TrimSpace(got)); err != nil || same < 3 {
			s.Errorf("%s compiles, or has programs that differ from what is compiled:\n%s", pod, got)
		}
	}
	if len(pods) == 0 {
		s.Error("Cilium has no agents")
	}
}
