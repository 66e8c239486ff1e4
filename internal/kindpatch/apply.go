package kindpatch

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	jsonpatch "github.com/evanphx/json-patch/v5"
)

// Matches reports whether kind applies the patch to an object.
func (p Patch) Matches(document map[string]any) bool {
	return document != nil && document["kind"] == p.Kind && (p.APIVersion == "" || document["apiVersion"] == p.APIVersion)
}

// Apply changes the documents as kind does, and returns the paths of what is
// different afterward.
func (p Patch) Apply(documents Documents) (changes []Change, err error) {
	before := documents[p.Kind]
	if !p.Matches(before) {
		return nil, nil
	}
	target, err := clone(before)
	if err != nil {
		return nil, err
	}
	patch := jsonpatch.Patch(nil)
	change := []byte(nil)
	if p.IsMerge() {
		own, err := clone(p.content)
		if err != nil {
			return nil, err
		}
		version, _ := before["apiVersion"].(string)
		fold(target, own, strings.HasSuffix(version, V1Beta4), p.APIVersion != "")
		if change, err = json.Marshal(own); err != nil {
			return nil, err
		}
	} else {
		patch = p.steps
	}
	data, err := json.Marshal(target)
	if err != nil {
		return nil, err
	}
	if patch != nil {
		data, err = patch.Apply(data)
	} else {
		data, err = jsonpatch.MergePatch(data, change)
	}
	if err != nil {
		return nil, err
	}
	after := map[string]any{}
	if err := json.Unmarshal(data, &after); err != nil {
		return nil, err
	}
	documents[p.Kind] = after
	return p.differences(before, after), nil
}

// fold does what kind does before it merges: arguments are added to those that
// are there, and names to those of the certificate.
func fold(target, patch map[string]any, lists, versioned bool) {
	for _, name := range slices.Sorted(maps.Keys(patch)) {
		fields, isObject := patch[name].(map[string]any)
		switch {
		case isArguments(name) && lists:
			target[name] = withArguments(target[name], argumentsOf(patch[name], versioned))
			delete(patch, name)
		case name == "certSANs":
			target[name] = union(target[name], patch[name])
			delete(patch, name)
		case isObject && !isArguments(name):
			if _, there := target[name]; !there {
				target[name] = map[string]any{}
			}
			if inner, is := target[name].(map[string]any); is {
				fold(inner, fields, lists, versioned)
			}
		}
	}
}

func isArguments(name string) bool { return name == "extraArgs" || name == "kubeletExtraArgs" }

// argumentsOf makes a list of a map, which kind does for patches without a
// version alone; the map of another one is lost.
func argumentsOf(arguments any, versioned bool) (list []any) {
	if list, is := arguments.([]any); is {
		return list
	}
	values, is := arguments.(map[string]any)
	if !is || versioned {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		list = append(list, map[string]any{"name": name, "value": values[name]})
	}
	return list
}

func withArguments(target any, added []any) []any {
	list, _ := target.([]any)
	for _, item := range added {
		argument, _ := item.(map[string]any)
		name, named := argument["name"].(string)
		if !named {
			continue
		}
		at := slices.IndexFunc(list, func(other any) bool {
			known, _ := other.(map[string]any)
			return known["name"] == name
		})
		switch value := argument["value"]; {
		case at >= 0 && value == nil:
			list = slices.Delete(list, at, at+1)
		case at >= 0:
			list[at] = map[string]any{"name": name, "value": value}
		case value != nil:
			list = append(list, map[string]any{"name": name, "value": value})
		}
	}
	return list
}

func union(target, added any) []any {
	list, _ := target.([]any)
	names, _ := added.([]any)
	for _, item := range names {
		if !slices.ContainsFunc(list, func(other any) bool { return reflect.DeepEqual(other, item) }) {
			list = append(list, item)
		}
	}
	return list
}

func clone(document map[string]any) (copied map[string]any, err error) {
	data, err := json.Marshal(document)
	if err == nil {
		err = json.Unmarshal(data, &copied)
	}
	if err != nil {
		return nil, fmt.Errorf("copy an object: %w", err)
	}
	return copied, nil
}
