package forge

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
)

// The kind module is one of this module's own, so it is there.
func kindSource(t *testing.T) string {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/kind").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(dir))
}

func TestStorageManifestNamesOurImages(t *testing.T) {
	manifest, err := kindConstant(kindSource(t), "pkg/build/nodeimage/const_storage.go", "defaultStorageManifest")
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for line := range strings.Lines(manifest) {
		if ref, ok := strings.CutPrefix(strings.TrimSpace(line), "image: "); ok {
			named++
			if ref != provisionerImage && ref != helperImage {
				t.Errorf("kind's storage manifest names %s, which is not built", ref)
			}
		}
	}
	if named != 2 {
		t.Errorf("kind's storage manifest names %d images, not 2", named)
	}
	if _, err := kindConstant(kindSource(t), "pkg/build/nodeimage/const_storage.go", "noSuchConstant"); err == nil {
		t.Error("a constant that does not exist was found")
	}
}

func TestPauseIsTheOneOfKindsContainerd(t *testing.T) {
	config, err := os.ReadFile(kindSource(t) + "/images/base/files/etc/containerd/config.toml")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"sandbox_image = \"" + pauseImage + "\"", "restrict_oom_score_adj = false"} {
		if !strings.Contains(string(config), text) {
			t.Errorf("kind's configuration of containerd lacks %q", text)
		}
	}
}

func TestKindIsTheVersionThatMakesClusters(t *testing.T) {
	data, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	file, err := modfile.ParseLax("go.mod", data, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, require := range file.Require {
		if require.Mod.Path == "sigs.k8s.io/kind" && require.Mod.Version != kindModule.version("sigs.k8s.io/kind") {
			t.Errorf("clusters are made with kind %s, their nodes are those of %s", require.Mod.Version, kindModule.version("sigs.k8s.io/kind"))
		}
	}
}
