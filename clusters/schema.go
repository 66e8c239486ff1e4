package clusters

import (
	"bytes"
	"encoding/json"
	"maps"
)

// Schema is the JSON Schema (draft 2020-12) of the configuration file. What it
// accepts, Decode reads; Validate looks at more, such as subnets that overlap.
func Schema() ([]byte, error) {
	defaults, err := values(DefaultProfile)
	if err != nil {
		return nil, err
	}
	properties := map[string]any{}
	for _, f := range fields() {
		property := maps.Clone(f.schema)
		property["description"] = f.about
		if value, has := defaults[f.name]; has && property["const"] == nil {
			property["default"] = value
		}
		properties[f.name] = property
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err = encoder.Encode(map[string]any{
		"$schema":     "https://json-schema.org/draft/2020-12/schema",
		"$id":         "https://kindctl.dev/schemas/config.schema.json",
		"title":       "Configuration of kindctl",
		"description": "What `kindctl up --config FILE` reads. A field that is left out is as its default says.",
		"type":        "object",
		"required":    []string{"apiVersion", "kind"},
		"properties":  properties,
		// What nobody knows is a typing error.
		"additionalProperties": false,
		// Without kube-proxy, only Cilium makes Services work; it is the default.
		"if":   map[string]any{"required": []string{"proxyMode"}, "properties": map[string]any{"proxyMode": map[string]any{"const": "none"}}},
		"then": map[string]any{"properties": map[string]any{"cni": map[string]any{"const": "cilium"}}},
	})
	return out.Bytes(), err
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
