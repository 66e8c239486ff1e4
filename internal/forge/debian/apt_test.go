package debian

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMirrorsOf(t *testing.T) {
	const targets = `Debian http://mirror.example/debian/
Debian-Security https://mirror.example/security/
Node Source https://node.example
`
	for name, test := range map[string]struct {
		targets string
		want    mirrors
	}{
		"the host's":       {targets, mirrors{"http://mirror.example/debian/", "https://mirror.example/security/"}},
		"not Debian":       {"Ubuntu http://ubuntu.example/\n", mirrors{}},
		"a CD":             {"Debian cdrom:[Debian]/\n", mirrors{}},
		"no list as yet":   {" http://mirror.example/debian/\n", mirrors{}},
		"no security list": {"Debian http://mirror.example/\n", mirrors{main: "http://mirror.example/"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := mirrorsOf([]byte(test.targets)); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestSources(t *testing.T) {
	text := sources("bookworm", mirrors{"http://m.example", "http://s.example"})
	for _, line := range []string{
		"URIs: http://m.example", "Suites: bookworm bookworm-updates",
		"URIs: http://s.example", "Suites: bookworm-security", "Signed-By: " + keyring,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("no line %q in:\n%s", line, text)
		}
	}
}

func TestSourcesWithoutSecurity(t *testing.T) {
	if text := sources("bookworm", mirrors{main: "http://m.example"}); strings.Contains(text, "bookworm-security") || strings.Count(text, "URIs:") != 1 {
		t.Errorf("the sources are:\n%s", text)
	}
}

func TestFileNames(t *testing.T) {
	const out = `'http://m.example/pool/b/bash.deb' bash_5.2.15-2+b13_amd64.deb 1490652 SHA256:ab
'http://m.example/pool/libg.deb' libgmp10_2%3a6.2.1+dfsg1-1.1_amd64.deb 562588 SHA256:cd
`
	files := fileNames([]byte(out))
	if diff := cmp.Diff([]string{"bash_5.2.15-2+b13_amd64.deb", "libgmp10_2%3a6.2.1+dfsg1-1.1_amd64.deb"}, files); diff != "" {
		t.Fatal(diff)
	}
	if name, version := packageName(files[1]), packageVersion(files[1]); name != "libgmp10" || version != "2:6.2.1+dfsg1-1.1" {
		t.Errorf("got %s %s", name, version)
	}
}

func TestComplaints(t *testing.T) {
	if got := complaints("W: old\nE: Unable to locate package x\n"); got != "E: Unable to locate package x" {
		t.Errorf("got %q", got)
	}
}
