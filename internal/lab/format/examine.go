package format

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// Needs are what a lab takes to run.
type Needs struct {
	// Cluster is what the lab runs on, or "" if kindctl has no such backend.
	Cluster string `json:"cluster"`
	// Offline says that neither scripts nor commands of the text use the Internet. The images
	// must be in the nodes then.
	Offline bool `json:"offline"`
	// Images are those that scripts, texts and assets name.
	Images []string `json:"images"`
	// SSH says that hosts are reached by ssh.
	SSH bool `json:"ssh"`
	// VM says that something takes a kernel of its own, which nodes do not have.
	VM bool `json:"vm"`
	// Ports are those that learners reach from their own machine.
	Ports []Port `json:"ports"`
	// Tools are programs that the nodes lack.
	Tools []string `json:"tools"`
}

// examiner looks through the files of a lab.
type examiner struct {
	lab      Lab
	needs    Needs
	problems []Problem
	// file is the one that is looked at, and first the line in which a script begins there.
	file  string
	first int
}

// Examine says what a lab needs, and what would not work of it.
func Examine(lab Lab) (Needs, []Problem) {
	x := &examiner{lab: lab, needs: Needs{Offline: true, Images: []string{}, Ports: []Port{}, Tools: []string{}}}
	x.backend()
	for _, page := range lab.Pages() {
		x.page(page)
	}
	for _, asset := range lab.Assets {
		for _, name := range asset.Files {
			x.asset(path.Join(assetsDir, name))
		}
	}
	slices.Sort(x.needs.Images)
	x.needs.Images = slices.Compact(x.needs.Images)
	slices.SortFunc(x.needs.Ports, func(a, b Port) int { return (a.Host-b.Host)*1e6 + a.Number - b.Number })
	x.needs.Ports = slices.Compact(x.needs.Ports)
	slices.Sort(x.needs.Tools)
	x.needs.Tools = slices.Compact(x.needs.Tools)
	return x.needs, sorted(x.problems)
}

func (x *examiner) report(severity Severity, id string, line int, message, advice string) {
	if line > 0 && x.first > 0 {
		line += x.first - 1
	}
	x.problems = append(x.problems, Problem{Severity: severity, ID: id, File: x.file, Line: line, Message: message, Hint: advice})
}

func (x *examiner) backend() {
	x.file = IndexFile
	if x.lab.Backend.ImageID == "" {
		return
	}
	backend, err := ParseBackend(x.lab.Backend.ImageID)
	if err != nil {
		x.report(Error, "backend", 0, err.Error(), "use one of "+strings.Join(ImageIDs, ", "))
		return
	}
	x.needs.Cluster = backend.String()
	if backend.K3s {
		x.report(Note, "backend-k3s", 0, "the lab runs on kubeadm's cluster: there is no K3s, no Traefik and no service load balancer", "")
	}
	if len(x.lab.Assets) > 0 && slices.ContainsFunc(x.lab.Assets, func(a Asset) bool { return a.Host > backend.Workers+1 }) {
		x.report(Error, "host-missing", 0, fmt.Sprintf("assets are for host02, and %s has one host", x.lab.Backend.ImageID), "use "+ImageIDs[1])
	}
}

func (x *examiner) page(page Page) {
	for _, file := range page.texts() {
		for _, language := range append([]string{English}, x.lab.siblings(file)...) {
			x.text(x.lab.In(language, file))
		}
	}
	for _, file := range []string{page.Foreground, page.Background, page.Solution} {
		if script := x.script(file); script != nil && file != page.Background {
			x.ends(script)
			if file == page.Foreground {
				x.foreground(script)
			}
		}
	}
	for _, wrong := range page.Wrong {
		x.script(wrong.Script)
	}
	if script := x.script(page.Verify); script != nil {
		x.ends(script)
		if provesNothing(script) {
			x.report(Warning, "verify-passes", 0, "the verify script passes whatever the learner has done", "look at the cluster in it, and end with another exit code than 0 if something is missing")
		}
	}
	x.file = IndexFile
	if strings.HasPrefix(page.Key, "step") && page.Verify == "" {
		x.report(Note, "verify-missing", 0, page.Key+" has no verify script: a check of it always passes", "")
	}
}

// read reads a file, and says what would keep a shell from doing so.
func (x *examiner) read(file string) (text string, is bool) {
	x.file, x.first = file, 0
	data, err := fs.ReadFile(x.lab.Files, file)
	if err != nil {
		x.report(Error, "file-missing", 0, "it cannot be read: "+cause(err), "")
		return "", false
	}
	return string(data), true
}

// script looks at a script; nil is none that can be parsed.
func (x *examiner) script(file string) *syntax.File {
	if file == "" {
		return nil
	}
	text, is := x.read(file)
	if !is {
		return nil
	}
	if strings.Contains(text, "\r\n") {
		x.report(Warning, "line-ends", 0, "its lines end as in Windows, which shells do not take", "save it with the line ends of Linux: dos2unix "+file)
		text = strings.ReplaceAll(text, "\r\n", "\n")
	}
	if !isShell(text) {
		first, _, _ := strings.Cut(text, "\n")
		x.report(Warning, "interpreter", 1, "the nodes may lack its interpreter: "+first, "write it for bash")
		return nil
	}
	parsed, err := parseScript(text)
	if err != nil {
		line, column, message := syntaxPlace(err)
		x.problems = append(x.problems, Problem{Severity: Error, ID: "script-syntax", File: file, Line: line, Column: column, Message: message, Hint: "bash -n " + file})
		return nil
	}
	x.calls(callsOf(parsed))
	x.manifests(text)
	return parsed
}

// ends reports loops that nothing ends, in scripts that are waited for.
func (x *examiner) ends(script *syntax.File) {
	if line := endless(script); line > 0 {
		x.report(Warning, "endless", line, "the loop never ends, and the script is waited for", "leave the loop with break or exit; scripts that go on are for background")
	}
}

// foreground notes what does not reach the learner's shell.
func (x *examiner) foreground(script *syntax.File) {
	for _, statement := range script.Stmts {
		word := ""
		switch command := statement.Cmd.(type) {
		case *syntax.DeclClause:
			word = command.Variant.Value
		case *syntax.CallExpr:
			if len(command.Args) > 0 {
				word = textOf(command.Args[0].Parts)
			}
		}
		if slices.Contains([]string{"export", "alias", "cd", "source", "."}, word) {
			x.report(Note, "foreground-shell", int(statement.Pos().Line()), fmt.Sprintf("%q has no effect on the learner's shell, which is another one", word), "write it to /root/.bashrc")
		}
	}
}

// text looks at a file of Markdown.
func (x *examiner) text(file string) {
	text, is := x.read(file)
	if !is {
		return
	}
	if strings.TrimSpace(text) == "" {
		x.report(Warning, "text-empty", 0, "the text is empty", "")
	}
	x.problems = append(x.problems, unknownMarkers(file, text)...)
	for _, port := range Ports(text) {
		if backend := x.lab.Backend; port.Host < 1 || port.Host > backend.Workers+1 {
			x.report(Error, "host-missing", 0, fmt.Sprintf("{{TRAFFIC_HOST%d_%d}} is about host %d, and %s has %d", port.Host, port.Number, port.Host, backend.ImageID, backend.Workers+1), "")
			continue
		}
		if port.Number < 1 || port.Number > 65535 {
			x.report(Error, "port-invalid", 0, fmt.Sprintf("{{TRAFFIC_HOST%d_%d}} has no port from 1 to 65535", port.Host, port.Number), "")
			continue
		}
		x.needs.Ports = append(x.needs.Ports, port)
	}
	x.pictures(file, text)
	for _, code := range Codes(text) {
		x.file, x.first = file, code.Line
		if code.Block {
			x.first++
		}
		x.manifests(code.Text)
		if !code.Runs() {
			continue
		}
		parsed, err := parseScript(code.Text)
		if err != nil && placeholder.MatchString(code.Text) {
			x.report(Note, "placeholder", 1, "the command has a part that learners replace, and a click would run it as it is", "mark it with {{copy}}")
			continue
		}
		if err != nil {
			line, _, message := syntaxPlace(err)
			x.report(Warning, "command-syntax", max(line, 1), "the command is no shell command: "+message, "")
			continue
		}
		x.calls(callsOf(parsed))
	}
	x.first = 0
}

var picture = regexp.MustCompile(`!\[[^\]]*\]\(([^)\s]+)`)

// pictures reports those that are missing.
func (x *examiner) pictures(file, text string) {
	for _, one := range picture.FindAllStringSubmatch(text, -1) {
		name := one[1]
		if isRemote(name) {
			x.report(Note, "picture-remote", 0, "the picture is on the Internet: "+name, "keep a copy in the folder assets")
			continue
		}
		found := false
		for _, from := range []string{path.Dir(file), ".", assetsDir} {
			if within := path.Join(from, name); fs.ValidPath(within) && isFile(x.lab.Files, within) {
				found = true
			}
		}
		if !found {
			x.report(Warning, "picture-missing", 0, "there is no picture "+name, "")
		}
	}
}

// asset looks at an asset that is a script or a manifest.
func (x *examiner) asset(file string) {
	switch path.Ext(file) {
	case ".sh":
		x.script(file)
	case ".yaml", ".yml", ".json":
		if text, is := x.read(file); is {
			x.manifests(text)
		}
	}
}

// nodeNamed is a field of a manifest that names a Node.
var nodeNamed = regexp.MustCompile(`(?m)(?:nodeName|kubernetes\.io/hostname)["']?:\s*["']?(controlplane|node01)\b`)

// manifests looks for images and names of Nodes in what may be YAML.
func (x *examiner) manifests(text string) {
	x.needs.Images = append(x.needs.Images, imagesIn(text)...)
	for _, at := range nodeNamed.FindAllStringSubmatchIndex(text, -1) {
		x.report(Warning, "node-name", strings.Count(text[:at[0]], "\n")+1, nodeNameMessage(text[at[2]:at[3]]), nodeNameHint)
	}
}
