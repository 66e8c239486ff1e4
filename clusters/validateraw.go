package clusters

import (
	"fmt"
	"strings"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"sigs.k8s.io/yaml"

	"github.com/kindctl/kindctl/pkg/kindpatch"
)

// containerd reviews the patches of containerd's configuration.
func (r *review) containerd() {
	whole := true
	for i, patch := range r.t.Raw.ContainerdConfigPatches {
		table, err := kindpatch.ParseTOML(patch)
		if err != nil {
			whole = false
			r.refuse(r.t.placeOf(containerdPath(i)), "the patch is no TOML: %v", err)
			continue
		}
		if version, is := table["version"].(int64); is && version != containerdVersion {
			r.refuse(r.t.tomlPlace(i, kindpatch.TOMLLines(patch)("version")), "the patch is for version %d of containerd's configuration, and that of node images has version %d, so that kind passes it over; write it for that, or leave version out",
				version, containerdVersion)
		}
	}
	for i, patch := range r.t.Raw.ContainerdConfigPatchesJSON6902 {
		if _, err := stepsAsJSON(patch); err != nil {
			r.refuse(r.t.placeOf(fmt.Sprintf("kindConfig.containerdConfigPatchesJSON6902[%d]", i)), "the patch is no list of RFC 6902: %v", err)
		}
	}
	if !whole {
		return
	}
	registries, err := r.t.registries()
	if err != nil {
		r.refuse("kindConfig.containerdConfigPatches", "%v", err)
		return
	}
	for _, finding := range registries.Refused {
		r.refuse(finding.Place, "%s", finding.Text)
	}
	for _, finding := range registries.Translated {
		r.warn(finding.Place, "%s", finding.Text)
	}
}

// containerdVersion is that of the configuration in node images, which kind wants
// of patches that name one (kind v0.33.0, images/base and pkg/internal/patch).
const containerdVersion = 2

func containerdPath(index int) string {
	return fmt.Sprintf("kindConfig.containerdConfigPatches[%d]", index)
}

// tomlPlace is where a line of a patch of containerd's configuration stands.
func (t Topology) tomlPlace(index, line int) string {
	if lines := t.linesOf(containerdPath(index)); lines != nil {
		return lines(line)
	}
	return t.placeOf(containerdPath(index))
}

// registries are the settings of registries in patches of containerd's
// configuration.
func (t Topology) registries() (*kindpatch.Registries, error) {
	return kindpatch.ReadRegistries(t.Raw.ContainerdConfigPatches, t.tomlPlace)
}

// RegistryFiles are files that say what patches of containerd's configuration say of
// registries, by their path in every node; none where nothing is said.
func (t Topology) RegistryFiles() map[string]string {
	if t.Raw == nil {
		return nil
	}
	registries, err := t.registries()
	if err != nil {
		return nil // Validate refuses it
	}
	return registries.Files
}

// stepsAsJSON are steps of RFC 6902 in the one form that kind takes for containerd.
func stepsAsJSON(text string) (string, error) {
	data, err := yaml.YAMLToJSON([]byte(text))
	if err == nil {
		_, err = jsonpatch.DecodePatch(data)
	}
	return strings.TrimSpace(string(data)), err
}
