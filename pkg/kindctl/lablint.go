package kindctl

import (
	"io/fs"

	"github.com/kindctl/kindctl/internal/lab/format"
)

// LabReport is what there is to say of a lab in Killercoda's format, or of a course.
type LabReport = format.Report

// LintLab reads the lab in a folder, or the course with all its labs, and says what is wrong and
// what it needs to run. The error is about a folder that is neither. No cluster is asked.
func LintLab(folder fs.FS) ([]LabReport, error) { return format.Lint(folder) }
