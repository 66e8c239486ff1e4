package dns

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/internal/verifytest"
	"github.com/kindctl/kindctl/pkg/verify/probe"
)

// overHTTP answers requests on the other end of one connection, each after the
// time that wait gives for its path.
func overHTTP(answer func(path string) (int, []byte, error), wait func(path string) time.Duration) net.Conn {
	near, far := net.Pipe()
	go func() {
		defer far.Close()
		requests := bufio.NewReader(far)
		for {
			request, err := http.ReadRequest(requests)
			if err != nil {
				return
			}
			time.Sleep(wait(request.URL.Path))
			status, body := 200, []byte("probe-w1")
			if request.URL.Path == "/dial" {
				if status, body, err = answer(request.URL.RequestURI()); err != nil {
					return
				}
			}
			response := http.Response{
				StatusCode:    status,
				ProtoMajor:    1,
				ProtoMinor:    1,
				ContentLength: int64(len(body)),
				Body:          io.NopCloser(bytes.NewReader(body)),
			}
			if err := response.Write(far); err != nil {
				return
			}
		}
	}()
	return near
}

func TestTimeLookups(t *testing.T) {
	tests := map[string]struct {
		answer          func(string) (int, []byte, error)
		lookup, request time.Duration
		lookups         int
		want            string // of the lookups
		warning         string // of the verdict
		unseen          bool
	}{
		"quick":        {fleetRecords().netexec, 2 * time.Millisecond, time.Millisecond, latencyQueries, "", "", false},
		"a busy way":   {fleetRecords().netexec, 140 * time.Millisecond, 50 * time.Millisecond, 32, "", "", false},
		"slow":         {fleetRecords().netexec, 300 * time.Millisecond, time.Millisecond, 20, "", "w1: the 95th percentile of 20 lookups is 300ms, over the limit of 100ms and the 1ms", false},
		"wrong":        {records{}.netexec, 0, 0, 0, "lookup 1, from w1: SRV _http._tcp.fleet.ns.svc.cluster.local. (the Service's port): answered NXDOMAIN", "", false},
		"no netexec":   {func(string) (int, []byte, error) { return 404, nil, nil }, 0, 0, 0, "ask the probe on w1: status 404", "", true},
		"disconnected": {func(string) (int, []byte, error) { return 0, nil, io.EOF }, 0, 0, 0, "ask the probe on w1: ", "", true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dials := 0
				pods := verifytest.Pods{OnDial: func(pod string, port int) (net.Conn, error) {
					if dials++; dials > 1 || pod != "probe-w1" || port != probe.HTTPPort {
						return nil, fmt.Errorf("dial %d to %s:%d", dials, pod, port)
					}
					return overHTTP(test.answer, func(path string) time.Duration {
						if path == "/dial" {
							return test.lookup
						}
						return test.request
					}), nil
				}}
				lookups, empty, err := timeLookups(t.Context(), pods, searchProbe("w1", pods), "10.96.0.10", textOnes)
				verifytest.WantErr(t, err, test.want)
				if verify.IsUnobservable(err) != test.unseen {
					t.Errorf("unobservable: %v", err)
				}
				if len(lookups) != test.lookups || len(empty) != test.lookups {
					t.Fatalf("%d lookups, %d without", len(lookups), len(empty))
				}
				if err == nil {
					evidence, err := evaluateLatency("w1", lookups, empty)
					verifytest.WantErr(t, err, test.warning)
					if len(evidence) != 2 || verify.IsUnobservable(err) {
						t.Errorf("evidence %q, %v", evidence, err)
					}
				}
			})
		})
	}
}

func TestTimeLookupsWithoutAForward(t *testing.T) {
	pods := verifytest.Pods{OnDial: func(string, int) (net.Conn, error) { return nil, errors.New("502") }}
	_, _, err := timeLookups(t.Context(), pods, searchProbe("w1", pods), "10.96.0.10", textOnes)
	if verifytest.WantErr(t, err, "ask the probe on w1: 502"); !verify.IsUnobservable(err) {
		t.Errorf("%v was not seen", err)
	}
}

func TestEvaluateLatency(t *testing.T) {
	ms := func(n int, outliers ...int) (times []time.Duration) {
		for range 100 - len(outliers) {
			times = append(times, time.Duration(n)*time.Millisecond)
		}
		for _, n := range outliers {
			times = append(times, time.Duration(n)*time.Millisecond)
		}
		return times
	}
	tests := map[string]struct {
		lookups, empty []time.Duration
		want           string
	}{
		"some are slow":           {ms(3, 900, 900, 900, 900, 900), ms(2), ""},
		"too many are":            {ms(3, 900, 900, 900, 900, 900, 900), ms(2), "95th percentile of 100 lookups is 900ms"},
		"at the limit":            {ms(102), ms(2), ""},
		"so is the way":           {ms(3, 900, 900, 900, 900, 900, 900), ms(2, 800, 800, 800, 800, 800, 800), ""},
		"nothing was timed":       {nil, nil, "w1: nothing was timed"},
		"nothing to compare with": {ms(3), nil, "w1: nothing was timed"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			evidence, err := evaluateLatency("w1", test.lookups, test.empty)
			verifytest.WantErr(t, err, test.want)
			if err == nil && !strings.Contains(evidence[0], "100 lookups: p50 ") {
				t.Errorf("evidence %q", evidence)
			}
		})
	}
}
