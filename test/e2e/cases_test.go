//go:build e2e

package e2e

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kindctl/kindctl/pkg/verify"
)

// document is where TestCases writes what it saw; "make test-cases" sets it.
var document = flag.String("document", "", "write the outcome of each case into this table")

// situation is something that people bring, retold from public threads and files.
type situation struct {
	// name is the test's, and that of its cluster after "e2e-case-".
	name string
	// brings says what people have or do; outcome is what they get, as try proves it.
	brings, outcome string
	// ci runs the case in "make test" as well.
	ci bool
	// try tries it, and looks at the outcome without kindctl's own eyes.
	try func(s *session, cluster string)
}

func situations() []situation {
	return slices.Concat(broughtFiles(), choices(), settings(), changes(), machines(), growth(), uses())
}

// TestCases tries what people bring, on clusters of its own.
func TestCases(t *testing.T) {
	t.Parallel()
	for _, c := range situations() {
		t.Run(c.name, func(t *testing.T) {
			if !c.ci {
				long(t)
			}
			cluster := "e2e-case-" + c.name
			c.try(newSession(t, cluster), cluster)
			if *document != "" && !t.Failed() {
				recordCase(t, *document, c)
			}
		})
	}
}

// casesEnd is the line of the document behind the last row.
const casesEnd = "\n<!-- end of cases -->"

// recordCase renews the row of a case, and adds it at the end when there is none.
func recordCase(t *testing.T, path string, c situation) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text, key := string(data), fmt.Sprintf("| `%s` |", c.name)
	row := fmt.Sprintf("%s %s | %s | %s |", key, c.brings, c.outcome, time.Now().UTC().Format(time.DateOnly))
	if at := strings.Index(text, key); at >= 0 {
		end := at + strings.Index(text[at:], "\n")
		text = text[:at] + row + text[end:]
	} else {
		text = strings.Replace(text, casesEnd, row+"\n"+casesEnd, 1)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// file writes a configuration in which NAME stands for the cluster.
func (s *session) file(cluster, content string) string {
	s.Helper()
	return files{s.TB, s.TempDir()}.write("cluster.yaml", strings.ReplaceAll(content, "NAME", cluster))
}

// refuses wants a configuration to be refused by validate and by up, with a line
// of the file and each of the words, before a container exists.
func (s *session) refuses(cluster, content string, words ...string) {
	s.Helper()
	path := s.file(cluster, content)
	for _, command := range [][]string{{"config", "validate", path}, {"up", "--config", path, "--images", "local"}} {
		r := s.Kindctl(command...)
		if r.Code != 2 {
			s.Errorf("%v: exit %d, want 2\n%s%s", command, r.Code, r.Stdout, r.Stderr)
		}
		for _, word := range append(words, "cluster.yaml:") {
			if !strings.Contains(r.Stderr, word) {
				s.Errorf("%v does not mention %q:\n%s", command, word, r.Stderr)
			}
		}
	}
	if found := s.Output("docker", "ps", "-aq", "--filter", "label=io.x-k8s.kind.cluster="+cluster); found != "" {
		s.Errorf("containers were made: %s", found)
	}
}

// verdictOf returns what the verification says of one check.
func (s *session) verdictOf(cluster, id string) verify.Result {
	s.Helper()
	var report verify.Report
	r := s.Kindctl("verify", "-n", cluster, "--only", id, "-o", "json")
	if err := json.Unmarshal([]byte(r.Stdout), &report); err != nil {
		s.Fatalf("verify --only %s: exit %d, %v\n%s", id, r.Code, err, r.Stderr)
	}
	at := slices.IndexFunc(report.Results, func(r verify.Result) bool { return r.ID == id })
	if at < 0 {
		s.Fatalf("the report has no %s", id)
	}
	return report.Results[at]
}

// get asks this machine's port until it answers what it should.
func (s *session) get(url, want string) {
	s.Helper()
	client := &http.Client{Timeout: 5 * time.Second}
	s.Eventually(30*time.Second, func() (string, error) {
		response, err := client.Get(url)
		if err != nil {
			return "", err
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err == nil && !strings.Contains(string(body), want) {
			err = fmt.Errorf("the answer is %q, want %q", body, want)
		}
		return string(body), err
	})
}

// arguments are those of a component of the control plane, as the API shows them.
func (s *session) arguments(cluster, component string) string {
	s.Helper()
	return s.Kubectl(cluster, "-n", "kube-system", "get", "pods", "-l", "component="+component, "-o", "jsonpath={.items[*].spec.containers[*].command}")
}

// probePod is a pod that answers HTTP on port 8080, on any node.
func probePod(name, extra string) string {
	return fmt.Sprintf(`apiVersion: v1
kind: Pod
metadata: {name: %[1]s, labels: {app: %[1]s}}
spec:
  tolerations: [{operator: Exists}]
  containers:
  - name: web
    image: %[2]s
    imagePullPolicy: IfNotPresent
    args: [netexec, --http-port=8080]
    readinessProbe: {httpGet: {path: /hostname, port: 8080}}
%[3]s`, name, verify.DefaultProbeImage, extra)
}

// ready waits for pods of the default namespace.
func (s *session) ready(cluster string, pods ...string) {
	s.Helper()
	for _, pod := range pods {
		s.Kubectl(cluster, "wait", "--for=condition=Ready", "pod/"+pod, "--timeout=120s")
	}
}
