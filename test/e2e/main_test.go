//go:build e2e

package e2e

import (
	"testing"

	"github.com/kindctl/kindctl/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }
