package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"
	"time"
)

const (
	speed      = 4               // how much faster it plays
	pause      = 5 * time.Second // how long the end stays
	columns    = 96              // of the terminal; longer lines are cut
	charWidth  = 7.8             // of a monospaced font of 13 pixels
	lineHeight = 20
	margin     = 16
)

// row is a line on the screen from one time until another; 0 is until the end.
type row struct {
	line
	until  time.Duration
	number int
}

// arrange gives every line its place. What a phase says while it runs gives way to the
// line with which it ends.
func arrange(prompt string, lines []line) (rows []row) {
	rows, number, running := []row{{line: line{text: prompt}}}, 1, -1
	for _, l := range lines {
		if running >= 0 {
			rows[running].until, running = l.at, -1
		}
		rows = append(rows, row{line: l, number: number})
		if passing(l.text) {
			running = len(rows) - 1
		} else {
			number++
		}
	}
	return rows
}

// passing reports whether a line of kindctl is about something that has not ended: the
// beginning of a phase, or how far it is.
func passing(text string) bool {
	id, _, named := strings.Cut(strings.TrimPrefix(text, "  "), ": ")
	return strings.HasPrefix(text, "• ") || named && strings.HasPrefix(text, "  ") && !strings.ContainsAny(id, " ")
}

// draw makes an SVG that plays the lines in a loop.
func draw(prompt string, lines []line) []byte {
	rows := arrange(prompt, lines)
	height, end := 0, time.Duration(0)
	for i, r := range rows {
		height, end = max(height, r.number+1), max(end, r.at)
		if text := []rune(r.text); len(text) > columns {
			rows[i].text = string(text[:columns-1]) + "…"
		}
	}
	loop := end/speed + pause
	var svg bytes.Buffer
	fmt.Fprintf(&svg, `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="%s" viewBox="0 0 %.0f %d">`+"\n",
		escaped(prompt), columns*charWidth+2*margin, height*lineHeight+2*margin)
	fmt.Fprintf(&svg, "<style>\ntext { font: 13px ui-monospace, Menlo, Consolas, monospace; fill: #d0d7de; white-space: pre; animation: %.2fs step-end infinite }\n"+
		".good { fill: #3fb950 } .bad { fill: #f85149 } .warning { fill: #d29922 } .faint { fill: #8b949e }\n", loop.Seconds())
	for i, r := range rows {
		fmt.Fprintf(&svg, "#r%d { animation-name: k%[1]d }\n@keyframes k%[1]d { %s}\n", i, keyframes(r, loop))
	}
	svg.WriteString("@media (prefers-reduced-motion: reduce) { text { animation: none !important } .passing { visibility: hidden } }\n</style>\n")
	svg.WriteString(`<rect width="100%" height="100%" rx="8" fill="#161b22"/>` + "\n")
	for i, r := range rows {
		class := ""
		if r.until > 0 {
			class = ` class="passing"`
		}
		fmt.Fprintf(&svg, `<text id="r%d"%s x="%d" y="%d">%s</text>`+"\n", i, class, margin, margin+r.number*lineHeight+lineHeight*3/4, colored(r.text))
	}
	svg.WriteString("</svg>\n")
	return svg.Bytes()
}

// keyframes say when in the loop a row is visible.
func keyframes(r row, loop time.Duration) string {
	percent := func(at time.Duration) float64 { return 100 * (at / speed).Seconds() / loop.Seconds() }
	frames := ""
	if r.at > 0 {
		frames = "0% { visibility: hidden } "
	}
	frames += fmt.Sprintf("%.2f%% { visibility: visible } ", percent(r.at))
	if r.until > 0 {
		frames += fmt.Sprintf("%.2f%% { visibility: hidden } ", percent(r.until))
	}
	return frames
}

// marks have the colors that a terminal shows them in.
var marks = map[string]string{"✓": "good", "✗": "bad", "!": "warning", "•": "faint", "-": "faint"}

func colored(text string) string {
	mark, rest, _ := strings.Cut(text, " ")
	if class, known := marks[mark]; known {
		return fmt.Sprintf(`<tspan class="%s">%s</tspan> %s`, class, escaped(mark), escaped(rest))
	}
	return escaped(text)
}

func escaped(text string) string {
	var out bytes.Buffer
	_ = xml.EscapeText(&out, []byte(text)) // a Buffer takes everything
	return out.String()
}
