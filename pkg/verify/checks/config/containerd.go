package config

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/BurntSushi/toml"

	"github.com/kindctl/kindctl/pkg/verify"
)

// containerdApplied asks containerd on every node what it runs with.
func containerdApplied(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	if !slices.ContainsFunc(t.Expect.Requested, ofContainerd) {
		return nil, nil
	}
	if t.Containerd == nil {
		return verify.Evidence{"containerd: its settings were not read back: the nodes' containers are out of reach"}, nil
	}
	nodes, err := t.NodeNames(ctx)
	if err != nil {
		return nil, err
	}
	return verify.Each(nodes, nil, func(node string) (string, error) {
		wishes := t.Expect.RequestedOf("containerd", node)
		if len(wishes) == 0 {
			return node + ": nothing is asked of its containerd", nil
		}
		found, err := t.Containerd(ctx, node, filesOf(wishes))
		if err != nil {
			return "", verify.OnNode(node, verify.Unobservable(err))
		}
		seen, err := judge(found, wishes)
		if err != nil {
			return "", verify.OnNode(node, fmt.Errorf("containerd: %w", err))
		}
		return node + ": containerd: " + strings.Join(seen, "; "), nil
	})
}

func ofContainerd(r verify.Requested) bool { return r.Component == "containerd" }

// filesOf are the files that wishes are about, rather than containerd's configuration
// as a whole.
func filesOf(wishes []verify.Requested) (files []string) {
	for _, wish := range wishes {
		if name := pathNames(wish.Setting)[0]; strings.HasPrefix(name, "/") && !slices.Contains(files, name) {
			files = append(files, name)
		}
	}
	return files
}

// judge says which wishes are met by what containerd runs with, or which are not.
func judge(c verify.Containerd, wishes []verify.Requested) (seen []string, err error) {
	if c.Refusal != "" {
		return nil, fmt.Errorf("it cannot read its configuration: %s", c.Refusal)
	}
	configuration, err := tomlFields(c.Dump)
	if err != nil {
		return nil, verify.Unobservable(fmt.Errorf("containerd config dump: %w", err))
	}
	var problems []string
	for file, content := range c.Files {
		fields, err := tomlFields(content)
		if err != nil {
			problems = append(problems, fmt.Sprintf("%s: %v", file, err))
		}
		configuration[file] = fields
	}
	for _, wish := range wishes {
		switch problem, line := containerdMissed(wish, configuration); {
		case problem != "":
			problems = append(problems, problem)
		default:
			seen = append(seen, line)
		}
	}
	if stale := stale(c); stale != "" {
		problems = append(problems, stale)
	}
	if len(problems) > 0 {
		return nil, errors.New(strings.Join(problems, "; "))
	}
	return append(seen, "started after its configuration was changed last"), nil
}

// containerdMissed says how a configuration does not meet a wish, or else that it does.
func containerdMissed(r verify.Requested, configuration map[string]any) (problem, line string) {
	wish, have := inContainerd(r, configuration)
	problem = missed(wish, have)
	switch {
	case problem != "" && secret(r):
		return fmt.Sprintf("%s is not what was asked for%s", wish.Setting, asked(wish)), ""
	case problem != "":
		return problem, ""
	case secret(r):
		return "", wish.Setting + " is as asked for"
	}
	return "", fmt.Sprintf("%s is %s", wish.Setting, Shown(wish.Value))
}

// stale says which files containerd has not read since they were changed, or "".
func stale(c verify.Containerd) string {
	var newer []string
	for _, file := range slices.Sorted(maps.Keys(c.Changed)) {
		if changed := c.Changed[file]; changed.After(c.Started) {
			newer = append(newer, fmt.Sprintf("%s was changed at %s", file, changed.UTC().Format(time.RFC3339)))
		}
	}
	if len(newer) == 0 {
		return ""
	}
	return fmt.Sprintf("%s, and containerd runs since %s: it does not run with that before it is restarted", strings.Join(newer, ", "), c.Started.UTC().Format(time.RFC3339))
}

// tomlFields are those of a TOML document, as JSON has them.
func tomlFields(text string) (fields map[string]any, err error) {
	var table map[string]any
	if _, err := toml.Decode(text, &table); err != nil {
		return nil, err
	}
	data, err := json.Marshal(table)
	if err != nil {
		return nil, err
	}
	err = json.Unmarshal(data, &fields)
	return fields, err
}
