package kindpatch

import (
	"fmt"
	"strings"
	"testing"
)

func place(index, line int) string { return fmt.Sprintf("%d:%d", index, line) }

func TestReadRegistries(t *testing.T) {
	found, err := ReadRegistries([]string{`
[plugins."io.containerd.grpc.v1.cri".registry.mirrors."localhost:5055"]
  endpoint = ["http://reg:5000", "https://secure:5443/v2/proxy"]
[plugins."io.containerd.grpc.v1.cri".registry.mirrors."*"]
  endpoint = ["http://cache:5000"]
[plugins."io.containerd.grpc.v1.cri".registry.configs."secure:5443".tls]
  ca_file = "/etc/ssl/a.pem"
  cert_file = "/etc/ssl/b.pem"
  key_file = "/etc/ssl/c.pem"
`, `
[plugins."io.containerd.grpc.v1.cri".registry.configs."reg:5000".tls]
  insecure_skip_verify = true
[plugins."io.containerd.grpc.v1.cri".registry.configs."reg:5000".auth]
  username = "u"
`, "oom_score = 1\n"}, place)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{
		"/etc/containerd/certs.d/localhost:5055/hosts.toml": {`[host."http://reg:5000"]`, "skip_verify = true", `[host."https://secure:5443/v2/proxy"]`, "override_path = true", `ca = "/etc/ssl/a.pem"`, `client = [["/etc/ssl/b.pem", "/etc/ssl/c.pem"]]`},
		"/etc/containerd/certs.d/_default/hosts.toml":       {`[host."http://cache:5000"]`},
		"/etc/containerd/certs.d/reg:5000/hosts.toml":       {`server = "https://reg:5000"`, "skip_verify = true"},
		"/etc/containerd/certs.d/secure:5443/hosts.toml":    {`server = "https://secure:5443"`, `ca = "/etc/ssl/a.pem"`},
	}
	if len(found.Files) != len(want) {
		t.Errorf("files are %v, want %d", found.Files, len(want))
	}
	for path, parts := range want {
		content := found.Files[path]
		if _, err := ParseTOML(content); err != nil {
			t.Errorf("%s is no TOML: %v", path, err)
		}
		for _, part := range parts {
			if !strings.Contains(content, part) {
				t.Errorf("%s has no %s:\n%s", path, part, content)
			}
		}
	}
	all := strings.Join(found.Patches, "\n")
	for part, there := range map[string]bool{"mirrors": false, "tls": false, "username": true, "oom_score": true, `config_path = "/etc/containerd/certs.d"`: true} {
		if strings.Contains(all, part) != there {
			t.Errorf("that %q is in what is left is %v, want %v:\n%s", part, !there, there, all)
		}
	}
	for path, there := range map[string]string{"/etc/containerd/certs.d/localhost:5055/hosts.toml": "0:2", "/etc/containerd/certs.d/reg:5000/hosts.toml": "1:2"} {
		if found.Places[path] != there {
			t.Errorf("%s is asked for at %s, want %s", path, found.Places[path], there)
		}
	}
	if found.ConfigPath != "/etc/containerd/certs.d" {
		t.Errorf("the folder of the files is %q", found.ConfigPath)
	}
	for path, want := range map[string]bool{
		"plugins/io.containerd.grpc.v1.cri/registry/mirrors/a/endpoint":             true,
		"plugins/io.containerd.cri.v1.images/registry/configs/a/tls/ca_file":        true,
		"plugins/io.containerd.grpc.v1.cri/registry/configs/reg:5000/auth/username": false,
		"plugins/io.containerd.grpc.v1.cri/registry/config_path":                    false,
		"oom_score": false,
	} {
		if got := found.Translates(strings.Split(path, "/")); got != want {
			t.Errorf("%s is translated: %v, want %v", path, got, want)
		}
	}
	if len(found.Translated) != 4 || found.Translated[3].Place != "1:2" || len(found.Refused) > 0 {
		t.Errorf("translated %v, refused %v", found.Translated, found.Refused)
	}
}

func TestRegistriesOfTheUsersOwnFolder(t *testing.T) {
	found, err := ReadRegistries([]string{`
[plugins."io.containerd.grpc.v1.cri".registry]
  config_path = "/etc/hosts.d"
[plugins."io.containerd.grpc.v1.cri".registry.mirrors."a"]
  endpoint = ["http://b:5000"]
`}, place)
	if err != nil || found.Files["/etc/hosts.d/a/hosts.toml"] == "" || len(found.Patches) != 1 {
		t.Errorf("files are %v, patches %v, error %v", found.Files, found.Patches, err)
	}
}

func TestPatchesWithoutRegistriesStay(t *testing.T) {
	text := "[plugins.\"io.containerd.grpc.v1.cri\".registry]\n  config_path = \"/etc/containerd/certs.d\" # as it was\n"
	found, err := ReadRegistries([]string{text}, place)
	if err != nil || len(found.Files) > 0 || len(found.Patches) != 1 || found.Patches[0] != text {
		t.Errorf("files are %v, patches %q, error %v", found.Files, found.Patches, err)
	}
}

func TestApplyContainerd(t *testing.T) {
	const config = "version = 2\noom_score = 5\n[a]\n  b = true\n"
	for _, c := range []struct {
		name, merge, steps, want string
		changed                  bool
	}{
		{name: "a change", merge: "[a]\n  b = false\n", want: "b = false", changed: true},
		{name: "the same", merge: "[a]\n  b = true\n", want: "b = true"},
		{name: "steps", steps: `[{"op": "add", "path": "/a/c", "value": 7}]`, want: "c = 7", changed: true},
	} {
		got, changed, err := ApplyContainerd(config, c.merge, c.steps)
		if err != nil || changed != c.changed || !strings.Contains(got, c.want) || !strings.Contains(got, "oom_score = 5") {
			t.Errorf("%s: %q, changed %v, %v", c.name, got, changed, err)
		}
	}
}
