package kindpatch

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"golang.org/x/mod/semver"

	"github.com/kindctl/kindctl/pkg/hint"
)

// Finding is what there is to say about a patch.
type Finding struct {
	// Place is where, such as FILE:LINE.
	Place string
	Text  string
}

// Check returns what is wrong with a merge patch by itself: fields that the object
// does not have, values of another type, arguments that kind or kubeadm would
// pass over. The version of Kubernetes that it is for may be unknown: "".
func (p Patch) Check(kubernetes string) []Finding {
	c := checker{patch: p, kubernetes: kubernetes}
	if kubernetes != "" {
		c.kubeadm = KubeadmVersion(kubernetes)
	}
	schema, known := schemas[p.Kind]
	switch {
	case !known:
		c.addFinding(p.node, "kind %q of the patch is none that kubeadm reads%s; use one of: %s", p.Kind, hint.Nearest(p.Kind, Kinds), strings.Join(Kinds, ", "))
	case p.IsMerge():
		c.visit(p.node, schema, []string{p.Kind})
	}
	return c.findings
}

type checker struct {
	patch      Patch
	kubernetes string
	kubeadm    string // the version of its configuration
	findings   []Finding
}

func (c *checker) addFinding(node *yaml.Node, format string, args ...any) {
	place := c.patch.Place
	if node != nil {
		place = c.patch.placeOfLine(node.Line)
	}
	c.findings = append(c.findings, Finding{place, fmt.Sprintf(format, args...)})
}

func (c *checker) visit(node *yaml.Node, t reflect.Type, path []string) {
	for node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	name := path[len(path)-1]
	switch {
	case node.ShortTag() == "!!null": // takes the field away
	case t == reflect.TypeFor[[]arg]():
		c.visitArguments(node, name)
	case reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()):
	case t.Kind() == reflect.Struct && node.Kind == yaml.MappingNode:
		c.visitFields(node, t, path)
	case t.Kind() == reflect.Map && node.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			c.visit(node.Content[i+1], t.Elem(), append(slices.Clone(path), node.Content[i].Value))
		}
	case t.Kind() == reflect.Slice && node.Kind == yaml.SequenceNode:
		for _, item := range node.Content {
			c.visit(item, t.Elem(), path)
		}
	default:
		c.visitScalar(node, t, name)
	}
}

func (c *checker) visitScalar(node *yaml.Node, t reflect.Type, name string) {
	tag := node.ShortTag()
	switch t.Kind() {
	case reflect.String:
		if node.Kind == yaml.ScalarNode && tag != "!!str" && tag != "!!timestamp" {
			c.addFinding(node, "%s is %s without quotes, and text is wanted: write %q", name, node.Value, node.Value)
		} else if node.Kind != yaml.ScalarNode {
			c.addFinding(node, "%s is %s, and text is wanted", name, ShapeOf(node))
		}
	case reflect.Bool:
		if tag != "!!bool" {
			c.addFinding(node, "%s is %s, and true or false is wanted", name, ShapeOf(node))
		}
	case reflect.Int, reflect.Int32, reflect.Int64, reflect.Uint32, reflect.Uint64:
		if tag != "!!int" {
			c.addFinding(node, "%s is %s, and a whole number is wanted", name, ShapeOf(node))
		}
	case reflect.Struct, reflect.Map:
		c.addFinding(node, "%s is %s, and an object is wanted", name, ShapeOf(node))
	case reflect.Slice:
		c.addFinding(node, "%s is %s, and a list is wanted", name, ShapeOf(node))
	}
}

// ShapeOf describes a value that stands in place of another one.
func ShapeOf(node *yaml.Node) string {
	switch {
	case node.Kind == yaml.MappingNode:
		return "an object"
	case node.Kind == yaml.SequenceNode:
		return "a list"
	case node.ShortTag() == "!!str":
		return fmt.Sprintf("%q", node.Value)
	}
	return node.Value
}

func (c *checker) visitFields(node *yaml.Node, t reflect.Type, path []string) {
	fields := fieldsOf(t)
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		field, known := fields[key.Value]
		below := append(slices.Clone(path), key.Value)
		since := field.Tag.Get("since")
		switch {
		case key.Tag == "!!merge" || len(path) == 1 && key.Value == metadata:
		case !known && c.had(strings.Join(below, ".")):
		case !known && !c.knows(key.Value, fields): // the node image is asked
		case !known:
			c.addFinding(key, "%s has no field %q%s", strings.Join(path, "."), key.Value, c.advise(key.Value, below, fields))
		case since != "" && c.kubeadm != "" && c.kubeadm < since:
			c.addFinding(key, "%s is a field of kubeadm %s, and this Kubernetes is configured with %s; leave it out", strings.Join(below[1:], "."), since, c.kubeadm)
		default:
			c.visit(value, field.Type, below)
		}
	}
}

// had reports whether a field is one of the older version that the patch is for, or
// may be.
func (c *checker) had(path string) bool {
	last := until[path]
	return last != "" && c.kubeadm <= last
}

// schemaMinor is the version of Kubernetes whose fields the schemas have.
const schemaMinor = "v1.37"

// knows reports whether it is certain that there is no such field: those of kubelets
// and kube-proxy come and go with versions.
func (c *checker) knows(name string, fields map[string]reflect.StructField) bool {
	if c.patch.OfKubeadm() || semver.MajorMinor(c.kubernetes) == schemaMinor {
		return true
	}
	for known := range fields {
		if strings.EqualFold(known, name) {
			return true
		}
	}
	return false
}

func (c *checker) advise(name string, path []string, fields map[string]reflect.StructField) string {
	if advice := replaced[strings.Join(path, ".")]; advice != "" {
		return "; " + advice
	}
	var names []string
	for known := range fields {
		if strings.EqualFold(known, name) {
			return fmt.Sprintf(" (did you mean %q?)", known)
		}
		names = append(names, known)
	}
	if homes := homesOf(name, schemas[path[0]], nil); len(homes) > 0 {
		return "; it is a field of " + strings.Join(homes, ", ")
	}
	slices.Sort(names)
	return hint.Nearest(name, names)
}

// homesOf are the parts of an object that have a field of a name.
func homesOf(name string, t reflect.Type, path []string) (homes []string) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()) {
		return nil
	}
	fields := fieldsOf(t)
	if _, is := fields[name]; is && len(path) > 0 {
		homes = append(homes, strings.Join(path, "."))
	}
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		homes = append(homes, homesOf(name, fields[field].Type, append(slices.Clone(path), field))...)
	}
	return homes
}

// fieldsOf are the fields of an object by their names in YAML.
func fieldsOf(t reflect.Type) map[string]reflect.StructField {
	fields := map[string]reflect.StructField{}
	for _, field := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "" && name != "-" {
			fields[name] = field
		}
	}
	return fields
}

// visitArguments looks at arguments of a component, a list of names and values or
// a map.
func (c *checker) visitArguments(node *yaml.Node, name string) {
	switch node.Kind {
	case yaml.MappingNode:
		if c.patch.APIVersion == kubeadmGroup+V1Beta4 && len(node.Content) > 0 {
			example := node.Content[0].Value
			c.addFinding(node.Content[0], "%s is a map, and kubeadm v1beta4 wants a list: - {name: %s, value: %q}; or leave apiVersion out, and kind takes the map", name, example, node.Content[1].Value)
			return
		}
		for i := 0; i+1 < len(node.Content); i += 2 {
			c.visit(node.Content[i+1], reflect.TypeFor[string](), []string{node.Content[i].Value})
		}
	case yaml.SequenceNode:
		c.visitArgumentList(node, name)
	default:
		c.addFinding(node, "%s is %s, and a list of names and values is wanted", name, ShapeOf(node))
	}
}

func (c *checker) visitArgumentList(node *yaml.Node, list string) {
	seen := map[string]bool{}
	for _, item := range node.Content {
		_, name := child(item, "name")
		_, value := child(item, "value")
		switch {
		case item.Kind != yaml.MappingNode || name == nil || value == nil:
			c.addFinding(item, "an item of %s has no name and value: write - {name: event-ttl, value: 2h}", list)
		case seen[name.Value]:
			c.addFinding(name, "%s names %s twice, of which kind keeps the last; write its values as one, if the flag takes several", list, name.Value)
		default:
			c.visit(value, reflect.TypeFor[string](), []string{"value of " + name.Value})
			for i := 0; i < len(item.Content); i += 2 {
				if key := item.Content[i]; key.Value != "name" && key.Value != "value" {
					c.addFinding(key, "an item of %s has no field %q; it has name and value", list, key.Value)
				}
			}
		}
		if name != nil {
			seen[name.Value] = true
		}
	}
}
