package clusters

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"sigs.k8s.io/yaml"

	"github.com/kindctl/kindctl/internal/kindpatch"
)

// containerd reviews the patches of containerd's configuration.
func (r *review) containerd() {
	whole := true
	for i, patch := range r.Raw.ContainerdConfigPatches {
		table, err := kindpatch.ParseTOML(patch)
		if err != nil {
			whole = false
			r.refuse(r.placeOf(containerdPath(i)), "the patch is no TOML: %v", err)
			continue
		}
		if version, is := table["version"].(int64); is && version != containerdVersion {
			r.refuse(r.tomlPlace(i, kindpatch.TOMLLines(patch)("version")), "the patch is for version %d of containerd's configuration, and that of node images has version %d, so that kind passes it over; write it for that, or leave version out",
				version, containerdVersion)
		}
	}
	for i, patch := range r.Raw.ContainerdConfigPatchesJSON6902 {
		if _, err := stepsAsJSON(patch); err != nil {
			r.refuse(r.placeOf(fmt.Sprintf("kindConfig.containerdConfigPatchesJSON6902[%d]", i)), "the patch is no list of RFC 6902: %v", err)
		}
	}
	if !whole {
		return
	}
	registries, err := r.registries()
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

// containerdFile is the file that patches of containerd's configuration change.
const containerdFile = "/etc/containerd/config.toml"

// containerdRequests are the settings that patches of containerd's configuration ask
// for: in it, or in the files that are written in its place.
func (t Topology) containerdRequests() (requests []Request) {
	registries, err := t.registries()
	if err != nil {
		return nil // Validate refuses it
	}
	for i, text := range t.Raw.ContainerdConfigPatches {
		table, err := kindpatch.ParseTOML(text)
		if err != nil {
			continue // Validate refuses it
		}
		lineOf := kindpatch.TOMLLines(text)
		for _, field := range tomlFields(asJSON(table), nil) {
			if dotted(field.path) == "version" || registries.Translates(field.path) {
				continue // the patch is for that version
			}
			requests = put(requests, containerdRequest(field, t.tomlPlace(i, lineOf(field.path...))))
		}
	}
	requests = append(requests, registryRequests(registries)...)
	for i, text := range t.Raw.ContainerdConfigPatchesJSON6902 {
		var steps []containerdStep
		data, err := stepsAsJSON(text)
		if err != nil || json.Unmarshal([]byte(data), &steps) != nil {
			continue // Validate refuses it
		}
		for _, step := range steps {
			requests = step.on(requests, t.placeOf(fmt.Sprintf("kindConfig.containerdConfigPatchesJSON6902[%d]", i)))
		}
	}
	return requests
}

// registryRequests are what files hosts.toml are to say, and that containerd is to
// read them.
func registryRequests(registries *kindpatch.Registries) (requests []Request) {
	for _, file := range slices.Sorted(maps.Keys(registries.Files)) {
		table, err := kindpatch.ParseTOML(registries.Files[file])
		if err != nil {
			panic(err) // it was written here
		}
		for _, field := range tomlFields(asJSON(table), []string{file}) {
			requests = append(requests, containerdRequest(field, registries.Places[file]))
		}
	}
	if registries.ConfigPath != "" {
		path := []string{"plugins", "io.containerd.grpc.v1.cri", "registry", "config_path"}
		requests = append(requests, containerdRequest(tomlField{path, registries.ConfigPath}, registries.Translated[0].Place))
	}
	return requests
}

// tomlField is a setting of a configuration that is no table.
type tomlField struct {
	path  []string
	value any
}

func containerdRequest(f tomlField, source string) Request {
	return Request{Component: "containerd", Setting: dotted(f.path), Value: f.value, Source: source}
}

// tomlFields are those of a value at a path, sorted by name; an empty table has none.
func tomlFields(value any, path []string) (fields []tomlField) {
	table, is := value.(map[string]any)
	if !is {
		return []tomlField{{path, value}}
	}
	for _, name := range slices.Sorted(maps.Keys(table)) {
		fields = append(fields, tomlFields(table[name], append(slices.Clone(path), name))...)
	}
	return fields
}

// asJSON is a value as JSON has it, in which form it is recorded in the cluster.
func asJSON(value any) (plain any) {
	data, err := json.Marshal(value)
	if err != nil {
		return nil // a number that JSON does not have, and containerd no use for
	}
	_ = json.Unmarshal(data, &plain) // it was written here
	return plain
}

// containerdStep is a step of RFC 6902.
type containerdStep struct {
	Op, Path, From string
	Value          any
}

// on returns what is asked for after the step. What a step moves or copies depends on
// the configuration that it is applied to: nothing is asked for in its place.
func (s containerdStep) on(requests []Request, source string) []Request {
	path := pointed(s.Path)
	switch at := slices.IndexFunc(path, isIndex); {
	case len(path) == 0 || at >= 0 && at < len(path)-1: // a part of an item
		return requests
	case at >= 0:
		return s.onList(requests, path[:at], source)
	}
	switch s.Op {
	case "add", "replace":
		requests = without(requests, path)
		for _, field := range tomlFields(s.Value, path) {
			requests = append(requests, containerdRequest(field, source))
		}
	case "remove": // in the file: containerd itself falls back to its default
		requests = append(without(requests, path), containerdRequest(tomlField{path: append([]string{containerdFile}, path...)}, source))
	case "move":
		requests = without(without(requests, pointed(s.From)), path)
	case "copy":
		requests = without(requests, path)
	}
	return requests
}

// isIndex reports whether a name of a pointer stands for an item of a list.
func isIndex(name string) bool {
	_, err := strconv.ParseUint(name, 10, 32)
	return name == "-" || err == nil
}

// onList changes what is asked for of a list: that it has the item that is added.
func (s containerdStep) onList(requests []Request, list []string, source string) []Request {
	setting := dotted(list)
	at := slices.IndexFunc(requests, func(r Request) bool { return r.Setting == setting })
	var items []any
	if at >= 0 {
		items, _ = requests[at].Value.([]any)
	}
	switch {
	case s.Op == "add":
		return put(requests, containerdRequest(tomlField{list, append(slices.Clone(items), s.Value)}, source))
	case at >= 0 && s.Op != "test": // which item it was is not known
		return slices.Delete(requests, at, at+1)
	}
	return requests
}

// without leaves out what is asked for at a path and below it.
func without(requests []Request, path []string) []Request {
	setting := dotted(path)
	return slices.DeleteFunc(requests, func(r Request) bool {
		return r.Setting == setting || strings.HasPrefix(r.Setting, setting+".") || r.Setting == dotted(append([]string{containerdFile}, path...))
	})
}

// pointed are the names of a JSON pointer.
func pointed(pointer string) []string {
	if pointer == "" {
		return nil
	}
	names := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	for i, name := range names {
		names[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(name)
	}
	return names
}
