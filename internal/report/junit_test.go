package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/verify"
)

// element is what a schema says of one element of JUnit XML.
type element struct {
	required, optional []string // attributes
	children           []string // in this order; each at most once, but those in several
	needs              []string // children that must be there
}

// The rules that a file must keep to satisfy both schemas in use: Ant's
// (github.com/windyroad/JUnit-Schema) and that of Jenkins' xUnit plugin
// (junit-10.xsd). GitLab, Azure and the rest read either.
var junitRules = map[string]element{
	"testsuites": {children: []string{"testsuite"}},
	"testsuite": {
		required: []string{"name", "package", "id", "timestamp", "hostname", "tests", "failures", "errors", "time"}, optional: []string{"skipped"},
		children: []string{"properties", "testcase", "system-out", "system-err"}, needs: []string{"properties", "system-out", "system-err"},
	},
	"properties": {children: []string{"property"}},
	"property":   {required: []string{"name", "value"}},
	"testcase":   {required: []string{"name", "classname", "time"}, children: []string{"skipped", "error", "failure"}},
	"failure":    {required: []string{"type"}, optional: []string{"message"}},
	"error":      {required: []string{"type"}, optional: []string{"message"}},
	"skipped":    {optional: []string{"message"}},
	"system-out": {}, "system-err": {},
}

var junitSeveral = []string{"testsuite", "testcase", "property"}

// junitForms are the types of attributes, where both schemas are no more lax.
var junitForms = map[string]*regexp.Regexp{
	"timestamp": regexp.MustCompile(`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$`),
	"time":      regexp.MustCompile(`^\d+\.\d+$`),
	"tests":     regexp.MustCompile(`^\d+$`), "failures": regexp.MustCompile(`^\d+$`), "errors": regexp.MustCompile(`^\d+$`),
	"skipped": regexp.MustCompile(`^\d+$`), "id": regexp.MustCompile(`^\d+$`),
	"name": regexp.MustCompile(`^\S(.*\S)?$`), "classname": regexp.MustCompile(`^\S+$`), "hostname": regexp.MustCompile(`^\S+$`), "package": regexp.MustCompile(`^\S+$`),
}

// node is a parsed element.
type node struct {
	name       string
	attributes map[string]string
	children   []*node
}

func (n *node) count(name string) (count int) {
	for _, child := range n.children {
		if child.name == name {
			count++
		}
		count += child.count(name)
	}
	return count
}

// parsedJUnit reads a file as trees.
func parsedJUnit(data []byte) (*node, error) {
	root := &node{}
	open := []*node{root}
	for decoder := xml.NewDecoder(bytes.NewReader(data)); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		switch token := token.(type) {
		case xml.StartElement:
			n := &node{name: token.Name.Local, attributes: map[string]string{}}
			for _, a := range token.Attr {
				n.attributes[a.Name.Local] = a.Value
			}
			parent := open[len(open)-1]
			parent.children = append(parent.children, n)
			open = append(open, n)
		case xml.EndElement:
			open = open[:len(open)-1]
		}
	}
	if len(root.children) != 1 || root.children[0].name != "testsuites" {
		return nil, errors.New("the root is not one testsuites")
	}
	return root.children[0], nil
}

// breaches says where a file breaks the rules.
func breaches(data []byte) (found []string) {
	root, err := parsedJUnit(data)
	if err != nil {
		return []string{err.Error()}
	}
	var look func(*node)
	look = func(n *node) {
		rule, known := junitRules[n.name]
		if !known {
			found = append(found, "unknown element "+n.name)
		}
		for _, name := range rule.required {
			if _, has := n.attributes[name]; !has {
				found = append(found, n.name+" lacks "+name)
			}
		}
		for name, value := range n.attributes {
			if !slices.Contains(rule.required, name) && !slices.Contains(rule.optional, name) {
				found = append(found, n.name+" may not have "+name)
			}
			if form := junitForms[name]; form != nil && n.name != "property" && !form.MatchString(value) {
				found = append(found, fmt.Sprintf("%s has %s=%q", n.name, name, value))
			}
		}
		last, seen := -1, map[string]int{}
		for _, child := range n.children {
			at := slices.Index(rule.children, child.name)
			if at < 0 || at < last {
				found = append(found, child.name+" may not be here in "+n.name)
			}
			last = max(last, at)
			if seen[child.name]++; seen[child.name] > 1 && !slices.Contains(junitSeveral, child.name) {
				found = append(found, n.name+" has several "+child.name)
			}
			look(child)
		}
		if n.name == "testcase" && len(n.children) > 1 {
			found = append(found, "a case has more than one outcome")
		}
		for _, name := range rule.needs {
			if seen[name] == 0 {
				found = append(found, n.name+" lacks "+name)
			}
		}
	}
	look(root)
	for i, suite := range root.children {
		for attribute, child := range map[string]string{"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"} {
			if want := strconv.Itoa(suite.count(child)); suite.attributes[attribute] != want && (want != "0" || suite.attributes[attribute] != "") {
				found = append(found, fmt.Sprintf("suite %d says %s=%q and has %s", i, attribute, suite.attributes[attribute], want))
			}
		}
		cases := map[string]bool{}
		for _, child := range suite.children {
			if name := child.attributes["name"]; child.name == "testcase" && cases[name] {
				found = append(found, fmt.Sprintf("suite %d has two cases %s", i, name))
			} else if child.name == "testcase" {
				cases[name] = true
			}
		}
		if suite.attributes["id"] != strconv.Itoa(i) {
			found = append(found, fmt.Sprintf("suite %d has id %s", i, suite.attributes["id"]))
		}
	}
	return found
}

func written(t *testing.T, s CommandResult) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := JUnit(&out, s); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestJUnitKeepsToTheSchemas(t *testing.T) {
	for name, s := range map[string]CommandResult{
		"a failed up":       recorded(t),
		"every outcome":     {Command: "verify", Started: time.Unix(0, 0), Report: verdicts()},
		"an end too early":  {Command: "verify", Started: time.Unix(0, 0), Err: errors.New("API \x00 gone ]]> \x1b[31m")},
		"nothing to say":    {Command: "verify", Started: time.Unix(0, 0)},
		"checks that never": {Command: "up", Started: time.Unix(0, 0), Report: verify.Report{Results: []verify.Result{{ID: "a.b", Group: "a", Outcome: verify.Error, Cause: "interrupted before it ran"}}}},
	} {
		if found := breaches(written(t, s)); len(found) > 0 {
			t.Errorf("%s: %s\n%s", name, strings.Join(found, "\n"), written(t, s))
		}
	}
}

// TestBreachesAreFound keeps the check of the rules from accepting anything.
func TestBreachesAreFound(t *testing.T) {
	good := string(written(t, recorded(t)))
	for name, change := range map[string][2]string{
		"a zone":             {`timestamp="2026-01-02T03:04:05"`, `timestamp="2026-01-02T03:04:05Z"`},
		"a total":            {`<testsuites>`, `<testsuites tests="3">`},
		"a wrong count":      {`failures="2"`, `failures="3"`},
		"no type":            {`type="FAIL"`, ``},
		"a type of a skip":   {`<skipped `, `<skipped type="SKIP" `},
		"output of a case":   {`<failure `, `<system-out></system-out><failure `},
		"a case twice":       {`name="images"`, `name="create"`},
		"two outcomes":       {`<failure `, `<skipped></skipped><failure `},
		"no host":            {` hostname=`, ` x=`},
		"an illegal letter":  {`timeout`, "\x1b"},
		"a missing output":   {`<system-err></system-err>`, ``},
		"properties at last": {`<properties>`, `<testcase name="x" classname="x" time="0.0"></testcase><properties>`},
	} {
		bad := strings.Replace(good, change[0], change[1], 1)
		if name == "a missing output" {
			bad = regexp.MustCompile(`<system-err>[^e]*</system-err>`).ReplaceAllString(good, "")
		}
		if bad == good {
			t.Errorf("%s: the file has no %s", name, change[0])
		} else if len(breaches([]byte(bad))) == 0 {
			t.Errorf("the rules accept %s", name)
		}
	}
}

// TestJUnitHasACaseForEachNode wants the verdicts on nodes, and the check itself
// only where no node says more.
func TestJUnitHasACaseForEachNode(t *testing.T) {
	nodes := []verify.NodeResult{
		{Outcome: verify.Fail, Cause: "none"},
		{Node: "w1", Outcome: verify.Pass},
		{Node: "w2", Outcome: verify.Error, Cause: "deaf"},
		{Node: "w3", Outcome: verify.Warn, Cause: "old"},
	}
	root, err := parsedJUnit(written(t, CommandResult{Command: "verify", Report: verify.Report{Results: []verify.Result{
		{ID: "a.b", Group: "a", Outcome: verify.Fail, Cause: "all of it", Nodes: nodes},
		{ID: "a.c", Group: "a", Outcome: verify.Blocked, Cause: "needs a.b"},
	}}}))
	if err != nil {
		t.Fatal(err)
	}
	suite := root.children[0]
	got := []string{suite.attributes["tests"], suite.attributes["failures"], suite.attributes["errors"], suite.attributes["skipped"]}
	for _, child := range suite.children {
		if child.name != "testcase" {
			continue
		}
		line := child.attributes["name"]
		for _, outcome := range child.children {
			line += " " + outcome.name + " " + outcome.attributes["message"]
		}
		got = append(got, line)
	}
	want := []string{"5", "1", "1", "1", "a.b failure none", "a.b@w1", "a.b@w2 error deaf", "a.b@w3", "a.c skipped needs a.b"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("cases (-want +got):\n%s", diff)
	}
}

// TestJUnitIsNeverGreenAfterAFailure wants a red case for every failed command.
func TestJUnitIsNeverGreenAfterAFailure(t *testing.T) {
	green := verify.Report{Results: []verify.Result{{ID: "a.b", Group: "a", Outcome: verify.Pass}}}
	done := []event.Event{{Scope: event.Phase, Kind: event.Done, ID: "create", Title: "Create"}}
	for name, s := range map[string]CommandResult{
		"before anything":  {Err: errors.New("x")},
		"after the checks": {Err: errors.New("x"), Events: done, Report: green},
		"in a phase":       {Err: errors.New("x"), Events: []event.Event{{Scope: event.Phase, Kind: event.Failed, ID: "create", Message: "x"}}},
	} {
		s.Command = "up"
		root, err := parsedJUnit(written(t, s))
		if err != nil {
			t.Fatal(err)
		}
		if red := root.count("failure") + root.count("error"); red != 1 {
			t.Errorf("%s: %d red cases, want 1", name, red)
		}
	}
	root, err := parsedJUnit(written(t, CommandResult{Command: "up", Events: done, Report: green}))
	if err != nil || root.count("failure")+root.count("error") != 0 || root.count("testcase") != 2 {
		t.Errorf("a success is red, or lacks cases (%v)", err)
	}
}
