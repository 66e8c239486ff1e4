package clusters

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"

	"github.com/kindctl/kindctl/clusters/cni"
	"github.com/kindctl/kindctl/internal/kindpatch"
	"github.com/kindctl/kindctl/pkg/hint"
)

// yamlValidator reads a document beside the type that it is decoded to. It finds out
// where each value stands, and what the decoder would pass over.
type yamlValidator struct {
	filename string
	origins  origins
	problems []string
	// inside are the objects around the current value: one may merge itself,
	// which the decoder refuses.
	inside map[*yaml.Node]bool
}

func (v *yamlValidator) reportAt(node *yaml.Node, format string, args ...any) {
	v.problems = append(v.problems, fmt.Sprintf("%s:%d: ", v.filename, node.Line)+fmt.Sprintf(format, args...))
}

// visit goes through a value whose path is known.
func (v *yamlValidator) visit(node *yaml.Node, t reflect.Type, path string) {
	for node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case node.Kind == yaml.MappingNode && t.Kind() == reflect.Struct:
		v.visitFields(node, t, path)
	case node.Kind == yaml.MappingNode && (t.Kind() == reflect.Map || t.Kind() == reflect.Interface):
		for i := 0; i < len(node.Content); i += 2 {
			v.enter(node.Content[i], node.Content[i+1], elem(t), path+"["+node.Content[i].Value+"]")
		}
	case node.Kind == yaml.SequenceNode && (t.Kind() == reflect.Slice || t.Kind() == reflect.Interface):
		for i, item := range node.Content {
			v.enter(item, item, elem(t), path+"["+strconv.Itoa(i)+"]")
		}
	case node.Kind == yaml.ScalarNode && !isGroup(t):
		v.visitScalar(node, t, path)
	case node.ShortTag() == "!!null":
	case t.Kind() == reflect.Slice:
		v.reportAt(node, "%s is %s, and a list is wanted", fieldOf(path), kindpatch.ShapeOf(node))
	case isGroup(t):
		v.reportAt(node, "%s is %s, and an object is wanted", fieldOf(path), kindpatch.ShapeOf(node))
	default:
		v.reportAt(node, "%s is %s, and a single value is wanted", fieldOf(path), kindpatch.ShapeOf(node))
	}
}

// isGroup reports whether a type holds others.
func isGroup(t reflect.Type) bool {
	return t.Kind() == reflect.Struct || t.Kind() == reflect.Map || t.Kind() == reflect.Slice
}

// fieldOf is the last name of a path.
func fieldOf(path string) string { return path[strings.LastIndex(path, ".")+1:] }

// elem is the type of what is in a map or a slice. What is in a value of any type is of
// any type.
func elem(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Interface {
		return t
	}
	return t.Elem()
}

func (v *yamlValidator) enter(key, value *yaml.Node, t reflect.Type, path string) {
	v.origins[path] = origin{level: fromFile, place: fmt.Sprintf("%s:%d", v.filename, key.Line)}
	v.visit(value, t, path)
}

func (v *yamlValidator) visitFields(node *yaml.Node, t reflect.Type, path string) {
	if v.inside[node] {
		return
	}
	v.inside[node] = true
	defer delete(v.inside, node)
	known := fieldsOf(t)
	for i := 0; i < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		field, is := known[key.Value]
		switch {
		case key.Tag == "!!merge" && value.Kind == yaml.SequenceNode:
			for _, item := range value.Content {
				v.visit(item, t, path)
			}
		case key.Tag == "!!merge":
			v.visit(value, t, path)
		case is:
			v.enter(key, value, field.Type, strings.TrimPrefix(path+"."+key.Value, "."))
		default:
			v.reportAt(key, "there is no field %q%s", key.Value, advise(key.Value, t, known))
		}
	}
}

// visitScalar finds what the decoder would bend: it takes 1 for 1.5, and
// nanoseconds for a number without a unit.
func (v *yamlValidator) visitScalar(node *yaml.Node, t reflect.Type, path string) {
	name := fieldOf(path)
	words := kindWords[t]
	if node.Style&yaml.LiteralStyle != 0 {
		known := v.origins[path]
		known.text = node.Line + 1
		v.origins[path] = known
	}
	switch {
	case t == reflect.TypeFor[time.Duration]():
		if node.ShortTag() != "!!str" {
			v.reportAt(node, "%s is %s; write it with its unit, such as 2h or 90m", name, node.Value)
		}
	case node.ShortTag() == "!!null":
	case t.Kind() == reflect.Bool && !isTruth(node):
		v.reportAt(node, "%s is %s, and true or false is wanted, without quotes", name, kindpatch.ShapeOf(node))
	case (t.Kind() == reflect.Int || t.Kind() == reflect.Int32) && node.ShortTag() == "!!str":
		v.reportAt(node, "%s is %s, and a whole number is wanted, without quotes", name, kindpatch.ShapeOf(node))
	case node.ShortTag() == "!!float" && (t.Kind() == reflect.Int || t.Kind() == reflect.Int32):
		v.reportAt(node, "%s is %s; write a whole number", name, node.Value)
	case words != nil && !slices.ContainsFunc(words, func(word string) bool { return strings.EqualFold(word, node.Value) }):
		v.reportAt(node, "%s is %q; use one of: %s", name, node.Value, strings.Join(words, ", "))
	}
}

// isTruth reports whether the decoder takes it for true or false, words of YAML 1.1 among
// them.
func isTruth(node *yaml.Node) bool {
	var truth bool
	return node.Decode(&truth) == nil
}

// kindWords are the values of those fields of kind's whose own error names
// no line.
var kindWords = map[reflect.Type][]string{
	reflect.TypeFor[v1alpha4.PortMappingProtocol](): protocols,
	reflect.TypeFor[v1alpha4.MountPropagation]():    propagations,
}

// fieldsOf returns a type's fields as they are named in YAML; those of a configuration
// have the settings of CNIs among them.
func fieldsOf(t reflect.Type) map[string]reflect.StructField {
	fields := map[string]reflect.StructField{}
	for _, field := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(field.Tag.Get("yaml"), ","); name != "" && name != "-" {
			fields[name] = field
		}
	}
	if t == reflect.TypeFor[Topology]() {
		for _, c := range cni.All() {
			if c.New != nil {
				fields[c.Name] = reflect.StructField{Name: c.Name, Type: reflect.TypeOf(c.New())}
			}
		}
	}
	return fields
}

// renamed are fields of kind's that have another name here.
var renamed = map[string]string{"extraPortMappings": "ports", "extraMounts": "mounts", "networking": "podSubnet, serviceSubnet, proxyMode and apiServerPort"}

// advise says what may have been meant by the name of a field that is not there.
func advise(name string, t reflect.Type, known map[string]reflect.StructField) string {
	ours := t == reflect.TypeFor[Topology]() || t == reflect.TypeFor[Group]()
	_, kinds := fieldsOf(reflect.TypeFor[v1alpha4.Cluster]())[name]
	_, nodes := fieldsOf(reflect.TypeFor[v1alpha4.Node]())[name]
	switch {
	case ours && renamed[name] != "":
		return "; write it as " + renamed[name]
	case ours && (kinds || nodes):
		return "; it is kind's and goes below kindConfig"
	}
	return hint.Nearest(name, slices.Sorted(maps.Keys(known)))
}
