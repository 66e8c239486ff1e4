// Package setting reads what users ask of an addon: trees of values, against the
// schema of the addon's makers.
package setting

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/kindctl/kindctl/pkg/hint"
)

// Place returns where the user wrote the value of a path, "cilium.values[hubble]", as
// "FILE:LINE: ", or "" where that is not known.
type Place func(path string) string

// Of is the place of a path; a nil Place knows none.
func (p Place) Of(path string) string {
	if p == nil {
		return ""
	}
	return p(path)
}

// Values are a tree of values as a user wrote it.
type Values struct {
	Tree map[string]any
	// Root is the path of the tree in the configuration: "cilium.values".
	Root  string
	Place Place
}

// Problem words a problem with the value of a path, with its place.
func (v Values) Problem(path []string, format string, args ...any) string {
	var at strings.Builder
	at.WriteString(v.Root)
	for _, name := range path {
		at.WriteString("[" + name + "]")
	}
	return v.Place.Of(at.String()) + v.Root + strings.Join(append([]string{""}, path...), ".") + ": " + fmt.Sprintf(format, args...)
}

// Problems are the values that a JSON schema does not allow, and those that neither
// the schema nor the defaults know. The error says that the schema cannot be read.
func (v Values) Problems(schema []byte, defaults map[string]any) (problems []string, err error) {
	if len(v.Tree) == 0 {
		return nil, nil
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		return nil, err
	}
	const location = "schema.json"
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource(location, document); err != nil {
		return nil, err
	}
	compiled, err := compiler.Compile(location)
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(v.Tree)
	if err != nil {
		return []string{v.Problem(nil, "%v", err)}, nil
	}
	plain, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	root, _ := document.(map[string]any)
	problems = v.unknown(nil, v.Tree, root, defaults)
	if invalid, is := errors.AsType[*jsonschema.ValidationError](compiled.Validate(plain)); is {
		problems = append(problems, v.invalid(invalid)...)
	}
	return problems, nil
}

// invalid words what a schema does not allow, from the innermost outward.
func (v Values) invalid(e *jsonschema.ValidationError) (problems []string) {
	for _, cause := range e.Causes {
		problems = append(problems, v.invalid(cause)...)
	}
	if len(e.Causes) == 0 {
		problems = append(problems, v.Problem(e.InstanceLocation, "%s", e.ErrorKind.LocalizedString(message.NewPrinter(language.English))))
	}
	return problems
}

// unknown are the names that an object of the schema does not have. One without
// properties takes any.
func (v Values) unknown(path []string, tree, schema, defaults map[string]any) (problems []string) {
	properties, _ := schema["properties"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(tree)) {
		at := append(slices.Clone(path), name)
		property, inSchema := properties[name]
		standard, isDefault := defaults[name]
		if len(properties) > 0 && !inSchema && !isDefault {
			problems = append(problems, v.Problem(at, "there is no such value%s", hint.Nearest(name, slices.Sorted(maps.Keys(properties)))))
			continue
		}
		below, is := tree[name].(map[string]any)
		if !is {
			continue
		}
		inner, _ := property.(map[string]any)
		preset, _ := standard.(map[string]any)
		problems = append(problems, v.unknown(at, below, inner, preset)...)
	}
	return problems
}

// Get returns the value at a path, and whether there is one.
func Get(tree map[string]any, path ...string) (value any, found bool) {
	for i, name := range path {
		if value, found = tree[name]; !found {
			return nil, false
		}
		if i < len(path)-1 {
			if tree, found = value.(map[string]any); !found {
				return nil, false
			}
		}
	}
	return value, found
}

// Set puts a value at a path, and makes the objects on the way.
func Set(tree map[string]any, value any, path ...string) {
	for _, name := range path[:len(path)-1] {
		below, is := tree[name].(map[string]any)
		if !is {
			below = map[string]any{}
			tree[name] = below
		}
		tree = below
	}
	tree[path[len(path)-1]] = value
}

// Merge puts a tree over another: objects are merged, all else is replaced.
func Merge(under, over map[string]any) {
	for name, value := range over {
		inner, isObject := value.(map[string]any)
		below, hasObject := under[name].(map[string]any)
		switch {
		case isObject && hasObject:
			Merge(below, inner)
		case isObject:
			fresh := map[string]any{}
			Merge(fresh, inner)
			under[name] = fresh
		default:
			under[name] = value
		}
	}
}
