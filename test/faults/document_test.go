//go:build faults

package faults

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/flock"
	"github.com/google/go-cmp/cmp"
)

// record is what docs/faults.json keeps of live faults, by stage.
type record map[string]*stageRecord

// stageRecord is a stage's last run, and each of its faults as last seen.
type stageRecord struct {
	Up         string                 `json:"up"`
	Kubernetes string                 `json:"kubernetes"`
	Agent      string                 `json:"agent"`
	CPUs       int                    `json:"cpus"`
	Faults     map[string]faultRecord `json:"faults"` // by check
}

type faultRecord struct {
	Fault   string  `json:"fault"`
	Seconds float64 `json:"seconds"` // from the start of the verification to the verdict
	Blocked int     `json:"blocked"`
	Cause   string  `json:"cause"`
	Hint    string  `json:"hint"`
	Date    string  `json:"date"`
	Commit  string  `json:"commit"`
}

// write adds what was seen of one fault to the record beside the document, keeps the
// others, and writes the document from it. Several processes may write in turn.
func write(t *testing.T, document string, run stageRecord, s seen) {
	t.Helper()
	lock := flock.New(document, flock.SetPermissions(0o644))
	if err := lock.Lock(); err != nil {
		t.Fatal(err)
	}
	defer lock.Unlock() //nolint:errcheck // it ends with the process
	path := strings.TrimSuffix(document, ".md") + ".json"
	earlier, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r := record{}
	if err := json.Unmarshal(earlier, &r); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	r.put(s.stage, run, s.check, faultRecord{s.what, s.detected.Round(100 * time.Millisecond).Seconds(), s.blocked, shortened(s.cause), s.hint,
		time.Now().UTC().Format(time.DateOnly), commit(t)})
	var data bytes.Buffer
	encoder := json.NewEncoder(&data)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(r); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(document, []byte(r.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (r record) put(stage string, run stageRecord, check string, fault faultRecord) {
	run.Faults = map[string]faultRecord{}
	if last := r[stage]; last != nil {
		run.Faults = last.Faults
	}
	run.Faults[check] = fault
	r[stage] = &run
}

// String is the document, with a heading for each check in the order of the stages.
func (r record) String() string {
	var b strings.Builder
	b.WriteString(`# Faults

<!-- Written by "make test-faults" from faults.json. -->

Each fault was put into a healthy cluster of one control plane and one or two workers. Each time exactly the named check turned red (those of certificates and latency warn, and so does a change that someone may have made on purpose: what differs from what was asked for is named, with the commands to accept and to undo it), what depends on it was blocked and named the check before it, and after healing everything was green again.

| Cluster | Made with | Kubernetes | CNI | CPUs |
|---|---|---|---|--:|
`)
	var checks, missing []string
	for _, stage := range stages {
		last := r[stage.name]
		if last != nil {
			fmt.Fprintf(&b, "| %s | `%s` | %s | %s | %d |\n", stage.name, last.Up, last.Kubernetes, last.Agent, last.CPUs)
		}
		for _, f := range stage.faults {
			if last == nil || last.Faults[f.check].Fault == "" {
				missing = append(missing, f.check+" ("+stage.name+")")
			} else if !slices.Contains(checks, f.check) {
				checks = append(checks, f.check)
			}
		}
	}
	b.WriteString("\nTimes count from the start of the verification to the verdict.\n")
	for _, check := range checks {
		fmt.Fprintf(&b, "\n## %s\n", check)
		for _, stage := range stages {
			if last := r[stage.name]; last != nil && last.Faults[check].Fault != "" {
				b.WriteString(last.Faults[check].section(stage.name))
			}
		}
	}
	if len(missing) > 0 {
		fmt.Fprintf(&b, "\nNot shown yet: %s.\n", strings.Join(missing, ", "))
	}
	b.WriteString("\n## Replayed\n\nThese faults no live cluster of this kind shows. They are replayed from recorded or written responses.\n\n| Check | Why | Test |\n|---|---|---|\n")
	for _, id := range slices.Sorted(maps.Keys(replayed)) {
		fmt.Fprintf(&b, "| %s | %s | %s in %s |\n", id, replayed[id].why, replayed[id].test, replayed[id].pkg)
	}
	return b.String()
}

// section is what a reader sees of one fault.
func (f faultRecord) section(stage string) string {
	return fmt.Sprintf("\n**%s** on %s: reported after %.1f s, %d checks blocked (%s, %s).\n\n- Cause: %s\n- Hint: %s\n",
		plain(f.Fault), stage, f.Seconds, f.Blocked, f.Date, f.Commit, plain(f.Cause), plain(f.Hint))
}

// plain keeps Markdown from reading marks into a text.
func plain(text string) string {
	return strings.NewReplacer("<", "&lt;", "*", `\*`, "_", `\_`).Replace(text)
}

// run is what a stage's faults are put into.
func (c *cluster) run(s stage) stageRecord {
	c.Helper()
	image := c.kubectl("-n kube-system get daemonset " + s.agent + " -o jsonpath='{.spec.template.spec.containers[0].image}'")
	name, _, _ := strings.Cut(image, "@")
	version := c.kubectl("get nodes -o jsonpath='{.items[0].status.nodeInfo.kubeletVersion}'")
	return stageRecord{
		Up:         strings.Join(s.up, " "),
		Kubernetes: version,
		Agent:      s.agent + " " + name[strings.LastIndex(name, ":")+1:],
		CPUs:       runtime.NumCPU(),
	}
}

// commit describes the commit under test, and reports whether there are changes
// beside it, other than those of the document itself.
func commit(t *testing.T) string {
	t.Helper()
	git := func(args ...string) string {
		out, err := exec.Command("git", args...).Output()
		if err != nil {
			t.Fatalf("git %v: %v", args, err)
		}
		return strings.TrimSpace(string(out))
	}
	name := git("describe", "--always", "--abbrev=10")
	if git("status", "--porcelain", "--", ":/", ":(exclude,top)docs/faults.*") != "" {
		name += " with changes"
	}
	return name
}

// longest is the number of characters of a cause that the document shows.
const longest = 400

// shortened is a text on one line, up to the longest.
func shortened(text string) string {
	text = strings.ReplaceAll(text, "\n", "; ")
	if runes := []rune(text); len(runes) > longest {
		text = string(runes[:longest]) + "…"
	}
	return text
}

func TestRecordKeepsFaultsOfOtherRuns(t *testing.T) {
	r := record{}
	earlier, later := stageRecord{Up: "--cni calico", Kubernetes: "v1"}, stageRecord{Up: "--cni calico", Kubernetes: "v2"}
	r.put("calico", earlier, "svc.spread", faultRecord{Fault: "a", Commit: "1"})
	r.put("nftables", earlier, "svc.spread", faultRecord{Fault: "b", Commit: "1"})
	r.put("calico", later, "net.pods", faultRecord{Fault: "c", Commit: "2"})
	want := record{
		"calico": {Up: "--cni calico", Kubernetes: "v2", Faults: map[string]faultRecord{
			"svc.spread": {Fault: "a", Commit: "1"}, "net.pods": {Fault: "c", Commit: "2"},
		}},
		"nftables": {Up: "--cni calico", Kubernetes: "v1", Faults: map[string]faultRecord{"svc.spread": {Fault: "b", Commit: "1"}}},
	}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Error(diff)
	}
}

// TestDocumentIsOfTheRecord holds docs/faults.md to docs/faults.json.
func TestDocumentIsOfTheRecord(t *testing.T) {
	data, err := os.ReadFile("../../docs/faults.json")
	if err != nil {
		t.Fatal(err)
	}
	r := record{}
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	const document = "../../docs/faults.md"
	if *update {
		if err := os.WriteFile(document, []byte(r.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(r.String(), string(have)); diff != "" {
		t.Errorf("docs/faults.md (-record +document), to write it: go test -tags faults ./test/faults -run TestDocumentIsOfTheRecord -update\n%s", diff)
	}
}
