package clusters

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"

	"github.com/kindctl/kindctl/pkg/hint"
)

// kindVersion is kind's own configuration format.
const kindVersion = "kind.x-k8s.io/v1alpha4"

// Decode reads a configuration file, kindctl's or kind's. What the file leaves
// out is as in the default profile; a field that does not exist is an error
// with its line. Relative paths begin where the file is.
func Decode(data []byte, filename string) (Topology, error) {
	t, err := Profile(DefaultProfile)
	if err != nil {
		return Topology{}, err
	}
	if err := decode(data, filename, &t); err != nil {
		return Topology{}, err
	}
	return t, nil
}

func decode(data []byte, filename string, t *Topology) error {
	if err := refuseTemplate(data, filename); err != nil {
		return err
	}
	document, format, err := parse(data, filename)
	if err != nil {
		return err
	}
	v := &yamlValidator{filename: filename, origins: origins{}, inside: map[*yaml.Node]bool{}}
	if t.origins != nil { // those of the default profile
		v.origins = t.origins
	}
	t.origins = v.origins
	if format == kindVersion {
		t.Raw = &v1alpha4.Cluster{}
		v.visit(document, reflect.TypeFor[v1alpha4.Cluster](), "kindConfig")
		err = document.Decode(t.Raw)
	} else {
		v.visit(document, reflect.TypeFor[Topology](), "")
		err = document.Decode(t)
	}
	if len(v.problems) > 0 {
		return invalid(strings.Join(v.problems, "\n"))
	}
	if err != nil {
		return invalid(explain(err, filename))
	}
	problems := t.applyDefaults()
	if format == kindVersion {
		problems = append(problems, kindReader{t}.file()...)
	} else {
		problems = append(problems, kindReader{t}.config()...)
		t.anchor(filepath.Dir(filename))
	}
	if len(problems) > 0 {
		return invalid(strings.Join(problems, "\n"))
	}
	return nil
}

// parse reads the only document of a file and the version of its format. A file
// of another format is named as such before its fields are validated.
func parse(data []byte, filename string) (document *yaml.Node, version string, err error) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	for document == nil {
		var next yaml.Node
		switch err := decoder.Decode(&next); {
		case errors.Is(err, io.EOF):
			return nil, "", invalid(fmt.Sprintf("%s: it is empty; begin with apiVersion: %s and kind: %s", filename, APIVersion, Kind))
		case err != nil:
			return nil, "", invalid(explain(err, filename))
		case !isNothing(next):
			document = next.Content[0]
		}
	}
	if document.Kind != yaml.MappingNode {
		return nil, "", invalid(fmt.Sprintf("%s:%d: the document is no object; begin with apiVersion: %s and kind: %s", filename, document.Line, APIVersion, Kind))
	}
	var format struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string `yaml:"kind"`
	}
	if err := document.Decode(&format); err != nil {
		return nil, "", invalid(explain(err, filename))
	}
	if err := validateFormat(document, filename, format.APIVersion, format.Kind); err != nil {
		return nil, "", err
	}
	return document, format.APIVersion, onlyEmpty(decoder, filename)
}

// kindGroups are those of kind's configuration: today's, and that of its first
// versions.
var kindGroups = []string{"kind.x-k8s.io/", "kind.sigs.k8s.io/"}

// validateFormat refuses another format than those that are read.
func validateFormat(document *yaml.Node, filename, version, kind string) error {
	another, ours := strings.CutPrefix(version, group)
	kinds := slices.ContainsFunc(kindGroups, func(group string) bool { return strings.HasPrefix(version, group) })
	formats := fmt.Sprintf("this kindctl reads %s and %s, and kind's %s", APIVersion, Kind, kindVersion)
	at := place(document, filename, "apiVersion")
	switch {
	case ours && version != APIVersion:
		return hint.ConfigVersion.New(fmt.Sprintf("%s: apiVersion is %q; this kindctl reads %s and knows no version %q of the format", at, version, APIVersion, another),
			"install a newer kindctl, or write the file for "+APIVersion+": kindctl config init")
	case kinds && version != kindVersion:
		return hint.ConfigVersion.New(fmt.Sprintf("%s: apiVersion is %q, a version of kind's format that kind has given up; %s", at, version, formats),
			"write the file for "+kindVersion+": https://kind.sigs.k8s.io/docs/user/configuration/")
	case version == "":
		return invalid(fmt.Sprintf("%s: there is no apiVersion; %s", at, formats))
	case version != APIVersion && version != kindVersion:
		return invalid(fmt.Sprintf("%s: apiVersion is %q; %s", at, version, formats))
	case kind == "":
		return invalid(fmt.Sprintf("%s: there is no kind; write kind: %s", at, Kind))
	case kind != Kind:
		return invalid(fmt.Sprintf("%s: kind is %q; write kind: %s", place(document, filename, "kind"), kind, Kind))
	}
	return nil
}

// isNothing reports whether a document is empty.
func isNothing(document yaml.Node) bool {
	return len(document.Content) == 0 || document.Content[0].ShortTag() == "!!null"
}

// onlyEmpty refuses documents behind the first one, unless nothing is in them.
func onlyEmpty(decoder *yaml.Decoder, filename string) error {
	for {
		var next yaml.Node
		switch err := decoder.Decode(&next); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return invalid(explain(err, filename))
		case !isNothing(next):
			return invalid(fmt.Sprintf("%s:%d: more than one document: this one would be passed over; write it into a file of its own", filename, next.Content[0].Line))
		}
	}
}

// applyDefaults makes groups and counts agree, and fills in what a group leaves out.
func (t *Topology) applyDefaults() (problems []string) {
	if t.Groups == nil {
		return nil
	}
	for _, field := range []string{"controlPlanes", "workers"} {
		if t.origins.inFile(field) {
			problems = append(problems, fmt.Sprintf("%s%s and nodes exclude each other: nodes says how many there are", t.origins.prefix(field), field))
		}
		t.origins[field] = t.origins["nodes"]
	}
	for i := range t.Groups {
		if _, said := t.origins[fmt.Sprintf("nodes[%d].count", i)]; !said {
			t.Groups[i].Count = 1
		}
	}
	*t = t.WithNodes(t.Groups...)
	return problems
}

// place is where the document sets a field, as FILE:LINE, or else where it begins.
func place(document *yaml.Node, filename, name string) string {
	for fields, i := document.Content, 0; i < len(fields); i += 2 {
		if fields[i].Value == name {
			return fmt.Sprintf("%s:%d", filename, fields[i].Line)
		}
	}
	return fmt.Sprintf("%s:%d", filename, document.Line)
}

func invalid(message string) error {
	return hint.ConfigInvalid.New(message, "correct the configuration; docs/config.md describes it, and kindctl config init writes an example")
}

var lineNumber = regexp.MustCompile(`^(?:yaml: )?line (\d+): `)

// explain turns the decoder's errors into FILE:LINE form.
func explain(err error, filename string) string {
	messages := []string{err.Error()}
	if typed, ok := errors.AsType[*yaml.TypeError](err); ok {
		messages = typed.Errors
	}
	for i, message := range messages {
		if m := lineNumber.FindStringSubmatch(message); m != nil {
			messages[i] = filename + ":" + m[1] + ": " + strings.TrimPrefix(message, m[0])
		} else {
			messages[i] = filename + ":1: " + strings.TrimPrefix(message, "yaml: ") // which is said of all lines but the first
		}
	}
	return strings.Join(messages, "\n")
}
