package clusters

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"

	"github.com/kindctl/kindctl/clusters/cni"
)

// Schema is the JSON Schema (draft 2020-12) of the configuration file. What it
// accepts, Decode reads; Validate looks at more, such as subnets that overlap.
func Schema() ([]byte, error) {
	defaults, err := values(DefaultProfile)
	if err != nil {
		return nil, err
	}
	schema := object(fields())
	for name, property := range schema["properties"].(map[string]any) {
		if value, has := defaults[name]; has && property.(map[string]any)["const"] == nil {
			property.(map[string]any)["default"] = value
		}
	}
	replacing, _ := cni.ReplacingProxy()
	maps.Copy(schema, map[string]any{
		"$schema":     "https://json-schema.org/draft/2020-12/schema",
		"$id":         "https://kindctl.dev/schemas/config.schema.json",
		"title":       "Configuration of kindctl",
		"description": "What `kindctl up --config FILE` reads. A field that is left out is as its default says.",
		"required":    []string{"apiVersion", "kind"},
		// Groups say how many nodes there are.
		"dependentSchemas": map[string]any{"nodes": map[string]any{"properties": map[string]any{"controlPlanes": false, "workers": false}}},
		// Without kube-proxy, a CNI has to make Services work, or one that the user brings.
		"if":   map[string]any{"required": []string{"proxyMode"}, "properties": map[string]any{"proxyMode": map[string]any{"const": "none"}}},
		"then": map[string]any{"properties": map[string]any{"cni": map[string]any{"enum": append(replacing, cni.None)}}},
	})
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err = encoder.Encode(schema)
	return out.Bytes(), err
}

// object is the schema of something with these fields and no others, because
// what no one knows is a typing error.
func object(fields []field) map[string]any {
	properties, required := map[string]any{}, []string{}
	for _, f := range fields {
		property := maps.Clone(f.schema)
		if f.within != nil {
			property = object(f.within)
		}
		if f.below != nil {
			item := object(f.below)
			if f.instead != nil {
				item["oneOf"] = f.instead
			}
			property = map[string]any{"type": "array", "items": item}
			maps.Copy(property, f.schema)
		}
		property["description"] = f.about
		properties[f.name] = property
		if f.must {
			required = append(required, f.name)
		}
	}
	schema := map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		schema["required"] = required
	}
	return schema
}

// shape is the schema of a type of someone else's, as its fields have it.
func shape[T any]() map[string]any { return shapeOf(reflect.TypeFor[T]()) }

func shapeOf(t reflect.Type) map[string]any {
	switch t.Kind() {
	case reflect.Pointer:
		return shapeOf(t.Elem())
	case reflect.Struct:
		properties := map[string]any{}
		for name, field := range fieldsOf(t) {
			properties[name] = shapeOf(field.Type)
		}
		return map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": shapeOf(t.Elem())}
	case reflect.Slice:
		return map[string]any{"type": "array", "items": shapeOf(t.Elem())}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int32:
		return map[string]any{"type": "integer"}
	}
	if words := kindWords[t]; words != nil {
		return map[string]any{"enum": words}
	}
	return map[string]any{"type": "string"}
}

// values are the fields that a profile sets.
func values(profile string) (map[string]any, error) {
	t, err := Profile(profile)
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(t)
	if err != nil {
		return nil, err
	}
	set := map[string]any{}
	return set, json.Unmarshal(data, &set)
}
