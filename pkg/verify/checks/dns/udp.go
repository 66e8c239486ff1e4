package dns

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/miekg/dns"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/probe"
)

// datagram is a query that a probe sends in one UDP packet. netexec sends what
// it is given, whatever the bytes, and returns the answer as a JSON string.
type datagram struct {
	question
	query *dns.Msg
	path  string // what to ask the probe for
}

// overUDP prepares a question for a DNS server.
func (q question) overUDP(server string) (datagram, error) {
	query := new(dns.Msg).SetQuestion(q.name, q.kind)
	query.Id &= 0x7f7f // the answer repeats it, and must be ASCII
	packet, err := query.Pack()
	if err != nil {
		return datagram{}, fmt.Errorf("pack %s: %w", q, err)
	}
	values := url.Values{"host": {server}, "port": {strconv.Itoa(dnsPort)}, "protocol": {"udp"}, "request": {string(packet)}, "tries": {"1"}}
	return datagram{q, query, "/dial?" + values.Encode()}, nil
}

// askUDP lets the probe put a question to a DNS server, and returns what is
// wrong with the answer. The error says that the probe could not be asked.
func askUDP(ctx context.Context, p probe.Probe, server string, q question) (problem string, err error) {
	d, err := q.overUDP(server)
	if err != nil {
		return "", verify.Unobservable(err)
	}
	status, body, err := p.Pods.GetPod(ctx, p.Namespace, p.Name, p.HTTPPort, d.path)
	if err != nil {
		return "", verify.Unobservable(fmt.Errorf("ask the probe on %s: %w", p.Node, err))
	}
	problem, err = d.evaluate(status, body)
	if err != nil {
		return "", verify.Unobservable(fmt.Errorf("ask the probe on %s: %w", p.Node, err))
	}
	return problem, nil
}

// evaluate reads netexec's report and says what is wrong with the answer in it.
// The error says that it is no such report.
func (d datagram) evaluate(status int, body []byte) (problem string, err error) {
	var report struct{ Responses, Errors []string }
	if err := json.Unmarshal(body, &report); err != nil || status != http.StatusOK {
		return "", fmt.Errorf("status %d: %q", status, body)
	}
	if len(report.Errors) > 0 {
		return strings.Join(report.Errors, "; "), nil
	}
	if len(report.Responses) == 0 {
		return "no answer", nil
	}
	answer := new(dns.Msg)
	if err := answer.Unpack(restore(report.Responses[0])); err != nil {
		return fmt.Sprintf("answered what is no DNS message: %v", err), nil
	}
	if answer.Id != d.query.Id {
		return "answered what was not asked", nil
	}
	return d.question.evaluate(answer), nil
}

// restore turns the text of a JSON string back into the packet that it was.
// Bytes that are no UTF-8 have been lost, each for one U+FFFD. In an answer to
// one of textQuestions those are flags of the header (that it is an answer),
// pointers to names, a lifetime, or addresses that no one asked for; for all
// of these the byte with which pointers begin will do.
func restore(text string) (packet []byte) {
	const pointer = 0xc0
	for _, r := range text {
		if r == utf8.RuneError {
			packet = append(packet, pointer)
		} else {
			packet = utf8.AppendRune(packet, r)
		}
	}
	return packet
}
