// Package chartstest gives tests the files that CNIs are installed from.
package chartstest

import (
	"io/fs"
	"os"
	"strconv"
	"testing"

	"github.com/kindctl/kindctl/internal/charts"
	"github.com/kindctl/kindctl/pkg/hint"
)

// Files returns the files of a bundle. Tests use no network: where the bundle is
// neither embedded nor in Go's module cache, the test is skipped, and fails with
// CI=true.
func Files(t *testing.T, bundle charts.Bundle) fs.FS {
	t.Helper()
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("GOPROXY", "off")
	files, err := charts.Library{}.Find(t.Context(), bundle)
	if err == nil {
		return files
	}
	if ci, _ := strconv.ParseBool(os.Getenv("CI")); hint.ReasonOf(err) == hint.ChartMissing.Name && !ci {
		t.Skipf("the module of %s is not in Go's module cache: go generate ./internal/charts", bundle.Name)
	}
	t.Fatal(err)
	return nil
}
