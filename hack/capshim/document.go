package main

import (
	"encoding/json"
	"os"
	"slices"
)

// rewrite removes capabilities from the document and leaves the meaning of
// every other field, and the file's mode, as they were.
func rewrite(path string, kind documentKind, missing map[string]bool) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if kind == configDocument {
		data, err = editField(data, "process", func(process json.RawMessage) (json.RawMessage, error) {
			return dropCapabilities(process, missing)
		})
	} else {
		data, err = dropCapabilities(data, missing)
	}
	if err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o600)
}

// dropCapabilities works on a process: it has five sets of capabilities.
func dropCapabilities(process json.RawMessage, missing map[string]bool) (json.RawMessage, error) {
	return editField(process, "capabilities", func(raw json.RawMessage) (json.RawMessage, error) {
		var sets map[string][]string
		if err := json.Unmarshal(raw, &sets); err != nil {
			return nil, err
		}
		for name, set := range sets {
			sets[name] = slices.DeleteFunc(set, func(capability string) bool { return missing[capability] })
		}
		return json.Marshal(sets)
	})
}

// editField replaces one field of a JSON object; an absent or null field stays.
func editField(object json.RawMessage, name string, edit func(json.RawMessage) (json.RawMessage, error)) (json.RawMessage, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(object, &fields); err != nil {
		return nil, err
	}
	if raw, ok := fields[name]; ok && string(raw) != "null" {
		edited, err := edit(raw)
		if err != nil {
			return nil, err
		}
		fields[name] = edited
	}
	return json.Marshal(fields)
}
