package kindpatch

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
	jsonpatch "github.com/evanphx/json-patch/v5"
	"go.yaml.in/yaml/v3"
)

// hostsDirectory is where kind's recipe, and containerd since 2.2 without any
// setting, look for the hosts of registries.
const hostsDirectory = "/etc/containerd/certs.d"

// criPlugins have the part "registry", in versions 2 and 3 of containerd's
// configuration.
var criPlugins = []string{"io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images"}

// Registries are the settings of registries in patches of containerd's
// configuration, of which containerd 2 takes mirrors only until 2.4 and passes over
// those of TLS.
type Registries struct {
	// Patches are what is left of the patches, with the folder of the files.
	Patches []string
	// Files are what says the same in files hosts.toml, by their path in a node, and
	// Places where the patches ask for each.
	Files, Places map[string]string
	// ConfigPath is the folder of the files where Patches name it and the patches that
	// were read do not.
	ConfigPath string
	// Translated and Refused say what became of which setting.
	Translated, Refused []Finding

	directory string
	mirrors   map[string][]string
	tls       map[string]map[string]any
	lines     map[string]string // by registry
}

// Rewritten reports whether Patches are others than those that were read.
func (r *Registries) Rewritten() bool { return len(r.Translated) > 0 }

// ReadRegistries takes mirrors and TLS out of patches of containerd's configuration.
// place is where a line of the patch with an index stands.
func ReadRegistries(patches []string, place func(index, line int) string) (*Registries, error) {
	r := &Registries{mirrors: map[string][]string{}, tls: map[string]map[string]any{}, lines: map[string]string{}}
	for i, text := range patches {
		table, err := ParseTOML(text)
		if err != nil {
			return nil, err
		}
		lineOf := TOMLLines(text)
		at := func(path ...string) string { return place(i, lineOf(path...)) }
		taken := false
		for _, plugin := range criPlugins {
			registry := []string{"plugins", plugin, "registry"}
			settings, _ := field(table, registry...).(map[string]any)
			if folder, is := settings["config_path"].(string); is {
				r.directory, _, _ = strings.Cut(folder, ":")
			}
			mirrors, configs := r.takeMirrors(settings, at, registry), r.takeTLS(settings, at, registry)
			taken = taken || mirrors || configs
		}
		if !taken {
			r.Patches = append(r.Patches, text)
			continue
		}
		prune(table)
		if len(table) > 0 {
			rest, err := toml.Marshal(table)
			if err != nil {
				return nil, err
			}
			r.Patches = append(r.Patches, string(rest))
		}
	}
	r.write()
	return r, nil
}

func (r *Registries) takeMirrors(settings map[string]any, at func(path ...string) string, registry []string) bool {
	mirrors, is := settings["mirrors"].(map[string]any)
	if !is {
		return false
	}
	for _, name := range slices.Sorted(maps.Keys(mirrors)) {
		line := at(append(slices.Clone(registry), "mirrors", name)...)
		mirror, is := mirrors[name].(map[string]any)
		if !is {
			r.Refused = append(r.Refused, Finding{line, fmt.Sprintf("registry.mirrors.%q is no table with an endpoint", name)})
			continue
		}
		if len(mirror) == 0 {
			r.Translated = append(r.Translated, Finding{line, fmt.Sprintf(`registry.mirrors.%q names no endpoint, and changes nothing; write endpoint = ["http://HOST:PORT"]`, name)})
			continue
		}
		for _, key := range slices.Sorted(maps.Keys(mirror)) {
			if key != "endpoint" {
				r.Refused = append(r.Refused, Finding{line, fmt.Sprintf("registry.mirrors.%q has no field %q; it has endpoint", name, key)})
			}
		}
		endpoints, problem := endpointsOf(mirror["endpoint"])
		if problem != "" {
			r.Refused = append(r.Refused, Finding{line, fmt.Sprintf("registry.mirrors.%q: %s", name, problem)})
			continue
		}
		r.mirrors[name], r.lines[name] = endpoints, line
		r.Translated = append(r.Translated, Finding{line, fmt.Sprintf("registry.mirrors.%q is deprecated in containerd 2 and gone in 2.4: kindctl writes it as %s on every node", name, r.file(name))})
	}
	delete(settings, "mirrors")
	return true
}

func endpointsOf(value any) (endpoints []string, problem string) {
	list, is := value.([]any)
	if !is {
		return nil, `write endpoint = ["http://HOST:PORT"]`
	}
	for _, item := range list {
		text, _ := item.(string)
		if found, err := url.Parse(text); err != nil || found.Scheme == "" || found.Host == "" {
			return nil, fmt.Sprintf("endpoint %q is no address: write it with its scheme, such as http://HOST:PORT", fmt.Sprint(item))
		}
		endpoints = append(endpoints, text)
	}
	return endpoints, ""
}

// tlsFields are those of the old configuration, by what they are called in a file
// hosts.toml.
var tlsFields = []string{"insecure_skip_verify", "ca_file", "cert_file", "key_file"}

func (r *Registries) takeTLS(settings map[string]any, at func(path ...string) string, registry []string) (taken bool) {
	configs, _ := settings["configs"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(configs)) {
		tls, is := field(configs, name, "tls").(map[string]any)
		if !is {
			continue
		}
		taken = true
		line := at(append(slices.Clone(registry), "configs", name, "tls")...)
		for _, key := range slices.Sorted(maps.Keys(tls)) {
			if !slices.Contains(tlsFields, key) {
				r.Refused = append(r.Refused, Finding{line, fmt.Sprintf("registry.configs.%q.tls has no field %q; it has %s", name, key, strings.Join(tlsFields, ", "))})
			}
		}
		r.tls[name], r.lines[name] = tls, cmp.Or(r.lines[name], line)
		r.Translated = append(r.Translated, Finding{line, fmt.Sprintf("registry.configs.%q.tls is passed over by containerd 2: kindctl writes it as hosts.toml below %s on every node", name, r.folder())})
		delete(configs[name].(map[string]any), "tls")
	}
	return taken
}

// Translates reports whether the setting at a path of a patch is said in files instead.
func (r *Registries) Translates(path []string) bool {
	if len(r.Files) == 0 || len(path) < 4 || path[0] != "plugins" || !slices.Contains(criPlugins, path[1]) || path[2] != "registry" {
		return false
	}
	return path[3] == "mirrors" || path[3] == "configs" && len(path) > 5 && path[5] == "tls"
}

func (r *Registries) folder() string {
	if r.directory != "" {
		return r.directory
	}
	return hostsDirectory
}

// file is where containerd looks for the hosts of a registry (containerd v2.3.4,
// core/remotes/docker/config).
func (r *Registries) file(registry string) string {
	if registry == "*" {
		registry = "_default"
	}
	return path.Join(r.folder(), registry, "hosts.toml")
}

// write makes the files, and has containerd read their directory.
func (r *Registries) write() {
	if len(r.mirrors) == 0 && len(r.tls) == 0 {
		return
	}
	r.Files, r.Places = map[string]string{}, map[string]string{}
	for registry, line := range r.lines {
		r.Places[r.file(registry)] = line
	}
	for _, registry := range slices.Sorted(maps.Keys(r.mirrors)) {
		var out strings.Builder
		for _, endpoint := range r.mirrors[registry] {
			r.host(&out, endpoint)
		}
		r.Files[r.file(registry)] = out.String()
	}
	for _, registry := range slices.Sorted(maps.Keys(r.tls)) {
		if _, mirrored := r.mirrors[registry]; mirrored {
			var out strings.Builder
			r.host(&out, "https://"+registry)
			r.Files[r.file(registry)] += out.String()
			continue
		}
		var out strings.Builder
		fmt.Fprintf(&out, "server = %q\n\n", "https://"+registry)
		r.host(&out, "https://"+registry)
		r.Files[r.file(registry)] = out.String()
	}
	if r.directory == "" {
		r.ConfigPath = hostsDirectory
		r.Patches = append(r.Patches, fmt.Sprintf("[plugins.%q.registry]\n  config_path = %q\n", criPlugins[0], hostsDirectory))
	}
}

// host writes one host that a registry's images may come from.
func (r *Registries) host(out *strings.Builder, endpoint string) {
	fmt.Fprintf(out, "[host.%q]\n  capabilities = [\"pull\", \"resolve\"]\n", endpoint)
	found, err := url.Parse(endpoint)
	if err != nil {
		return // endpointsOf has read it
	}
	if found.Path != "" && found.Path != "/" { // in the old form it is the whole path
		out.WriteString("  override_path = true\n")
	}
	tls := r.tls[found.Host]
	if tls == nil {
		return
	}
	if skip, _ := tls["insecure_skip_verify"].(bool); skip {
		out.WriteString("  skip_verify = true\n")
	}
	if ca, _ := tls["ca_file"].(string); ca != "" {
		fmt.Fprintf(out, "  ca = %q\n", ca)
	}
	if cert, _ := tls["cert_file"].(string); cert != "" {
		key, _ := tls["key_file"].(string)
		fmt.Fprintf(out, "  client = [[%q, %q]]\n", cert, key)
	}
}

// ApplyContainerd returns containerd's configuration with a merge patch, or with
// steps if there are some, and whether it says something else than before.
func ApplyContainerd(config, merge, steps string) (patched string, changed bool, err error) {
	before, err := tomlAsJSON(config)
	if err != nil {
		return "", false, err
	}
	var after []byte
	if steps != "" {
		patch, err := jsonpatch.DecodePatch([]byte(steps))
		if err != nil {
			return "", false, err
		}
		after, err = patch.Apply(before)
		if err != nil {
			return "", false, err
		}
	} else {
		patch, err := tomlAsJSON(merge)
		if err != nil {
			return "", false, err
		}
		if after, err = jsonpatch.MergePatch(before, patch); err != nil {
			return "", false, err
		}
	}
	var content map[string]any
	if err := yaml.Unmarshal(after, &content); err != nil { // which keeps whole numbers whole
		return "", false, err
	}
	written, err := toml.Marshal(content)
	return string(written), !jsonpatch.Equal(before, after), err
}

func tomlAsJSON(text string) ([]byte, error) {
	table, err := ParseTOML(text)
	if err != nil {
		return nil, err
	}
	return json.Marshal(table)
}
