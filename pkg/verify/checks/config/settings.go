package config

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/kindctl/kindctl/pkg/verify"
)

// leaves flattens a configuration. A list is a leaf. What only says which kind
// of object it is, is left out.
func leaves(configuration map[string]any) Settings {
	flat := Settings{}
	var walk func(prefix string, value any)
	walk = func(prefix string, value any) {
		branch, is := value.(map[string]any)
		if !is || len(branch) == 0 {
			flat[prefix] = value
			return
		}
		for name, inner := range branch {
			walk(strings.TrimPrefix(prefix+"."+name, "."), inner)
		}
	}
	for name, value := range configuration {
		if name != "kind" && name != "apiVersion" {
			walk(name, value)
		}
	}
	return flat
}

// Unset reports whether a value stands for the default. A false does not: what is
// on by default is turned off by it.
func Unset(value any) bool {
	switch value := value.(type) {
	case nil:
		return true
	case string:
		return value == "" || value == "0" || value == "0s"
	case float64:
		return value == 0
	case []any:
		return len(value) == 0
	case map[string]any:
		return len(value) == 0
	}
	return false
}

// SameSetting compares durations as such: 1m is 60s.
func SameSetting(a, b any) bool {
	first, is := a.(string)
	second, too := b.(string)
	if is && too {
		left, leftErr := time.ParseDuration(first)
		right, rightErr := time.ParseDuration(second)
		if leftErr == nil && rightErr == nil {
			return left == right
		}
	}
	return reflect.DeepEqual(a, b)
}

// Shown writes a setting as JSON, or that it is not set.
func Shown(value any) string {
	if value == nil {
		return "not set"
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(text)
}

// Settings are the leaves of a configuration by their path, such as
// "authentication.anonymous.enabled".
type Settings map[string]any

// NodeSettings are those that a node's kubelet runs with.
type NodeSettings struct {
	Node string
	Settings
}

// ClusterDNS is the setting with the addresses that pods ask for names.
const ClusterDNS = "clusterDNS"

// missed says how a setting is not what is asked for, or "".
func missed(r verify.Requested, have any) string {
	switch {
	case r.Value == nil && have == nil, r.Value != nil && contains(have, r.Value):
		return ""
	case r.Value == nil:
		return fmt.Sprintf("%s is %s, but should be left out%s", r.Setting, Shown(have), asked(r))
	}
	return fmt.Sprintf("%s is %s, not %s%s", r.Setting, Shown(have), Shown(r.Value), asked(r))
}

func asked(r verify.Requested) string {
	if r.Source == "" {
		return ""
	}
	return ", for which " + r.Source + " asks"
}

// contains reports whether a value says all that another one does: components fill in
// what is left open.
func contains(have, want any) bool {
	switch want := want.(type) {
	case map[string]any:
		fields, is := have.(map[string]any)
		for name, value := range want {
			if !is || !contains(fields[name], value) {
				return false
			}
		}
		return is || len(want) == 0
	case []any:
		list, _ := have.([]any)
		for _, item := range want {
			if !slices.ContainsFunc(list, func(other any) bool { return contains(other, item) }) {
				return false
			}
		}
		return len(want) > 0 || len(list) == 0
	}
	return SameSetting(have, want) || have == nil && isZero(want)
}

// isZero tells values that configurations leave out when they are written: false, 0
// and "".
func isZero(value any) bool { return value == nil || reflect.ValueOf(value).IsZero() }

// fieldOf is the value at a path, whose names with dots are in quotes.
func fieldOf(configuration map[string]any, path string) (value any) {
	value = configuration
	for _, name := range pathNames(path) {
		fields, is := value.(map[string]any)
		if !is {
			return nil
		}
		value = fields[name]
	}
	return value
}

func pathNames(path string) (names []string) {
	for i, part := range strings.Split(path, `"`) {
		if i%2 == 1 {
			names = append(names, part)
			continue
		}
		names = append(names, strings.FieldsFunc(part, func(r rune) bool { return r == '.' })...)
	}
	return names
}
