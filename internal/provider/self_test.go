package provider

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOwnID(t *testing.T) {
	id := strings.Repeat("0a", 32)
	for name, test := range map[string]struct{ mounts, want string }{
		"a container": {"25 1 0:1 / / rw - overlay overlay rw\n610 593 254:1 /var/lib/docker/containers/" + id + "/hostname /etc/hostname rw,relatime - ext4 /dev/vda1 rw\n", id},
		"a host, which has the mounts of its containers": {"25 1 0:1 / / rw - ext4 /dev/vda1 rw\n90 25 0:50 / /var/lib/docker/containers/" + id + "/mounts/shm rw - tmpfs shm rw\n", ""},
		"a container of another engine":                  {"610 593 254:1 /run/user/resolv.conf /etc/resolv.conf rw - tmpfs tmpfs rw\n", ""},
		"nothing":                                        {"", ""},
	} {
		if got := ownID(strings.NewReader(test.mounts)); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

func TestReadSelf(t *testing.T) {
	pod := &self{id: "pod"}
	others := func(id string) (*self, error) {
		if id != "pod" {
			return nil, errors.New("there is no " + id)
		}
		return pod, nil
	}
	for name, test := range map[string]struct {
		text string
		want *self
	}{
		"on a bridge":              {`[{"Id": "a", "Name": "/job", "HostConfig": {"NetworkMode": "default"}, "NetworkSettings": {"Networks": {"bridge": {"Aliases": null}, "kind": {"Aliases": ["kindctl-client"]}}}}]`, &self{id: "a", name: "job", networks: map[string][]string{"bridge": nil, "kind": {selfAlias}}}},
		"on the host's network":    {`[{"Id": "a", "HostConfig": {"NetworkMode": "host"}}]`, nil},
		"on another one's network": {`[{"Id": "a", "HostConfig": {"NetworkMode": "container:pod"}}]`, pod},
	} {
		got, err := readSelf([]byte(test.text), others)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(self{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if _, err := readSelf([]byte("[]"), others); err == nil {
		t.Error("nothing is a container")
	}
}
