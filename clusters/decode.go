package clusters

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/kindctl/kindctl/pkg/hint"
)

// Decode reads a configuration file. What the file leaves out is as in the
// default profile; a field that does not exist is an error with its line.
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

// Encode writes a Topology as a configuration file.
func (t Topology) Encode() ([]byte, error) { return yaml.Marshal(t) }

func decode(data []byte, filename string, t *Topology) error {
	var document yaml.Node
	if err := yaml.Unmarshal(data, &document); err != nil {
		return invalid(explain(err, filename))
	}
	if document.IsZero() {
		return invalid(fmt.Sprintf("%s: it is empty; begin with apiVersion: %s and kind: %s", filename, APIVersion, Kind))
	}
	// A file of another format is named as such before its fields are judged.
	var format struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string `yaml:"kind"`
	}
	if err := document.Decode(&format); err != nil {
		return invalid(explain(err, filename))
	}
	if another, is := strings.CutPrefix(format.APIVersion, group); is && format.APIVersion != APIVersion {
		return hint.New(hint.Usage, "CONFIG_VERSION",
			fmt.Sprintf("%s: apiVersion is %q; this kindctl reads %s and knows no version %q of the format", place(document, filename, "apiVersion"), format.APIVersion, APIVersion, another),
			"install a newer kindctl, or write the file for "+APIVersion+": kindctl config init")
	}
	if format.APIVersion != APIVersion || format.Kind != Kind {
		return invalid(fmt.Sprintf("%s: apiVersion is %q and kind is %q; this kindctl reads %s and %s", filename, format.APIVersion, format.Kind, APIVersion, Kind))
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(t); err != nil {
		return invalid(explain(err, filename))
	}
	if err := decoder.Decode(&yaml.Node{}); !errors.Is(err, io.EOF) {
		return invalid(filename + ": more than one document")
	}
	t.origin = map[string]string{}
	for fields, i := document.Content[0].Content, 0; i < len(fields); i += 2 {
		t.origin[fields[i].Value] = fmt.Sprintf("%s:%d", filename, fields[i].Line)
		// The decoder would take 1 for 1.5.
		if value := fields[i+1]; value.ShortTag() == "!!float" && isNumber(fields[i].Value) {
			return invalid(fmt.Sprintf("%s:%d: %s is %s; write a whole number", filename, value.Line, fields[i].Value, value.Value))
		}
	}
	return nil
}

// place is where the document sets a field, as FILE:LINE.
func place(document yaml.Node, filename, name string) string {
	for fields, i := document.Content[0].Content, 0; i < len(fields); i += 2 {
		if fields[i].Value == name {
			return fmt.Sprintf("%s:%d", filename, fields[i].Line)
		}
	}
	return filename
}

func invalid(message string) error {
	return hint.New(hint.Usage, "CONFIG_INVALID", message, "correct the configuration; README.md has an example")
}

var (
	lineNumber   = regexp.MustCompile(`^(?:yaml: )?line (\d+): `)
	unknownField = regexp.MustCompile(`field (\S+) not found in type \S+`)
)

// explain turns the decoder's complaints into FILE:LINE form.
func explain(err error, filename string) string {
	complaints := []string{err.Error()}
	var typed *yaml.TypeError
	if errors.As(err, &typed) {
		complaints = typed.Errors
	}
	for i, complaint := range complaints {
		if m := unknownField.FindStringSubmatch(complaint); m != nil {
			complaint = strings.Replace(complaint, m[0], fmt.Sprintf("there is no field %q%s", m[1], hint.Nearest(m[1], fieldNames())), 1)
		}
		if m := lineNumber.FindStringSubmatch(complaint); m != nil {
			complaints[i] = filename + ":" + m[1] + ": " + strings.TrimPrefix(complaint, m[0])
		} else {
			complaints[i] = filename + ": " + complaint
		}
	}
	return strings.Join(complaints, "\n")
}

// isNumber tells whether a field is a whole number.
func isNumber(name string) bool {
	return slices.ContainsFunc(reflect.VisibleFields(reflect.TypeFor[Topology]()), func(field reflect.StructField) bool {
		tag, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		return tag == name && field.Type.Kind() == reflect.Int
	})
}

// fieldNames lists the fields of the configuration file.
func fieldNames() []string {
	var names []string
	for _, field := range reflect.VisibleFields(reflect.TypeFor[Topology]()) {
		if name, _, _ := strings.Cut(field.Tag.Get("yaml"), ","); name != "" {
			names = append(names, name)
		}
	}
	return names
}
