package clusters

import (
	"fmt"
	"strings"
)

// level orders the sources of values: a higher one wins.
type level int

const (
	fromProfile level = iota
	fromFile
	fromEnvironment
	fromFlag
)

// origin is where a value comes from.
type origin struct {
	level level
	// place is a profile, FILE:LINE, a variable or a flag.
	place string
	// text is the line on which a block of text begins, if the value is one.
	text int
}

// line is where a line of a text stands, counted from 1; where that is not known,
// where the text does.
func (o origin) line(number int) string {
	file := strings.LastIndex(o.place, ":")
	if o.text == 0 || file < 0 {
		return o.place
	}
	return fmt.Sprintf("%s:%d", o.place[:file], o.text+number-1)
}

// origins are known by the path of a value, such as "nodes[1].ports[0]".
type origins map[string]origin

// of is the origin of a value, or of the nearest thing around it.
func (o origins) of(path string) (origin, bool) {
	for {
		if found, has := o[path]; has || path == "" {
			return found, has
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
}

// inFile reports whether a configuration file sets the value.
func (o origins) inFile(path string) bool { return o[path].level == fromFile }

// prefix is what a message about a value begins with: the place, where
// someone wrote it and cannot see it.
func (o origins) prefix(path string) string {
	if found, _ := o.of(path); found.level == fromFile || found.level == fromEnvironment {
		return found.place + ": "
	}
	return ""
}

// written is the first of the fields that a file or the environment sets, or
// else the last one.
func (o origins) written(fields ...string) string {
	for _, field := range fields {
		if o.prefix(field) != "" {
			return field
		}
	}
	return fields[len(fields)-1]
}

// move lets what was known of one path be known of another.
func (o origins) move(from, to string) {
	for path, found := range o {
		if rest, is := strings.CutPrefix(path, from); is && (rest == "" || strings.ContainsAny(rest[:1], ".[")) {
			o[to+rest] = found
		}
	}
}

// PlaceOf is where a configuration file sets a field, FILE:LINE; "" where none does.
func (t Topology) PlaceOf(path string) string {
	if found, _ := t.origins.of(path); found.level == fromFile {
		return found.place
	}
	return ""
}

// PlaceOfPort is PlaceOf for the host port of a node's port, by its index.
func (t Topology) PlaceOfPort(node Node, index int) string {
	return t.PlaceOf(fmt.Sprintf("%s.ports[%d].hostPort", node.path, index))
}

// PlaceOfMount is PlaceOf for the host path of a node's mount, by its index.
func (t Topology) PlaceOfMount(node Node, index int) string {
	return t.PlaceOf(fmt.Sprintf("%s.mounts[%d].hostPath", node.path, index))
}

// PlaceOfImage is PlaceOf for a node image, of the cluster or of a node.
func (t Topology) PlaceOfImage(image string) string {
	if image == t.Image {
		return t.PlaceOf("image")
	}
	for _, node := range t.Each() {
		if kinds, path := t.kindNodeOf(node); kinds.Image == image {
			return t.PlaceOf(path + ".image")
		}
	}
	return ""
}

// PlaceOfSwitch is PlaceOf for the key of featureGates or runtimeConfig that a text
// mentions.
func (t Topology) PlaceOfSwitch(field, text string) string {
	switches := map[string]map[string]bool{"featureGates": t.FeatureGates, "runtimeConfig": t.RuntimeConfig}[field]
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(`, :;"`, r) }) {
		if _, is := switches[word]; is {
			return t.PlaceOf(field + "[" + word + "]")
		}
	}
	return ""
}
