package kindctl

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/verify"
)

// AcceptOptions say which differences of which cluster are accepted, or no longer.
type AcceptOptions struct {
	// Cluster is any cluster.
	Cluster ClusterRef
	// IDs are those of differences, such as api.authz/anonymous, or of checks, which
	// stand for all that they find. None means all.
	IDs []string
}

// AcceptResult is what Accept found.
type AcceptResult struct {
	// Differences are those that are accepted now; Added are those of them that were not
	// before.
	Differences, Added []verify.Difference
	// Failed are the IDs of checks that failed or were inconclusive: a failure cannot be
	// accepted.
	Failed []string
}

// Failures says that checks failed, as the end of a sentence; "" if none did.
func (r AcceptResult) Failures() string {
	if len(r.Failed) == 0 {
		return ""
	}
	return ", but these checks failed, and a failure cannot be accepted: " + strings.Join(r.Failed, ", ")
}

// Accept compares a cluster with its requested configuration, and accepts what someone
// has changed: the checks that warn of it pass from then on. A change that is named and
// not there is an error.
func (c *Client) Accept(ctx context.Context, o AcceptOptions) (result AcceptResult, err error) {
	checks, err := differingChecks(o.IDs)
	if err != nil {
		return result, err
	}
	client, err := c.reach(ctx, o.Cluster)
	if err != nil {
		return result, err
	}
	expect, err := c.discover(ctx, o.Cluster, client)
	if err != nil {
		return result, err
	}
	run, err := c.verification(ctx, o.Cluster, client, expect, verify.Selection{Only: checks})
	if err != nil {
		return result, err
	}
	cluster := o.Cluster.String()
	span := event.Start(c.sink(), event.Event{Scope: event.Phase, ID: "verify",
		Title: "Compare " + cluster + " with its requested configuration", Estimate: verifyEstimate / 2})
	report, _ := run(ctx) // its error is in the results
	span.Done("")
	if ctx.Err() != nil {
		return result, context.Cause(ctx)
	}
	for _, check := range report.Results {
		result.Differences = append(result.Differences, check.Differences...)
		if check.Outcome == verify.Fail || check.Outcome == verify.Error {
			result.Failed = append(result.Failed, check.ID)
		}
	}
	result.Differences = slices.DeleteFunc(result.Differences, func(d verify.Difference) bool { return !named(d, o.IDs) })
	for _, id := range o.IDs {
		if !slices.ContainsFunc(result.Differences, func(d verify.Difference) bool { return named(d, []string{id}) }) {
			return result, hint.NotDifferent.New(fmt.Sprintf("%s does not differ in %s%s", cluster, id, result.Failures()),
				"see what differs: kindctl verify "+strings.Join(o.Cluster.flags(), " "))
		}
	}
	result.Added = slices.DeleteFunc(slices.Clone(result.Differences), func(d verify.Difference) bool { return d.Accepted })
	result.Differences = accepted(nil, result.Differences)
	if len(result.Added) == 0 {
		return result, nil
	}
	return result, verify.ChangeAccepted(ctx, client,
		func(before []verify.Difference) []verify.Difference { return accepted(before, result.Added) })
}

// Unaccept has checks warn again of differences that were accepted, and returns these.
func (c *Client) Unaccept(ctx context.Context, o AcceptOptions) (removed []verify.Difference, err error) {
	if _, err := differingChecks(o.IDs); err != nil {
		return nil, err
	}
	client, err := c.reach(ctx, o.Cluster)
	if err != nil {
		return nil, err
	}
	err = verify.ChangeAccepted(ctx, client, func(before []verify.Difference) (kept []verify.Difference) {
		removed = nil
		for _, d := range before {
			if named(d, o.IDs) {
				removed = append(removed, d)
			} else {
				kept = append(kept, d)
			}
		}
		return kept
	})
	if err == nil && len(removed) == 0 {
		err = hint.NotAccepted.New(o.Cluster.String()+" has nothing accepted of that",
			"see what is: kindctl accept --list "+strings.Join(o.Cluster.flags(), " "))
	}
	return removed, err
}

// Accepted returns the differences of a cluster that have been accepted.
func (c *Client) Accepted(ctx context.Context, cluster ClusterRef) ([]verify.Difference, error) {
	client, err := c.reach(ctx, cluster)
	if err != nil {
		return nil, err
	}
	asking, cancel := context.WithTimeout(ctx, c.options.ContactTimeout)
	defer cancel()
	found, err := verify.Accepted(asking, client)
	if err != nil {
		return nil, c.explainUnreachable(ctx, cluster, client, err)
	}
	return found, nil
}

// named reports whether IDs name a difference, by its own ID or that of its check; no
// IDs mean all.
func named(d verify.Difference, ids []string) bool {
	check, _, _ := strings.Cut(d.ID, "/")
	return len(ids) == 0 || slices.Contains(ids, d.ID) || slices.Contains(ids, check)
}

// accepted adds accepted differences to others; the newer cause is kept.
func accepted(before, more []verify.Difference) []verify.Difference {
	after := slices.DeleteFunc(slices.Clone(before), func(d verify.Difference) bool {
		return slices.ContainsFunc(more, func(m verify.Difference) bool { return m.ID == d.ID })
	})
	for _, d := range more {
		d.Accepted = true
		after = append(after, d)
	}
	return after
}
