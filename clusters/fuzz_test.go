package clusters

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/kindctl/kindctl/pkg/hint"
)

// FuzzDecode feeds anything to the reader of configurations: it may refuse it,
// with advice. What it accepts can be written, and read as the same.
func FuzzDecode(f *testing.F) {
	seeds, err := filepath.Glob(filepath.Join("testdata", "kind", "*.yaml"))
	if err != nil || len(seeds) == 0 {
		f.Fatalf("%d seeds: %v", len(seeds), err)
	}
	for _, seed := range seeds {
		data, err := os.ReadFile(seed)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for _, field := range fields() {
		f.Add([]byte("apiVersion: " + APIVersion + "\nkind: " + Kind + "\n" + field.sample()))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		topology, err := Decode(data, "lab.yaml")
		if err == nil {
			_, err = topology.Validate()
		}
		if err != nil {
			if hint.CodeOf(err) != hint.Usage || hint.AdviceOf(err) == "" {
				t.Errorf("refused without advice: %v", err)
			}
			return
		}
		topology.KindConfig(NodeSettings{Image: "node:1", CPUs: 4, MemoryBytes: 8 << 30})
		written, err := topology.Encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := Decode(written, "again.yaml")
		if err != nil {
			t.Fatalf("what was written is refused: %v\n%s", err, written)
		}
		if differences := topology.Differences(again); differences != "" {
			t.Errorf("written and read: %s\n%s", differences, written)
		}
	})
}
