package clusters

import (
	"bytes"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// Commented writes a Topology as a configuration file for people: each field
// under a line on what it means, and those that are not set as comments.
func (t Topology) Commented() ([]byte, error) {
	var node yaml.Node
	if err := node.Encode(t); err != nil {
		return nil, err
	}
	set := map[string]string{}
	for i := 0; i < len(node.Content); i += 2 {
		value, err := yaml.Marshal(node.Content[i+1])
		if err != nil {
			return nil, err
		}
		set[node.Content[i].Value] = string(value)
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "# A cluster for kindctl up --config FILE. What is left out is as in the profile %q.\n", DefaultProfile)
	for _, f := range fields() {
		fmt.Fprintf(&out, "\n# %s\n", f.about)
		if value, has := set[f.name]; has {
			fmt.Fprintf(&out, "%s: %s", f.name, value) // which ends its line
		} else {
			fmt.Fprintf(&out, "# %s: %s\n", f.name, f.example)
		}
	}
	return out.Bytes(), nil
}
