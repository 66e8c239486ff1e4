package format

import (
	"io/fs"
	"path"

	"github.com/kindctl/kindctl/pkg/hint"
)

// Report is what there is to say of a lab, or of the structure.json of a course.
type Report struct {
	// Path is the folder's, from the one that was asked about: "." is that.
	Path  string `json:"path"`
	Title string `json:"title"`
	// Course says that the folder is one, which has no Needs, Steps and Languages of its own.
	Course    bool      `json:"course,omitempty"`
	Steps     int       `json:"steps"`
	Points    int       `json:"points"`
	Languages []string  `json:"languages,omitempty"`
	Needs     *Needs    `json:"needs,omitempty"`
	Problems  []Problem `json:"problems"`
}

// Lint examines the lab in a folder, or the course with all its labs.
func Lint(folder fs.FS) ([]Report, error) {
	switch {
	case IsScenario(folder):
		return []Report{lintLab(folder, ".")}, nil
	case IsCourse(folder):
		return lintCourse(folder, "."), nil
	}
	return nil, hint.LabInvalid.New("the folder is no lab: it has no index.json, and is no course: it has no structure.json and no labs in its folders",
		"name the folder that has an index.json")
}

func lintLab(folder fs.FS, at string) Report {
	lab, problems := Read(folder)
	report := Report{
		Path: at, Title: lab.Title.In(English), Steps: len(lab.Steps), Points: lab.Points(),
		Problems: append([]Problem{}, problems...),
	}
	if lab.Title != nil {
		needs, more := Examine(lab)
		report.Needs, report.Languages = &needs, lab.Languages()
		report.Problems = sorted(append(append([]Problem{}, problems...), more...))
	}
	return report
}

func lintCourse(folder fs.FS, at string) []Report {
	course, problems := ReadCourse(folder)
	reports := []Report{{Path: at, Title: course.Title.In(English), Course: true, Problems: append([]Problem{}, problems...)}}
	for _, item := range course.Items {
		within, err := fs.Sub(folder, item.Path)
		if err != nil {
			continue // ReadCourse has reported it
		}
		if item.Course {
			reports = append(reports, lintCourse(within, path.Join(at, item.Path))...)
		} else {
			reports = append(reports, lintLab(within, path.Join(at, item.Path)))
		}
	}
	return reports
}
