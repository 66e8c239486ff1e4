package kindpatch

import (
	"fmt"
	"regexp"
	"strings"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"go.yaml.in/yaml/v3"
	sigsyaml "sigs.k8s.io/yaml"
)

// Patch is one patch of one object: a merge patch, or steps of RFC 6902.
type Patch struct {
	// Kind and APIVersion are those of the objects that it is for; an APIVersion of ""
	// is any.
	Kind, APIVersion string
	// Place is where it stands, such as FILE:LINE. At, if not nil, is where a line of
	// its text stands, counted from 1.
	Place string
	At    func(line int) string

	content map[string]any // of a merge patch
	node    *yaml.Node     // the same, with lines
	first   int            // the lines before the document in the text
	steps   jsonpatch.Patch
}

var separator = regexp.MustCompile(`\n---[^\n]*(\n|$)`)

// Parse reads the documents of a merge patch, each of which is a patch. Empty ones
// are left out.
func Parse(text, place string, at func(line int) string) (patches []Patch, err error) {
	first, rest := 0, text
	for rest != "" {
		part, after := rest, ""
		if end := separator.FindStringIndex(rest); end != nil {
			part, after = rest[:end[0]], rest[end[1]:]
		}
		one := Patch{Place: place, At: at, first: first}
		found, err := one.parse(part)
		if err != nil {
			return nil, err
		}
		if found {
			patches = append(patches, one)
		}
		first += strings.Count(rest[:len(rest)-len(after)], "\n")
		rest = after
	}
	return patches, nil
}

func (p *Patch) parse(text string) (found bool, err error) {
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(text), &document); err != nil {
		return false, err
	}
	if len(document.Content) == 0 || document.Content[0].ShortTag() == "!!null" {
		return false, nil
	}
	p.node = document.Content[0]
	if p.node.Kind != yaml.MappingNode {
		return false, fmt.Errorf("it is no object")
	}
	if err := sigsyaml.Unmarshal([]byte(text), &p.content); err != nil {
		return false, err
	}
	p.Kind, _ = p.content["kind"].(string)
	p.APIVersion, _ = p.content["apiVersion"].(string)
	return true, nil
}

// ParseSteps reads steps of RFC 6902, as YAML or JSON.
func ParseSteps(kind, group, version, text, place string, at func(line int) string) (Patch, error) {
	data, err := sigsyaml.YAMLToJSON([]byte(text))
	if err != nil {
		return Patch{}, err
	}
	steps, err := jsonpatch.DecodePatch(data)
	if err != nil {
		return Patch{}, err
	}
	apiVersion := version
	if group != "" {
		apiVersion = group + "/" + version
	}
	return Patch{Kind: kind, APIVersion: apiVersion, Place: place, At: at, steps: steps}, nil
}

// IsMerge distinguishes a merge patch from steps.
func (p Patch) IsMerge() bool { return p.steps == nil }

// Empty reports whether the patch asks for nothing.
func (p Patch) Empty() bool {
	if !p.IsMerge() {
		return len(p.steps) == 0
	}
	for name := range p.content {
		if name != "kind" && name != "apiVersion" && name != metadata {
			return false
		}
	}
	return true
}

// value is what a merge patch says of a field, by its path.
func (p Patch) value(path []string) (value any, said bool) {
	value = p.content
	for _, name := range path {
		fields, is := value.(map[string]any)
		if !is {
			return nil, false
		}
		if value, said = fields[name]; !said {
			return nil, false
		}
	}
	return value, true
}

// Value is what a merge patch gives a field, by its path; nil is nothing.
func (p Patch) Value(path ...string) any {
	value, _ := p.value(path)
	return value
}

// Has reports whether a merge patch says something of a field, by its path.
func (p Patch) Has(path ...string) bool {
	_, said := p.value(path)
	return said
}

// Sets reports whether a merge patch gives a field a value.
func (p Patch) Sets(path ...string) bool {
	value, _ := p.value(path)
	return value != nil
}

// Text is the text that a merge patch gives a field, and whether it does.
func (p Patch) Text(path ...string) (text string, is bool) {
	value, _ := p.value(path)
	text, is = value.(string)
	return text, is
}

// PlaceOf is where the patch sets a field, by its path: "apiServer.extraArgs".
func (p Patch) PlaceOf(path ...string) string {
	if !p.IsMerge() || p.At == nil || p.node == nil {
		return p.Place
	}
	line, node := 0, p.node
	for _, name := range path {
		key, value := child(node, name)
		if key == nil {
			break
		}
		line, node = key.Line, value
	}
	if line == 0 {
		return p.Place
	}
	return p.placeOfLine(line)
}

func (p Patch) placeOfLine(line int) string {
	if p.At == nil {
		return p.Place
	}
	return p.At(p.first + line)
}

// child is a field of an object, or the argument of a list of names and values.
func child(node *yaml.Node, name string) (key, value *yaml.Node) {
	switch node.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			if node.Content[i].Value == name {
				return node.Content[i], node.Content[i+1]
			}
		}
	case yaml.SequenceNode:
		for _, item := range node.Content {
			if _, found := child(item, "name"); found != nil && found.Value == name && item.Kind == yaml.MappingNode {
				return item, item
			}
		}
	}
	return nil, nil
}
