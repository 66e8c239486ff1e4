package debian

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fakeTree writes files (path to content) into a fresh tree.
func fakeTree(t *testing.T, files map[string]string) *os.Root {
	t.Helper()
	root, dir := testTree(t)
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestConfigure(t *testing.T) {
	root := fakeTree(t, map[string]string{
		"usr/share/base-passwd/passwd.master":     "root:*:0:0:root:/root:/bin/bash\n",
		"usr/share/ca-certificates/mozilla/b.crt": "B\n\n",
		"usr/share/ca-certificates/mozilla/a.crt": "A\n",
		"usr/sbin/iptables-nft":                   "",
		"usr/sbin/iptables-legacy":                "",
		"usr/sbin/ebtables-nft":                   "",
		"var/lock/x":                              "",
	})
	if err := root.Remove("var/lock/x"); err != nil {
		t.Fatal(err)
	}
	s := Spec{Dirs: []string{"var/log/journal"}, Links: map[string]string{"opt/x/clang": "../y"}}
	if err := configure(root, s); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"etc/passwd":                        "root:*:0:0:root:/root:/bin/bash\n",
		"etc/ssl/certs/ca-certificates.crt": "A\nB\n",
		"etc/ca-certificates.conf":          "mozilla/a.crt\nmozilla/b.crt\n",
		"var/lib/dpkg/alternatives/iptables": `auto
/usr/sbin/iptables
iptables-restore
/usr/sbin/iptables-restore
iptables-save
/usr/sbin/iptables-save

/usr/sbin/iptables-nft
20
/usr/sbin/iptables-nft-restore
/usr/sbin/iptables-nft-save
/usr/sbin/iptables-legacy
10
/usr/sbin/iptables-legacy-restore
/usr/sbin/iptables-legacy-save

`,
	} {
		got, err := root.ReadFile(name)
		if err != nil {
			t.Error(err)
		} else if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	for name, want := range map[string]string{
		"bin":                       "usr/bin",
		"var/run":                   "/run",
		"var/lock":                  "/run/lock",
		"opt/x/clang":               "../y",
		"usr/sbin/iptables":         "/etc/alternatives/iptables",
		"usr/sbin/iptables-save":    "/etc/alternatives/iptables-save",
		"etc/alternatives/iptables": "/usr/sbin/iptables-nft",
		"etc/alternatives/ebtables": "/usr/sbin/ebtables-nft",
	} {
		if got, err := root.Readlink(name); got != want {
			t.Errorf("%s -> %q (%v), want %q", name, got, err, want)
		}
	}
	if _, err := root.Lstat("usr/sbin/ip6tables"); err == nil {
		t.Error("a command without a program was linked")
	}
	if info, err := root.Stat("var/log/journal"); err != nil || !info.IsDir() {
		t.Errorf("var/log/journal: %v", err)
	}
}

// An extension lies on a tree that has its top level already.
func TestConfigureExtension(t *testing.T) {
	root := fakeTree(t, nil)
	if err := configure(root, Spec{Extends: &Spec{}}); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(root.Name())
	if err != nil || len(entries) != 0 {
		t.Errorf("an empty extension holds %v (%v)", entries, err)
	}
}

func TestUpdateOfCertificatesFindsItsRecord(t *testing.T) {
	files := map[string]string{"usr/share/ca-certificates/mozilla/A (1).crt": "A\n"}
	for _, test := range []struct {
		tool bool
		want string
	}{{true, "/usr/share/ca-certificates/mozilla/A (1).crt"}, {false, ""}} {
		if test.tool {
			files["usr/sbin/update-ca-certificates"] = ""
		} else {
			delete(files, "usr/sbin/update-ca-certificates")
		}
		root := fakeTree(t, files)
		if err := configure(root, Spec{}); err != nil {
			t.Fatal(err)
		}
		if got, _ := root.Readlink("etc/ssl/certs/A_=1=.pem"); got != test.want {
			t.Errorf("with the tool %t, the link of a certificate leads to %q, not to %q", test.tool, got, test.want)
		}
	}
}

func TestUsersAreAdded(t *testing.T) {
	root := fakeTree(t, map[string]string{"usr/share/base-passwd/passwd.master": "root:*:0:0:root:/root:/bin/bash\n"})
	if err := configure(root, Spec{Users: []User{{Name: "statd", ID: 102, Home: "/var/lib/nfs"}}}); err != nil {
		t.Fatal(err)
	}
	got, err := root.ReadFile("etc/passwd")
	want := "root:*:0:0:root:/root:/bin/bash\nstatd:x:102:65534::/var/lib/nfs:/usr/sbin/nologin\n"
	if err != nil || string(got) != want {
		t.Errorf("etc/passwd is %q, %v; not %q", got, err, want)
	}
}
