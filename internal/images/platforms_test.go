package images

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kindctl/kindctl/pkg/hint"
)

// ociLayout writes archives in the shape of an OCI ociLayout.
type ociLayout struct{ files [][2]string }

func (l *ociLayout) blob(content string) string {
	digest := fmt.Sprintf("%x", sha256.Sum256([]byte(content)))
	l.files = append(l.files, [2]string{"blobs/sha256/" + digest, content})
	return "sha256:" + digest
}

func encoded(value any) string {
	data, _ := json.Marshal(value)
	return string(data)
}

// manifest is an image of one platform, without its layer when there is a hole.
func (l *ociLayout) manifest(os, arch string, hole bool) map[string]any {
	layer := "sha256:" + strings.Repeat("0", 64)
	if !hole {
		layer = l.blob("layer of " + arch)
	}
	digest := l.blob(encoded(map[string]any{
		"schemaVersion": 2, "config": map[string]any{"digest": l.blob(encoded(map[string]any{"os": os, "architecture": arch}))},
		"layers": []any{map[string]any{"digest": layer}},
	}))
	return map[string]any{"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest, "platform": map[string]any{"os": os, "architecture": arch}}
}

// absent is an image of which there is nothing.
func absent(os, arch string) map[string]any {
	return map[string]any{"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": "sha256:" + strings.Repeat("1", 64), "platform": map[string]any{"os": os, "architecture": arch}}
}

func (l *ociLayout) index(manifests ...any) map[string]any {
	digest := l.blob(encoded(map[string]any{"schemaVersion": 2, "manifests": manifests}))
	return map[string]any{"mediaType": "application/vnd.oci.image.index.v1+json", "digest": digest}
}

func (l *ociLayout) write(t *testing.T, top ...any) string {
	return archived(t, "images.tar", append(l.files, [2]string{"index.json", encoded(map[string]any{"schemaVersion": 2, "manifests": top})})...)
}

func TestPlatforms(t *testing.T) {
	docker := [][2]string{
		{"config.json", encoded(map[string]any{"os": "linux", "architecture": "arm64"})}, {"a/layer.tar", "x"},
		{"manifest.json", encoded([]any{map[string]any{"Config": "config.json", "Layers": []string{"a/layer.tar"}, "RepoTags": []string{"app:1"}}})},
	}
	for name, test := range map[string]struct {
		file   func(*testing.T, *ociLayout) string
		want   []Platform
		every  bool
		reason string
	}{
		"all platforms": {func(t *testing.T, l *ociLayout) string {
			return l.write(t, l.index(l.manifest("linux", "amd64", false), l.manifest("linux", "arm64", false)))
		}, []Platform{{"linux/amd64", true}, {"linux/arm64", true}}, false, ""},
		"the own platform of two, and an attestation": {func(t *testing.T, l *ociLayout) string {
			return l.write(t, l.index(l.manifest("linux", "amd64", false), absent("linux", "arm64"), l.manifest("unknown", "unknown", false)))
		}, []Platform{{"linux/amd64", true}, {"linux/arm64", false}}, false, ""},
		"the other platform of two": {func(t *testing.T, l *ociLayout) string {
			return l.write(t, l.index(absent("linux", "amd64"), l.manifest("linux", "arm64", false)))
		}, []Platform{{"linux/amd64", false}, {"linux/arm64", true}}, false, "PLATFORM_MISSING"},
		"the own platform without its layers": {func(t *testing.T, l *ociLayout) string { return l.write(t, l.manifest("linux", "amd64", true)) }, []Platform{{"linux/amd64", false}}, false, "PLATFORM_MISSING"},
		"an image to be emulated":             {func(t *testing.T, l *ociLayout) string { return l.write(t, l.manifest("linux", "arm64", false)) }, []Platform{{"linux/arm64", true}}, true, ""},
		"an older Docker's archive":           {func(t *testing.T, _ *ociLayout) string { return archived(t, "docker.tar", docker...) }, []Platform{{"linux/arm64", true}}, true, ""},
		"an older Docker's with a hole":       {func(t *testing.T, _ *ociLayout) string { return archived(t, "docker.tar", docker[0], docker[2]) }, []Platform{{"linux/arm64", false}}, false, "PLATFORM_MISSING"},
		"nothing that tells":                  {func(t *testing.T, _ *ociLayout) string { return archived(t, "odd.tar", [2]string{"a", "b"}) }, nil, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			file := test.file(t, &ociLayout{})
			got, err := Platforms(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("platforms (-want +got):\n%s", diff)
			}
			every, err := Every(file, "linux/amd64")
			if every != test.every || hint.ReasonOf(err) != test.reason || err != nil && !strings.Contains(hint.AdviceOf(err), "docker save --platform linux/amd64") {
				t.Errorf("every: %v, %v; want %v, %q", every, err, test.every, test.reason)
			}
		})
	}
	if _, err := Platforms(filepath.Join(t.TempDir(), "none.tar")); err == nil {
		t.Error("an archive that is not there has platforms")
	}
}
