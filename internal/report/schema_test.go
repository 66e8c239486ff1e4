package report

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/kindctl/kindctl/pkg/verify"
)

// reportSchema compiles the published schema, with the formats that it names.
func reportSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	schema, err := compiler.Compile(filepath.Join("..", "..", "docs", "report.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func parsed(t *testing.T, data []byte) any {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return document
}

func TestSchemaAcceptsReports(t *testing.T) {
	schema := reportSchema(t)
	stored, err := os.ReadFile(filepath.Join("testdata", "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(parsed(t, stored)); err != nil {
		t.Errorf("the golden report: %v", err)
	}
	for name, r := range map[string]verify.Report{"full": verdicts(), "bare": {RunID: "abc", Results: []verify.Result{}}} {
		var out bytes.Buffer
		if err := Verdict(&out, r); err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(parsed(t, out.Bytes())); err != nil {
			t.Errorf("a %s report: %v", name, err)
		}
	}
}

// TestSchemaKnowsEveryProperty finds a property that the code can write and the
// schema does not describe, or the other way round.
func TestSchemaKnowsEveryProperty(t *testing.T) {
	var schema struct {
		Properties map[string]any
		Defs       map[string]struct{ Properties map[string]any } `json:"$defs"`
	}
	data, err := os.ReadFile(filepath.Join("..", "..", "docs", "report.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &schema); err != nil {
		t.Fatal(err)
	}
	described := func(properties map[string]any) []string { return slices.Sorted(maps.Keys(properties)) }
	if diff := cmp.Diff(slices.Sorted(slices.Values(append(properties[verify.Report](), "schemaVersion", "passed", "error"))), described(schema.Properties)); diff != "" {
		t.Errorf("a report (-code +schema):\n%s", diff)
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values(properties[verify.Result]())), described(schema.Defs["result"].Properties)); diff != "" {
		t.Errorf("a result (-code +schema):\n%s", diff)
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values(properties[verify.NodeResult]())), described(schema.Defs["nodeResult"].Properties)); diff != "" {
		t.Errorf("a node's result (-code +schema):\n%s", diff)
	}
}

// properties are the names of a struct's fields in JSON.
func properties[T any]() (names []string) {
	for field := range reflect.TypeFor[T]().Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

func TestSchemaRejects(t *testing.T) {
	schema := reportSchema(t)
	var good bytes.Buffer
	if err := Verdict(&good, verdicts()); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][2]string{
		"another outcome":          {`"outcome": "PASS"`, `"outcome": "GREEN"`},
		"a failure without cause":  {`"cause": "lab-control-plane has no taint\nlab-control-plane2 has no taint",`, ``},
		"a failure without hint":   {`"hint": "ask for the right",`, ``},
		"a pass with a cause":      {`"outcome": "PASS"`, `"outcome": "PASS", "cause": "x"`},
		"a time that is none":      {`"started": "2026-01-02T03:04:05.000000006Z"`, `"started": "yesterday"`},
		"a duration with a unit":   {`"durationNanoseconds": 21000000000`, `"durationNanoseconds": "21s"`},
		"a blocked node":           {"\"node\": \"lab-worker\",\n          \"outcome\": \"PASS\"", "\"node\": \"lab-worker\",\n          \"outcome\": \"BLOCKED\", \"cause\": \"x\""},
		"a node without cause":     {"\"outcome\": \"FAIL\",\n          \"cause\": \"has no taint\"", `"outcome": "FAIL"`},
		"a pass of no node":        {`"node": "lab-worker",`, ``},
		"a later schema":           {`"schemaVersion": 1`, `"schemaVersion": 2`},
		"no run":                   {`"runID": "abc",`, ``},
		"an ID without its group":  {`"id": "net.pods"`, `"id": "pods"`},
		"blocked by nothing":       {"\"blockedBy\": \"node.taint\",\n", "\n"},
		"a pass that is blocked":   {`"outcome": "PASS"`, `"outcome": "PASS", "blockedBy": "net.pods"`},
		"blocked after an attempt": {"\"hint\": \"not shown\",\n      \"attempts\": 0", "\"hint\": \"not shown\",\n      \"attempts\": 1"},
	} {
		bad := strings.Replace(good.String(), change[0], change[1], 1)
		if bad == good.String() {
			t.Errorf("%s: the report has no %s", name, change[0])
			continue
		}
		if err := schema.Validate(parsed(t, []byte(bad))); err == nil {
			t.Errorf("the schema accepts %s", name)
		}
	}
}
