package kindpatch

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"sigs.k8s.io/yaml"
)

// Version is the version that the patch names, without its group; "" is any.
func (p Patch) Version() string {
	return p.APIVersion[strings.LastIndex(p.APIVersion, "/")+1:]
}

// OfKubeadm reports whether the object is one of kubeadm's own, which has several
// versions.
func (p Patch) OfKubeadm() bool {
	return p.Kind == ClusterConfiguration || p.Kind == InitConfiguration || p.Kind == JoinConfiguration
}

// Foreign reports whether kind applies the patch to no object of these versions of
// kubeadm's configuration.
func (p Patch) Foreign(versions []string) bool {
	if p.APIVersion == "" || !slices.Contains(Kinds, p.Kind) {
		return false
	}
	return !slices.ContainsFunc(versions, func(version string) bool { return p.APIVersion == apiVersion(p.Kind, version) })
}

// Translated is the patch for any version: without the version that it names, and
// with arguments in the one form that kind takes for all of them. Steps that set
// arguments become merge patches.
func (p Patch) Translated() (patches []Patch, err error) {
	if p.IsMerge() {
		one := p
		one.APIVersion = ""
		if one.content, err = clone(p.content); err != nil {
			return nil, err
		}
		delete(one.content, "apiVersion")
		mapArguments(one.content)
		return []Patch{one}, nil
	}
	rest := p
	rest.APIVersion, rest.steps = "", jsonpatch.Patch{}
	for _, step := range p.steps {
		merge, arguments, err := mergeOf(p.Kind, step)
		switch {
		case err != nil:
			return nil, err
		case arguments:
			patches = append(patches, Patch{Kind: p.Kind, Place: p.Place, content: merge})
		default:
			rest.steps = append(rest.steps, step)
		}
	}
	if len(rest.steps) > 0 {
		patches = append(patches, rest)
	}
	return patches, nil
}

// mapArguments makes a map of every list of arguments.
func mapArguments(fields map[string]any) {
	for name, value := range fields {
		if isArguments(name) {
			fields[name] = argumentMap(value)
		} else if inner, is := value.(map[string]any); is {
			mapArguments(inner)
		}
	}
}

// WrongForm reports whether kind would not take the arguments of a patch in the form
// that they have: steps that treat a list as a map or the reverse, and a list in a
// merge patch for versions before v1beta4.
func (p Patch) WrongForm(versions []string) bool {
	old := slices.ContainsFunc(versions, func(version string) bool { return version < V1Beta4 })
	if p.IsMerge() {
		return old && listsArguments(p.content)
	}
	return slices.ContainsFunc(p.steps, func(step jsonpatch.Operation) bool {
		path, err := step.Path()
		if err != nil || !slices.ContainsFunc(strings.Split(path, "/"), isArguments) {
			return false
		}
		last := path[strings.LastIndex(path, "/")+1:]
		if _, number := strconv.Atoi(last); number == nil || last == "-" || last == "value" {
			return old
		}
		return !old || isArguments(last)
	})
}

// listsArguments reports whether arguments are written as a list.
func listsArguments(fields map[string]any) bool {
	for name, value := range fields {
		_, list := value.([]any)
		inner, object := value.(map[string]any)
		if isArguments(name) && list || object && listsArguments(inner) {
			return true
		}
	}
	return false
}

// mergeOf makes a merge patch of a step that adds or replaces arguments.
func mergeOf(kind string, step jsonpatch.Operation) (merge map[string]any, arguments bool, err error) {
	path, err := step.Path()
	if err != nil {
		return nil, false, err
	}
	names := strings.Split(strings.TrimPrefix(path, "/"), "/")
	at := slices.IndexFunc(names, isArguments)
	if at < 0 {
		return nil, false, nil
	}
	if operation := step.Kind(); operation != "add" && operation != "replace" {
		return nil, false, fmt.Errorf("step %q of %s cannot be translated: write the arguments as a merge patch, below kubeadmConfigPatches", operation, path)
	}
	value, err := step.ValueInterface()
	if err != nil {
		return nil, false, err
	}
	values, is := argumentMap(value).(map[string]any)
	switch rest := names[at+1:]; {
	case len(rest) == 0 && is:
	case len(rest) == 1 && rest[0] == "-" && is && len(values) == 2 && values["name"] != nil:
		name, _ := values["name"].(string)
		values = map[string]any{name: values["value"]}
	case len(rest) == 1 && !is && rest[0] != "-":
		values = map[string]any{strings.NewReplacer("~1", "/", "~0", "~").Replace(rest[0]): value}
	default:
		return nil, false, fmt.Errorf("step %q of %s cannot be translated: write the arguments as a merge patch, below kubeadmConfigPatches", step.Kind(), path)
	}
	for name, value := range values {
		if _, text := value.(string); !text {
			return nil, false, fmt.Errorf("the value of %s is %v without quotes, and text is wanted: write %q", name, value, fmt.Sprint(value))
		}
	}
	var inner any = values
	for _, name := range slices.Backward(names[:at+1]) {
		inner = map[string]any{name: inner}
	}
	merge = inner.(map[string]any)
	merge["kind"] = kind
	return merge, true, nil
}

// Encode writes the patch as a file of kind's has it: a merge patch, or steps.
func (p Patch) Encode() (string, error) {
	var content any = p.content
	if !p.IsMerge() {
		content = p.steps
	}
	text, err := yaml.Marshal(content)
	return string(text), err
}
