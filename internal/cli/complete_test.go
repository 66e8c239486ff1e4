package cli

import (
	"io"
	"slices"
	"strings"
	"testing"
)

// TestComplete: the last word is completed with what may stand there.
func TestComplete(t *testing.T) {
	known := sources{
		clusters:  func() []string { return []string{"lab", "lab-2", "shop"} },
		contexts:  func() []string { return []string{"arn:aws:eks:x", "kind-lab"} },
		images:    func() []string { return []string{"shop:dev"} },
		snapshots: func() []string { return []string{"seeded"} },
	}
	tests := []struct {
		line  string // after "kindctl "
		want  string // every word, or "+ words" for some of them
		files bool
	}{
		{"ver", "verify version", false},
		{"get ", "clusters nodes kubeconfig", false},
		{"get n", "nodes", false},
		{"config v", "view validate", false},
		{"--no", "--no-color", false},
		{"-q ve", "verify version", false},
		{"verify -n la", "lab lab-2", false},
		{"verify --name=s", "--name=shop", false},
		{"down --name ", "lab lab-2 shop", false},
		{"run --reuse s", "shop", false},
		{"reset --to ", "seeded", false},
		{"snapshot rm s", "seeded", false},
		{"snapshot save ", "", false},
		{"status --context arn", "arn:aws:eks:x", false},
		{"up --cni c", "cilium calico", false},
		{"up --cni=ca", "--cni=calico", false},
		{"up --cni ca --proxy-mode n", "nftables none", false},
		{"up --profile ", "default external-etcd ha single", false},
		{"up --images l", "local", false},
		{"up --config ", "", true},
		{"up --workers ", "", false},
		{"up --retain --pro", "--profile --proxy-mode --progress", false},
		{"up --progress ", "auto plain github", false},
		{"up lab", "", false},
		{"verify -o ", "table json", false},
		{"down --dry-run -o ", "text json", false},
		{"get nodes -o ", "table json name", false},
		{"verify --only etcd.q", "etcd.quorum", false},
		{"verify --only etcd,dns.r", "etcd,dns.records", false},
		{"verify --skip etcd,etc", "+ etcd,etcd.quorum", false},
		{"verify --report ", "junit= json= events=", false},
		{"verify --report junit=a.xml,j", "junit=a.xml,junit= junit=a.xml,json=", false},
		{"verify --report junit=a", "", true},
		{"images build --cni ", "calico cilium all", false},
		{"load sh", "shop:dev", true},
		{"load --nodes control-plane,w", "control-plane,worker", false},
		{"__sto", "", false},
		{"run -- go te", "", true},
		{"run --cni calico -- up --cni ", "", true},
		{"completion ", "bash zsh fish powershell", false},
		{"help ver", "verify version", false},
		{"nonsense --fl", "", false},
		{"__comp", "", false},
		{"verify --li", "--list", false},
		{"verify --nothing=", "", false},
	}
	k := completer{app: newApp(io.Discard, io.Discard), sources: known}
	k.app.Setup() // adds the command help
	for _, tt := range tests {
		got := k.complete(strings.Split(tt.line, " "))
		var words []string
		for _, c := range got.candidates {
			words = append(words, c.word)
		}
		some, isSome := strings.CutPrefix(tt.want, "+ ")
		switch {
		case got.files != tt.files:
			t.Errorf("%q: files %v, want %v", tt.line, got.files, tt.files)
		case isSome && !slices.Contains(words, some), !isSome && strings.Join(words, " ") != tt.want:
			t.Errorf("%q: %v, want %s", tt.line, words, tt.want)
		}
	}
}

// TestCompletionKnowsFlags: a flag with a value is completed in some way, or its
// value is the user's own invention.
func TestCompletionKnowsFlags(t *testing.T) {
	inventions := []string{
		"control-planes", "workers", "etcd-members", "count", "image", "image-registry", "wait-timeout", "parallel", "ttl", "network", "runs", "size",
		"older-than", "keep", "seed", "of", "language",
	}
	k := completer{sources: sources{}, app: newApp(io.Discard, io.Discard)}
	some := func() []string { return []string{"x"} }
	k.sources = sources{clusters: some, contexts: some, images: some, snapshots: some}
	for _, command := range everyCommand(k.app.Commands) {
		for _, flag := range command.Flags {
			name := flag.Names()[0]
			if !takesValue(flag) || slices.Contains(inventions, name) {
				continue
			}
			if got := k.values(place{command: command}, flag, ""); len(got.candidates) == 0 && !got.files {
				t.Errorf("%s --%s: nothing is offered; complete it, or name it among the inventions", command.Name, name)
			}
		}
	}
}
