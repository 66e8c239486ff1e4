package report

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/mattn/go-runewidth"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	table "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"

	"github.com/kindctl/kindctl/internal/console"
	"github.com/kindctl/kindctl/internal/lab/format"
)

// LabText shows a lab's Markdown on a terminal of so many columns; 0 breaks no lines. Code that
// a click runs in a browser has "run:" before it. Without details, their summary alone is shown,
// with how to see the rest.
func LabText(markdown string, columns int, details bool, style console.Style) string {
	markdown = format.Normalize(markdown)
	markdown = format.WithoutDetails(markdown, func(d format.Details) string {
		if !details {
			return fmt.Sprintf("\n*%s: hidden, see* `kindctl lab show --details`\n", orDetails(d.Summary))
		}
		return fmt.Sprintf("\n**%s**\n\n%s\n", orDetails(d.Summary), d.Text)
	})
	source := []byte(markdown)
	parsed := goldmark.New(goldmark.WithExtensions(extension.Table, extension.Strikethrough)).Parser().Parse(text.NewReader(source))
	t := &labText{source: source, columns: columns, style: style}
	t.blocks(parsed, "", "")
	return strings.TrimSpace(t.out.String()) + "\n"
}

func orDetails(summary string) string {
	if summary == "" {
		return "Details"
	}
	return summary
}

// labText writes the blocks of a text.
type labText struct {
	source  []byte
	columns int
	style   console.Style
	out     strings.Builder
}

var (
	breaks  = regexp.MustCompile(`(?i)<br\s*/?>`)
	anyTag  = regexp.MustCompile(`<[^>]*>`)
	escapes = regexp.MustCompile("\x1b\\[[0-9;]*m")
)

// blocks writes the blocks within another one. The first line begins with first, the others
// with rest.
func (t *labText) blocks(of ast.Node, first, rest string) {
	for node := of.FirstChild(); node != nil; node = node.NextSibling() {
		t.block(node, first, rest)
		first = rest
	}
}

func (t *labText) block(node ast.Node, first, rest string) {
	switch node := node.(type) {
	case *ast.Heading:
		t.paragraph(t.style.Paint(console.Bold, strings.ToUpper(t.inline(node))), first, rest)
	case *ast.Paragraph:
		t.paragraph(t.inline(node), first, rest)
	case *ast.TextBlock:
		t.lines(t.inline(node), first, rest)
	case *ast.List:
		t.list(node, first, rest)
	case *ast.Blockquote:
		t.blocks(node, first+"| ", rest+"| ")
		fmt.Fprintln(&t.out, strings.TrimRight(rest, " "))
	case *ast.FencedCodeBlock:
		info := ""
		if node.Info != nil {
			info = string(node.Info.Value(t.source))
		}
		t.code(node, info, first, rest)
	case *ast.CodeBlock:
		t.code(node, "", first, rest)
	case *ast.ThematicBreak:
		t.paragraph("---", first, rest)
	case *ast.HTMLBlock:
		raw := string(node.Lines().Value(t.source))
		if plain := strings.TrimSpace(anyTag.ReplaceAllString(raw, "")); plain != "" {
			t.paragraph(plain, first, rest)
		}
	case *table.Table:
		t.table(node, first, rest)
	default:
		t.blocks(node, first, rest)
	}
}

func (t *labText) paragraph(content, first, rest string) {
	t.lines(content, first, rest)
	fmt.Fprintln(&t.out, strings.TrimRight(rest, " "))
}

// lines writes text, broken between words.
func (t *labText) lines(content, first, rest string) {
	for line := range strings.SplitSeq(content, "\n") {
		for _, part := range wrapped(line, t.columns-width(rest)) {
			fmt.Fprintln(&t.out, first+part)
			first = rest
		}
	}
}

func (t *labText) list(node *ast.List, first, rest string) {
	number := node.Start
	for item := node.FirstChild(); item != nil; item = item.NextSibling() {
		bullet := "- "
		if node.IsOrdered() {
			bullet = fmt.Sprintf("%d. ", number)
			number++
		}
		t.blocks(item, first+bullet, rest+strings.Repeat(" ", len(bullet)))
		first = rest
	}
	fmt.Fprintln(&t.out, strings.TrimRight(rest, " "))
}

// code writes a block of code as it is, so that it can be copied.
func (t *labText) code(node ast.Node, info, first, rest string) {
	marker, marked := format.MarkerOf(info)
	if marked && strings.HasPrefix(marker, string(format.Exec)) {
		fmt.Fprintln(&t.out, first+t.style.Paint(console.Faint, "run:"))
		first = rest
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(string(node.Lines().Value(t.source)), "\n"), "\n") {
		fmt.Fprintln(&t.out, strings.TrimRight(first+"    "+t.style.Paint(console.Green, line), " "))
		first = rest
	}
	fmt.Fprintln(&t.out, strings.TrimRight(rest, " "))
}

func (t *labText) table(node *table.Table, first, rest string) {
	var rows [][]string
	var widths []int
	for row := node.FirstChild(); row != nil; row = row.NextSibling() {
		var cells []string
		for cell := row.FirstChild(); cell != nil; cell = cell.NextSibling() {
			content := t.inline(cell)
			if len(widths) <= len(cells) {
				widths = append(widths, 0)
			}
			widths[len(cells)] = max(widths[len(cells)], width(content))
			cells = append(cells, content)
		}
		rows = append(rows, cells)
	}
	for _, cells := range rows {
		var line strings.Builder
		line.WriteString(first)
		for i, cell := range cells {
			line.WriteString(cell + strings.Repeat(" ", widths[i]-width(cell)+2))
		}
		fmt.Fprintln(&t.out, strings.TrimRight(line.String(), " "))
		first = rest
	}
	fmt.Fprintln(&t.out, strings.TrimRight(rest, " "))
}

// inline is the text in a block.
func (t *labText) inline(of ast.Node) string {
	var out strings.Builder
	for node := of.FirstChild(); node != nil; node = node.NextSibling() {
		switch node := node.(type) {
		case *ast.Text:
			content := string(node.Segment.Value(t.source))
			if _, after := node.PreviousSibling().(*ast.CodeSpan); after {
				content = markerBehind.ReplaceAllString(content, "")
			}
			out.WriteString(content)
			switch {
			case node.HardLineBreak():
				out.WriteString("\n")
			case node.SoftLineBreak():
				out.WriteString(" ")
			}
		case *ast.String:
			out.Write(node.Value)
		case *ast.CodeSpan:
			out.WriteString(t.style.Paint(console.Green, "`"+t.inline(node)+"`"))
		case *ast.Emphasis:
			out.WriteString(t.style.Paint(console.Bold, t.inline(node)))
		case *ast.Link:
			label, to := t.inline(node), string(node.Destination)
			if out.WriteString(label); label != to {
				out.WriteString(" (" + to + ")")
			}
		case *ast.Image:
			fmt.Fprintf(&out, "[picture: %s]", t.inline(node))
		case *ast.AutoLink:
			out.Write(node.URL(t.source))
		case *ast.RawHTML:
			if breaks.Match(node.Segments.Value(t.source)) {
				out.WriteString("\n")
			}
		default:
			out.WriteString(t.inline(node))
		}
	}
	return out.String()
}

// markerBehind is the one of code in a line.
var markerBehind = regexp.MustCompile(`^\{\{[^{}]*\}\}`)

// width is how many columns text takes.
func width(text string) int { return runewidth.StringWidth(escapes.ReplaceAllString(text, "")) }

// wrapped breaks a line between words; what has none stays whole.
func wrapped(line string, columns int) (lines []string) {
	if columns < 20 || width(line) <= columns {
		return []string{line}
	}
	now := ""
	for word := range strings.SplitSeq(line, " ") {
		switch {
		case now == "":
			now = word
		case width(now)+1+width(word) <= columns:
			now += " " + word
		default:
			lines = append(lines, now)
			now = word
		}
	}
	return append(lines, now)
}
