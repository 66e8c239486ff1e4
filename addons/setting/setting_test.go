package setting

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const schema = `{"type": "object", "properties": {"port": {"type": "integer"}, "labels": {"type": "object"}, "log": {"type": "object", "properties": {"level": {"enum": ["info", "debug"]}}}}}`

func TestProblems(t *testing.T) {
	tests := []struct {
		name string
		tree map[string]any
		want []string
	}{
		{"nothing", nil, nil},
		{"well", map[string]any{"port": 80, "labels": map[string]any{"any": "thing"}, "log": map[string]any{"level": "info"}}, nil},
		{"known to the defaults alone", map[string]any{"old": true}, nil},
		{"a type", map[string]any{"port": "80"}, []string{"at root[port]: root.port: got string, want integer"}},
		{"a misspelling", map[string]any{"log": map[string]any{"lvel": "info"}}, []string{`at root[log][lvel]: root.log.lvel: there is no such value (did you mean "level"?)`}},
		{"a word", map[string]any{"log": map[string]any{"level": "loud"}}, []string{"at root[log][level]: root.log.level: value must be one of 'info', 'debug'"}},
	}
	for _, tt := range tests {
		values := Values{Tree: tt.tree, Root: "root", Place: func(path string) string { return "at " + path + ": " }}
		got, err := values.Problems([]byte(schema), map[string]any{"old": false})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
	if _, err := (Values{Tree: map[string]any{"a": 1}}).Problems([]byte("{"), nil); err == nil {
		t.Error("a schema that cannot be read is accepted")
	}
}

func TestMerge(t *testing.T) {
	under := map[string]any{"a": map[string]any{"b": 1, "c": []any{1}}, "d": "kept"}
	over := map[string]any{"a": map[string]any{"c": []any{2}}, "e": map[string]any{"f": true}}
	Merge(under, over)
	Set(under, false, "e", "f")
	want := map[string]any{"a": map[string]any{"b": 1, "c": []any{2}}, "d": "kept", "e": map[string]any{"f": false}}
	if diff := cmp.Diff(want, under); diff != "" {
		t.Error(diff)
	}
	if value, _ := Get(over, "e", "f"); value != true {
		t.Error("Merge shares objects with what it merged")
	}
	if _, found := Get(under, "d", "x"); found {
		t.Error("there is something below a text")
	}
}
