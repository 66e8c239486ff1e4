package kindpatch

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// Change is a field of an object that a patch sets, or an argument of a component.
type Change struct {
	// Kind is that of the object, and Path the names that lead to the field; those
	// of an argument end with its name: "apiServer", "extraArgs", "v".
	Kind string
	Path []string
	// Value is what the field is set to; nil is removed.
	Value any
	// Place is where the patch says it.
	Place string
}

// IsArgument distinguishes a command-line flag from a field.
func (c Change) IsArgument() bool {
	return len(c.Path) > 1 && isArguments(c.Path[len(c.Path)-2])
}

// differences are the leaves in which two states of an object differ, as far as
// they are read.
func (p Patch) differences(before, after map[string]any) (changes []Change) {
	return slices.DeleteFunc(p.compare(nil, before, after), func(change Change) bool { return change.Path[0] == metadata })
}

func (p Patch) compare(path []string, before, after any) (changes []Change) {
	if len(path) > 0 && isArguments(path[len(path)-1]) {
		before, after = argumentMap(before), argumentMap(after)
	}
	was, wasObject := before.(map[string]any)
	is, isObject := after.(map[string]any)
	if isObject && (wasObject || before == nil) && (len(is) > 0 || len(was) > 0) {
		names := map[string]bool{}
		for name := range was {
			names[name] = true
		}
		for name := range is {
			names[name] = true
		}
		for _, name := range slices.Sorted(maps.Keys(names)) {
			changes = append(changes, p.compare(append(slices.Clone(path), name), was[name], is[name])...)
		}
		return changes
	}
	if sameValue(before, after) {
		return nil
	}
	return []Change{{Kind: p.Kind, Path: path, Value: after, Place: p.PlaceOf(path...)}}
}

// argumentMap makes a map of a list of names and values, as either form of
// arguments means the same.
func argumentMap(arguments any) any {
	list, is := arguments.([]any)
	if !is {
		return arguments
	}
	values := map[string]any{}
	for _, item := range list {
		argument, _ := item.(map[string]any)
		if name, named := argument["name"].(string); named {
			values[name] = argument["value"]
		}
	}
	return values
}

// Argument is the value of an argument of the kubelet in the part nodeRegistration
// of an object, "" if it is not set.
func Argument(registration map[string]any, name string) string {
	arguments, _ := argumentMap(registration["kubeletExtraArgs"]).(map[string]any)
	value, _ := arguments[name].(string)
	return value
}

// ExtraArgument is the value of an argument of a component, such as apiServer, in
// ClusterConfiguration, and whether it is set.
func ExtraArgument(document map[string]any, component, name string) (value string, set bool) {
	fields, _ := document[component].(map[string]any)
	arguments, _ := argumentMap(fields["extraArgs"]).(map[string]any)
	value, set = arguments[name].(string)
	return value, set
}

// sameValue compares as JSON does: a number is a number.
func sameValue(a, b any) bool {
	return reflect.DeepEqual(number(a), number(b))
}

func number(value any) any {
	switch value := value.(type) {
	case int64:
		return float64(value)
	case int:
		return float64(value)
	case []any:
		all := make([]any, len(value))
		for i, item := range value {
			all[i] = number(item)
		}
		return all
	case map[string]any:
		all := map[string]any{}
		for name, item := range value {
			all[name] = number(item)
		}
		return all
	}
	return value
}

// Flags are the arguments at a path of an object as flags, sorted.
func Flags(document map[string]any, path ...string) (flags []string) {
	var value any = document
	for _, name := range path {
		fields, _ := value.(map[string]any)
		value = fields[name]
	}
	arguments, _ := argumentMap(value).(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(arguments)) {
		flags = append(flags, fmt.Sprintf("--%s=%v", name, arguments[name]))
	}
	return flags
}
