// Package labs holds the courses that come with kindctl.
package labs

import (
	"embed"
	"io/fs"
)

//go:embed kubernetes-from-the-inside
var files embed.FS

// Course is the folder of the course in English and Chinese that goes through Kubernetes part by
// part.
const Course = "kubernetes-from-the-inside"

// Files has a folder for each course, with a structure.json, in the format that
// internal/lab/format reads.
func Files() fs.FS { return files }
