package verify

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

// leaves flattens a configuration. A list is a leaf. What only says which kind
// of object it is, is left out.
func leaves(configuration map[string]any) settings {
	flat := settings{}
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

// unset tells whether a value stands for the default. A false does not: what is
// on by default is turned off by it.
func unset(value any) bool {
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

// sameSetting compares durations as such: 1m is 60s.
func sameSetting(a, b any) bool {
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

// shown writes a setting as JSON, or that it is not set.
func shown(value any) string {
	if value == nil {
		return "not set"
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(text)
}

// judgeAlike wants the same settings on all nodes, and names those nodes that
// differ from most, but for settings that are asked of a single node.
func judgeAlike(nodes []nodeSettings, asked func(node, path string) bool) (Evidence, error) {
	paths := map[string]bool{}
	for _, node := range nodes {
		for path := range node.settings {
			paths[path] = true
		}
	}
	var own []string
	var problems []error
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		others := slices.DeleteFunc(slices.Clone(nodes), func(node nodeSettings) bool { return asked(node.node, path) })
		if len(others) < len(nodes) {
			own = append(own, path+" as asked for")
		}
		usual := usualSetting(others, path)
		var odd []error
		for _, node := range others {
			have := node.settings[path]
			if sameSetting(have, usual) {
				continue
			}
			odd = append(odd, Differs(node.node+"."+path, "change it back in /var/lib/kubelet/config.yaml on "+node.node+", then there: systemctl restart kubelet",
				OnNode(node.node, fmt.Errorf("%s is %s, on most nodes %s", path, shown(have), shown(usual)))))
		}
		if _, may := ownSettings[strings.SplitN(path, ".", 2)[0]]; may {
			if len(odd) > 0 {
				own = append(own, path)
			}
			continue
		}
		problems = append(problems, odd...)
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	line := fmt.Sprintf("%d nodes are alike in %d settings", len(nodes), len(paths)-len(own))
	if len(own) > 0 {
		line += ", and may differ in " + strings.Join(own, ", ")
	}
	return Evidence{line}, nil
}

// usualSetting is the one that most nodes have; of as many, the first.
func usualSetting(nodes []nodeSettings, path string) (usual any) {
	most := 0
	for _, candidate := range nodes {
		count := 0
		for _, node := range nodes {
			if sameSetting(node.settings[path], candidate.settings[path]) {
				count++
			}
		}
		if count > most {
			most, usual = count, candidate.settings[path]
		}
	}
	return usual
}
