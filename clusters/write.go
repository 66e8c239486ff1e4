package clusters

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/kindctl/kindctl/clusters/cni"
)

// Encode writes a Topology as a configuration file.
func (t Topology) Encode() ([]byte, error) { return encode(t) }

// MarshalYAML leaves out the counts where groups say them, and adds the settings of
// CNIs.
func (t Topology) MarshalYAML() (any, error) {
	type plain Topology // without this method
	var node yaml.Node
	if err := node.Encode(plain(t)); err != nil {
		return nil, err
	}
	if len(t.Groups) > 0 {
		kept := node.Content[:0]
		for i := 0; i < len(node.Content); i += 2 {
			if _, counts := countOf[node.Content[i].Value]; !counts {
				kept = append(kept, node.Content[i:i+2]...)
			}
		}
		node.Content = kept
	}
	for _, c := range cni.All() {
		settings, set := t.CNISettings[c.Name]
		if !set {
			continue
		}
		var value yaml.Node
		if err := value.Encode(settings); err != nil {
			return nil, err
		}
		at := len(node.Content)
		if t.Raw != nil { // which comes last
			at -= 2
		}
		node.Content = slices.Insert(node.Content, at, &yaml.Node{Kind: yaml.ScalarNode, Value: c.Name}, &value)
	}
	return &node, nil
}

// MarshalJSON writes the same fields as a configuration file has.
func (t Topology) MarshalJSON() ([]byte, error) {
	data, err := t.Encode()
	if err != nil {
		return nil, err
	}
	return sigsyaml.YAMLToJSON(data)
}

// Annotated is Encode with a comment on where each value comes from.
func (t Topology) Annotated() ([]byte, error) {
	var node yaml.Node
	if err := node.Encode(t); err != nil {
		return nil, err
	}
	t.annotate(&node, "")
	return encode(&node)
}

func (t Topology) annotate(node *yaml.Node, path string) {
	switch node.Kind {
	case yaml.MappingNode:
		for i := 0; i < len(node.Content); i += 2 {
			key := node.Content[i].Value
			below := strings.TrimPrefix(path+"."+key, ".")
			if _, known := t.origins[path+"["+key+"]"]; known { // a map's key, not a field
				below = path + "[" + key + "]"
			}
			t.annotate(node.Content[i+1], below)
		}
	case yaml.SequenceNode:
		for i, item := range node.Content {
			t.annotate(item, fmt.Sprintf("%s[%d]", path, i))
		}
	case yaml.ScalarNode:
		if found, has := t.origins.of(path); has && node.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0 {
			node.LineComment = found.place
		}
	}
}

func encode(value any) ([]byte, error) {
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	encoder.CompactSeqIndent()
	err := encoder.Encode(value)
	if !bytes.HasSuffix(out.Bytes(), []byte("\n")) { // after a text that has none at its end
		out.WriteByte('\n')
	}
	return out.Bytes(), err
}

// Commented writes a Topology as a configuration file for people: each field
// under a line on what it means, and those that are not set as comments.
func (t Topology) Commented() ([]byte, error) {
	var node yaml.Node
	if err := node.Encode(t); err != nil {
		return nil, err
	}
	set := map[string]string{}
	for i := 0; i < len(node.Content); i += 2 {
		value, err := encode(&yaml.Node{Kind: yaml.MappingNode, Content: node.Content[i : i+2]})
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
			out.WriteString(value)
			continue
		}
		for line := range strings.Lines(f.sample()) {
			out.WriteString("# " + line)
		}
	}
	return out.Bytes(), nil
}
