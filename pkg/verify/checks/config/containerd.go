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
		requests := t.Expect.RequestedOf("containerd", node)
		if len(requests) == 0 {
			return node + ": nothing is asked of its containerd", nil
		}
		found, err := t.Containerd(ctx, node, filesOf(requests))
		if err != nil {
			return "", verify.OnNode(node, verify.Unobservable(err))
		}
		seen, err := checkContainerd(found, requests)
		if err != nil {
			return "", verify.OnNode(node, fmt.Errorf("containerd: %w", err))
		}
		return node + ": containerd: " + strings.Join(seen, "; "), nil
	})
}

func ofContainerd(r verify.Requested) bool { return r.Component == "containerd" }

// filesOf are the files that requests are about, rather than containerd's configuration
// as a whole.
func filesOf(requests []verify.Requested) (files []string) {
	for _, request := range requests {
		if name := pathNames(request.Setting)[0]; strings.HasPrefix(name, "/") && !slices.Contains(files, name) {
			files = append(files, name)
		}
	}
	return files
}

// checkContainerd compares containerd's configuration with the requests: seen are those that
// are met, and the error names the others.
func checkContainerd(c verify.Containerd, requests []verify.Requested) (seen []string, err error) {
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
	for _, request := range requests {
		switch problem, line := containerdMissed(request, configuration); {
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

// containerdMissed says how a configuration does not meet a request, or else that it does.
func containerdMissed(r verify.Requested, configuration map[string]any) (problem, line string) {
	request, have := inContainerd(r, configuration)
	problem = missed(request, have)
	switch {
	case problem != "" && secret(r):
		return fmt.Sprintf("%s is not what was asked for%s", request.Setting, asked(request)), ""
	case problem != "":
		return problem, ""
	case secret(r):
		return "", request.Setting + " is as asked for"
	}
	return "", fmt.Sprintf("%s is %s", request.Setting, Shown(request.Value))
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
