package format

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const text = "Run `ls`{{exec}} or `pwd`, see [it]({{TRAFFIC_HOST1_80}}) and {{TRAFFIC_SELECTOR}}.\n" +
	"\n" +
	"```bash\n" +
	"kubectl get pods\n" +
	"```{{exec interrupt}}\n" +
	"- ~~~\n" +
	"  plain\n" +
	"  ~~~\n" +
	"<details class=x><summary><b>Tip</b></summary>\n" +
	"\n" +
	"```\n" +
	"kubectl help\n" +
	"```{{copy}}\n" +
	"</details>\n"

// TestCodeInALine has three backticks in one line, which is no block.
func TestCodeInALine(t *testing.T) {
	want := []Code{{Line: 1, Text: "kubectl get nodes", Marker: "exec", Marked: true}, {Line: 3, Text: "ls\n", Marker: "copy", Marked: true, Block: true}}
	if diff := cmp.Diff(want, Codes("```kubectl get nodes```{{exec}}\nThen:\n```\nls\n```{{copy}}\n")); diff != "" {
		t.Error(diff)
	}
}

func TestCodes(t *testing.T) {
	want := []Code{
		{Line: 1, Text: "ls", Marker: "exec", Marked: true},
		{Line: 3, Language: "bash", Text: "kubectl get pods\n", Marker: "exec interrupt", Marked: true, Block: true},
		{Line: 6, Text: "  plain\n", Block: true},
		{Line: 11, Text: "kubectl help\n", Marker: "copy", Marked: true, Block: true},
	}
	got := Codes(text)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !got[0].Runs() || !got[1].Runs() || got[2].Runs() || got[3].Runs() {
		t.Error("other code runs than that with {{exec}}")
	}
}

func TestWithAddresses(t *testing.T) {
	got := WithAddresses("[a]({{TRAFFIC_HOST2_8080}}) {{TRAFFIC_SELECTOR}} {{exec}}", func(p Port) string { return fmt.Sprint(p) })
	if want := "[a]({2 8080}) {1 0} {{exec}}"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if diff := cmp.Diff([]Port{{1, 80}}, Ports(text)); diff != "" {
		t.Error(diff)
	}
}

func TestDetails(t *testing.T) {
	want := []Details{{"Tip", "``` {{copy}}\nkubectl help\n```"}}
	if diff := cmp.Diff(want, DetailsIn(text)); diff != "" {
		t.Error(diff)
	}
	if got := WithoutDetails("a <details>b</details> c", func(d Details) string { return "[" + d.Text + "]" }); got != "a \n[b]\n c" {
		t.Errorf("%q", got)
	}
}
