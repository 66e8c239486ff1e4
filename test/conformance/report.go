package conformance

import (
	"encoding/json"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"
)

// spec is what ginkgo reports of one of Kubernetes' tests.
type spec struct {
	Containers []string      `json:"ContainerHierarchyTexts"`
	Text       string        `json:"LeafNodeText"`
	Kind       string        `json:"LeafNodeType"`
	State      string        `json:"State"`
	RunTime    time.Duration `json:"RunTime"`
	Failure    struct{ Message string }
}

// outcome is what became of a spec.
type outcome string

const (
	passed     outcome = "passed"
	failed     outcome = "failed"
	impossible outcome = "cannot run here" // for a reason that is known
	unfinished outcome = "not finished"    // the run's time was over
)

// excuse says why specs cannot pass without a registry or with a stand-in,
// however well the cluster is.
type excuse struct {
	spec   *regexp.Regexp
	reason string
	// here reports whether it is true of this machine; nil is of any.
	here func() bool
}

// excuses are matched with the names of specs that failed.
var excuses = []excuse{
	{spec: regexp.MustCompile(`Projected PodCertificate .* mTLS`), reason: "its pods pull their image although the node has it, and there is no registry"},
	{spec: regexp.MustCompile(`same port and different protocols`), here: noneAnswers,
		reason: "the network around the machine accepts TCP connections to addresses that no one has, also to a Service's port that is gone"},
}

// noneAnswers reports whether an address of the Services' default range, which means
// nothing outside of a cluster, accepts a connection.
func noneAnswers() bool {
	conn, err := net.DialTimeout("tcp", "10.96.255.254:80", 3*time.Second)
	if err == nil {
		conn.Close()
	}
	return err == nil
}

func (s spec) name() string {
	return strings.Join(append(slices.Clone(s.Containers), s.Text), " ")
}

// group is the special interest group that a spec belongs to, such as
// sig-network.
func (s spec) group() string {
	name := s.name()
	if start := strings.Index(name, "[sig-"); start >= 0 {
		if end := strings.Index(name[start:], "]"); end > 0 {
			return name[start+1 : start+end]
		}
	}
	return "none"
}

func (s spec) outcome() outcome {
	switch s.State {
	case "passed":
		return passed
	case "interrupted", "timedout", "aborted", "pending":
		return unfinished
	}
	if s.excuse() != "" {
		return impossible
	}
	return failed
}

func (s spec) excuse() string {
	for _, e := range excuses {
		if e.spec.MatchString(s.name()) && (e.here == nil || e.here()) {
			return e.reason
		}
	}
	return ""
}

// reason is why a spec did not pass, on one line.
func (s spec) reason() string {
	reason := s.excuse()
	if reason == "" {
		reason = s.Failure.Message
	}
	const most = 300
	line := strings.Join(strings.Fields(reason), " ")
	if runes := []rune(line); len(runes) > most {
		line = string(runes[:most]) + "..."
	}
	return line
}

// readReport reads the specs of a JSON report of ginkgo's. Those that a filter
// left out are skipped without a message and are not among them; those that
// skip themselves, as they do on a cluster that lacks something, are.
func readReport(path string) (specs []spec, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var suites []struct{ SpecReports []spec }
	if err := json.Unmarshal(data, &suites); err != nil {
		return nil, err
	}
	for _, suite := range suites {
		for _, s := range suite.SpecReports {
			leftOut := s.State == "skipped" && s.Failure.Message == ""
			if s.Kind == "It" && !leftOut || s.Kind != "It" && s.State != "passed" && !leftOut {
				specs = append(specs, s)
			}
		}
	}
	return specs, nil
}
