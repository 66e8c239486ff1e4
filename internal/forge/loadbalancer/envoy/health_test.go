package main

import (
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"
)

func TestRecord(t *testing.T) {
	refused, status := errors.New("refused"), fmt.Errorf("%w: 500", errStatus)
	for name, test := range map[string]struct {
		outcomes []error
		want     bool
	}{
		"the first success counts":             {[]error{nil}, true},
		"the first failure counts":             {[]error{refused, nil}, false},
		"one failure is forgiven":              {[]error{nil, refused}, true},
		"two failures are not":                 {[]error{nil, refused, refused}, false},
		"failures in a row only":               {[]error{nil, refused, nil, refused}, true},
		"one bad answer is enough":             {[]error{nil, status}, false},
		"recovery takes its threshold":         {[]error{refused, nil, nil}, false},
		"recovery after the threshold":         {[]error{refused, nil, nil, nil}, true},
		"a failure starts the recovery afresh": {[]error{refused, nil, nil, refused, nil}, false},
	} {
		t.Run(name, func(t *testing.T) {
			c := newChecker(&pool{}, &endpoint{}, healthCheck{UnhealthyThreshold: 2, HealthyThreshold: 3}, slog.New(slog.DiscardHandler))
			for _, outcome := range test.outcomes {
				c.record(outcome)
			}
			if got := c.endpoint.healthy.Load(); got != test.want {
				t.Errorf("healthy = %v", got)
			}
		})
	}
}

func TestIntervalDependsOnTraffic(t *testing.T) {
	p := &pool{}
	c := newChecker(p, &endpoint{}, healthCheck{Interval: duration(2 * time.Second), NoTrafficInterval: duration(3 * time.Second)}, slog.New(slog.DiscardHandler))
	if got := c.interval(); got != 3*time.Second {
		t.Errorf("idle: %v", got)
	}
	p.traffic.Store(true)
	if got := c.interval(); got != 2*time.Second {
		t.Errorf("busy: %v", got)
	}
}
