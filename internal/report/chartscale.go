package report

import (
	"fmt"
	"time"

	"github.com/kindctl/kindctl/internal/timeline"
)

// scale puts times onto the width of a chart, in percent of it.
type scale struct {
	total time.Duration
}

// tick is a line of the chart, with its time.
type tick struct {
	X     float64
	Label string
}

// scaleOf has room for all spans: what was asked after the end, and what undid
// the work, may be later than the end.
func scaleOf(t timeline.Timeline) scale {
	total := t.Duration
	for _, span := range t.Spans {
		total = max(total, span.End)
	}
	return scale{max(total, time.Second)}
}

// of is where a time is.
func (s scale) of(d time.Duration) float64 {
	return 100 * float64(d) / float64(s.total)
}

// most is how many ticks a chart has at most.
const most = 12

// ticks are round times, so many that people can read them.
func (s scale) ticks() (ticks []tick) {
	step := 10 * time.Minute
	for _, finer := range []time.Duration{
		time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 20 * time.Second, 30 * time.Second,
		time.Minute, 2 * time.Minute, 5 * time.Minute,
	} {
		if s.total/finer < most {
			step = finer
			break
		}
	}
	for at := time.Duration(0); at <= s.total; at += step {
		ticks = append(ticks, tick{s.of(at), fmt.Sprintf("%.0f s", at.Seconds())})
	}
	return ticks
}
