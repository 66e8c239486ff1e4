package report

import (
	"testing"

	"github.com/kindctl/kindctl/internal/console"
)

func TestLabText(t *testing.T) {
	const markdown = "# A title\n\nCreate `pod`{{copy}} and see [it](http://x), or\nread a line that is longer than the terminal.\n\n" +
		"1. One\n2. Two `ls`{{exec}}\n\n```bash\nkubectl get pods\n```{{exec}}\n\n> Note<br>here\n\n| a | bb |\n|---|---|\n| 标签 | 2 |\n\n" +
		"<details><summary>Tip</summary>\n\n```\nkubectl help\n```\n\n</details>\n"
	const head = "A TITLE\n\nCreate `pod` and see it (http://x), or\nread a line that is longer than the\nterminal.\n\n" +
		"1. One\n2. Two `ls`\n\nrun:\n    kubectl get pods\n\n| Note\n| here\n|\n\na     bb\n标签  2\n\n"
	for details, tail := range map[bool]string{
		false: "Tip: hidden, see `kindctl lab show\n--details`\n",
		true:  "Tip\n\n    kubectl help\n",
	} {
		if got := LabText(markdown, 40, details, console.Style{}); got != head+tail {
			t.Errorf("with details %v:\n%q\nwant\n%q", details, got, head+tail)
		}
	}
}
