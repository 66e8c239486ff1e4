package provider

import (
	"reflect"
	"slices"
	"testing"
)

func TestLayerSince(t *testing.T) {
	saved := Layer{
		Added: []string{"/etc/kubernetes/pki", "/etc/kubernetes/pki/ca.crt"}, Changed: []string{"/etc", "/etc/kubernetes"}, Removed: []string{"/etc/motd"},
	}
	now := Layer{
		Added:   []string{"/etc/kubernetes/pki", "/etc/kubernetes/pki/ca.crt", "/etc/kubernetes/manifests/more.yaml"},
		Changed: []string{"/etc", "/etc/kubernetes", "/etc/crictl.yaml"},
		Removed: []string{"/etc/motd", "/usr/bin/jq"},
	}
	surplus, lost := now.since(saved)
	if !slices.Equal(surplus, []string{"/etc/kubernetes/manifests/more.yaml"}) || !slices.Equal(lost, []string{"/etc/crictl.yaml", "/usr/bin/jq"}) {
		t.Errorf("surplus %v, lost %v", surplus, lost)
	}
	if surplus, lost := saved.since(saved); len(surplus)+len(lost) > 0 {
		t.Errorf("nothing has changed, and surplus is %v, lost %v", surplus, lost)
	}
}

func TestMountPointsAreRead(t *testing.T) {
	table := `1541 1268 0:183 / / rw,relatime master:1 - overlay overlay rw
1542 1541 0:188 / /proc rw - proc proc rw
1563 1541 254:1 /volumes/a /var/my\040data rw - ext4 /dev/vda rw
`
	found, err := mountPointsIn(table)
	if err != nil || !reflect.DeepEqual(found, []string{"/proc", "/var/my data"}) {
		t.Errorf("%q, %v", found, err)
	}
	if _, err := mountPointsIn("nonsense"); err == nil {
		t.Error("a line without a mount point is accepted")
	}
}
