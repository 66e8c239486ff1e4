package main

import (
	"bytes"
	"crypto/md5"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const nodeConfig = `#include "lib/utils.h"

/*
 cilium.v4.external.str 172.18.0.3
 */

#define ENABLE_IPV4 1
#define IPV4_GATEWAY 0x2000f40a
#define IPV4_DIRECT_ROUTING 0
// JSON_OUTPUT: eyJD
`

func TestMask(t *testing.T) {
	const want = `#include "lib/utils.h"





#define ENABLE_IPV4 1
#define IPV4_GATEWAY differs_between_nodes
#define IPV4_DIRECT_ROUTING 0

`
	if got := string(mask([]byte(nodeConfig))); got != want {
		t.Errorf("the masked header is\n%s\nnot\n%s", got, want)
	}
}

func TestParse(t *testing.T) {
	for line, want := range map[string]bool{
		"-I/globals -I/state -g -c /bpf/bpf_lxc.c -o -":     true,
		"-I/globals -E -c /bpf/bpf_lxc.c -o -":              false,
		"-I/globals -g -c /bpf/bpf_lxc.c -o /tmp/bpf_lxc.o": false,
		"--version": false,
		"-c":        false,
	} {
		c, got := parse(strings.Fields(line))
		if got != want {
			t.Errorf("%s: an object is wanted: %v, want %v", line, got, want)
		}
		if want && (c.source != "/bpf/bpf_lxc.c" || strings.Join(c.folders, " ") != "/globals /state") {
			t.Errorf("%s: source %s, folders %v", line, c.source, c.folders)
		}
	}
}

// node is a folder like an agent's, and a call for it.
type node struct {
	library, state string
	args           []string
}

func newNode(t *testing.T) node {
	t.Helper()
	dir := t.TempDir()
	n := node{filepath.Join(dir, "bpf"), filepath.Join(dir, "state", "templates", strings.Repeat("a", 64)), nil}
	n.args = []string{"-I" + n.state, "-I" + n.library, "-I" + n.library + "/include", "-O2", "-c", n.library + "/bpf_lxc.c", "-o", "-"}
	n.write(t, n.library+"/bpf_lxc.c", "int main;")
	n.write(t, n.library+"/include/bpf/features.h", "")
	n.write(t, n.state+"/node_config.h", nodeConfig)
	return n
}

func (n node) write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (n node) read(t *testing.T) inputs {
	t.Helper()
	c, compiles := parse(n.args)
	if !compiles {
		t.Fatal("nothing is compiled")
	}
	in, err := c.read()
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func TestKey(t *testing.T) {
	tests := []struct {
		name   string
		change func(*testing.T, *node)
		same   bool
	}{
		{"another address", func(t *testing.T, n *node) {
			n.write(t, n.state+"/node_config.h", strings.NewReplacer("172.18.0.3", "172.18.0.4", "0x2000f40a", "0x3000f40a", "eyJD", "eyJE").Replace(nodeConfig))
		}, true},
		{"another setting", func(t *testing.T, n *node) {
			n.write(t, n.state+"/node_config.h", strings.Replace(nodeConfig, "IPV4 1", "IPV6 1", 1))
		}, false},
		{"another header", func(t *testing.T, n *node) { n.write(t, n.state+"/ep_config.h", "") }, false},
		{"another source", func(t *testing.T, n *node) { n.write(t, n.library+"/bpf_lxc.c", "int other;") }, false},
		{"another kernel", func(t *testing.T, n *node) { n.write(t, n.library+"/include/bpf/features.h", "#define X") }, false},
		{"another processor", func(_ *testing.T, n *node) { n.args = append([]string{"-mcpu=v2"}, n.args...) }, false},
		{"another place", func(t *testing.T, _ *node) { t.Chdir("/") }, false},
		{"another template", func(t *testing.T, n *node) {
			old := n.state
			n.state = strings.ReplaceAll(old, "aaaa", "bbbb")
			if err := os.Rename(old, n.state); err != nil {
				t.Fatal(err)
			}
			n.args[0] = "-I" + n.state
		}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := newNode(t)
			before := n.read(t).key()
			tt.change(t, &n)
			if same := n.read(t).key() == before; same != tt.same {
				t.Errorf("the key stays: %v, want %v", same, tt.same)
			}
		})
	}
}

// TestOwn holds that an object has the checksum of the node's header, as the
// compiler writes it, where it had that of the masked one.
func TestOwn(t *testing.T) {
	in := newNode(t).read(t)
	sum := func(text []byte) []byte { s := md5.Sum(text); return s[:] }
	object := bytes.Join([][]byte{[]byte("ELF"), sum(mask([]byte(nodeConfig))), []byte("end")}, nil)
	want := bytes.Join([][]byte{[]byte("ELF"), sum([]byte(nodeConfig)), []byte("end")}, nil)
	if got := in.own(object); !bytes.Equal(got, want) {
		t.Errorf("the object is %x, want %x", got, want)
	}
}
