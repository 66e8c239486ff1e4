package kindctl

import (
	"os"
	"runtime"
	"testing"
)

// TestNamesFilesAndReferences has each word mean one thing, whatever the store and registries have.
func TestNamesFilesAndReferences(t *testing.T) {
	t.Chdir(t.TempDir())
	tests := map[string]whereabouts{
		"seeded":                       inStore, // also if there is a file
		"seeded.tar":                   inStore,
		"./seeded":                     inFile,
		"../seeded.tar":                inFile,
		"/tmp/seeded.tar":              inFile,
		"team/lab:seeded":              inFile, // Docker Hub is never meant
		"registry.example/lab":         inFile, // nor is the tag latest
		"registry.example/lab:missing": inRegistry,
		"localhost:5000/lab:1":         inRegistry,
		"127.0.0.1:5000/team/lab@sha256:434728a410a78f56fc1b5899c3593436e61ab0c731e9072d95e96db290205e53": inRegistry,
	}
	files := []string{"seeded"}
	if runtime.GOOS != "windows" { // whose files have no colon in their names
		files = append(files, "registry.example/lab:there")
		tests["registry.example/lab:there"] = inFile
	}
	if err := os.Mkdir("registry.example", 0o700); err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for from, want := range tests {
		if got := whereIs(from); got != want {
			t.Errorf("%s is %d, want %d", from, got, want)
		}
	}
}
