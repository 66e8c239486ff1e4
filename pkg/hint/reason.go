package hint

// Reason is a kind of failure, with the exit code that it always has. Its name
// is part of the interface: it is in reports, and never changes its meaning.
//
// Cause and remedy are Markdown of docs/reasons.md, which is generated from
// them. What is known of one failure alone is in the message and advice of its
// Error.
type Reason struct {
	Name   string // upper case, such as "DOCKER_MISSING"
	Code   Code
	Cause  string
	Remedy string
}

// New makes an Error without a cause.
func (r Reason) New(message, advice string) *Error {
	return New(r.Code, r.Name, message, advice)
}

// Wrap makes an Error around a cause.
func (r Reason) Wrap(err error, message, advice string) *Error {
	return Wrap(err, r.Code, r.Name, message, advice)
}

// Subject is a part of the catalog.
type Subject struct {
	Title   string
	Reasons []Reason
}

// The subjects, each of which has a file of its own.
var (
	commandLine   = &Subject{Title: "The command line"}
	machine       = &Subject{Title: "The machine"}
	images        = &Subject{Title: "Images"}
	building      = &Subject{Title: "Building images"}
	configuration = &Subject{Title: "The configuration"}
	existing      = &Subject{Title: "An existing cluster"}
	comingUp      = &Subject{Title: "While a cluster comes up"}
	running       = &Subject{Title: "While a cluster starts, runs, or goes"}
	snapshots     = &Subject{Title: "Snapshots"}
	pools         = &Subject{Title: "The pool"}
	incidents     = &Subject{Title: "Incidents"}
	labs          = &Subject{Title: "Labs"}
	library       = &Subject{Title: "The Go library"}
)

// Catalog returns every reason that kindctl gives, by subject.
func Catalog() []Subject {
	return []Subject{*commandLine, *machine, *images, *building, *configuration, *existing, *comingUp, *running,
		*snapshots, *pools, *incidents, *labs, *library}
}

// reason declares a reason of the subject.
func (s *Subject) reason(name string, code Code, cause, remedy string) Reason {
	r := Reason{name, code, cause, remedy}
	s.Reasons = append(s.Reasons, r)
	return r
}
