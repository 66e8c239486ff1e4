package cli

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

func TestPrintPlan(t *testing.T) {
	steps := []string{"stop lab-worker", "stop lab-control-plane"}
	tests := map[string]struct {
		format string
		steps  []string
		want   string
	}{
		"text":              {"text", steps, "stop lab-worker\nstop lab-control-plane\n"},
		"JSON":              {"json", steps, `{"dryRun":true,"cluster":"lab","steps":["stop lab-worker","stop lab-control-plane"]}`},
		"JSON with nothing": {"json", nil, `{"dryRun":true,"cluster":"lab","steps":[]}`},
	}
	for name, tt := range tests {
		var out strings.Builder
		app := &cli.App{
			Writer: &out,
			Flags:  []cli.Flag{planFormatFlag("--dry-run")},
			Action: func(c *cli.Context) error { return printPlan(c, "lab", tt.steps) },
		}
		if err := app.Run([]string{"x", "-o", tt.format}); err != nil {
			t.Fatal(err)
		}
		got := out.String()
		if tt.format == "json" {
			var compact bytes.Buffer
			if err := json.Compact(&compact, []byte(got)); err != nil {
				t.Fatal(err)
			}
			got = compact.String()
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}
