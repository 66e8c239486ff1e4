package kindctl

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/kindctl/kindctl/addons"
	"github.com/kindctl/kindctl/internal/faults"
	"github.com/kindctl/kindctl/internal/incidents"
	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/internal/lifecycle"
	"github.com/kindctl/kindctl/internal/runs"
	"github.com/kindctl/kindctl/internal/shop"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/verify"
)

// Level is how much someone has to know to find an incident.
type Level = faults.Level

// The levels of incidents.
const (
	Easy   = faults.Easy
	Medium = faults.Medium
	Hard   = faults.Hard
)

// Levels are all of them, the easiest first.
func Levels() []Level { return slices.Clone(faults.Levels) }

// Incident is something that can be broken in a cluster, and found and healed by people.
type Incident struct {
	ID    string `json:"id"`
	Level Level  `json:"level"`
	// Subject is the group of the check that finds it: "dns".
	Subject string `json:"subject"`
	// Shop says that it breaks an application that comes and goes with it.
	Shop bool `json:"shop"`
	// Unfit says why it does not fit a cluster; "" if it fits.
	Unfit string `json:"unfit,omitempty"`
}

// Incidents returns the incidents of the catalog that fit a cluster, by its name; "" is
// DefaultName.
func (c *Client) Incidents(ctx context.Context, cluster string) ([]Incident, error) {
	ref := ClusterRef{Name: cmp.Or(cluster, DefaultName)}
	client, err := c.reach(ctx, ref)
	if err != nil {
		return nil, err
	}
	expect, err := c.discover(ctx, ref, client)
	if err != nil {
		return nil, err
	}
	all := listed(func(n faults.Needs) string { return n.Unmet(expect) })
	return slices.DeleteFunc(all, func(i Incident) bool { return i.Unfit != "" }), nil
}

// AllIncidents returns the whole catalog, and asks no cluster. Unfit is what an incident
// takes.
func AllIncidents() []Incident { return listed(faults.Needs.String) }

func listed(unfit func(faults.Needs) string) []Incident {
	groups := map[string]string{}
	for _, check := range incidentChecks() {
		groups[check.ID] = check.Group
	}
	found := []Incident{}
	for _, f := range faults.Incidents() {
		found = append(found, Incident{f.ID, f.Story.Level, groups[f.Check], f.Story.Shop, unfit(f.Needs)})
	}
	return found
}

// incidentChecks are all checks that find incidents.
func incidentChecks() []verify.Check { return verify.Join(Checks(addons.Names()...), shop.Checks()) }

// BreakOptions are those of Break.
type BreakOptions struct {
	// Name is the cluster's; "" is DefaultName.
	Name string
	// Only are the IDs of incidents to choose from; none means all that fit.
	Only []string
	// Levels are those to choose from; none means all.
	Levels []Level
	// Count is how many incidents to inject at once; 0 is 1, or all of Only.
	Count int
	// Seed decides which incidents are chosen; nil is at random.
	Seed *uint64
	// DryRun changes nothing.
	DryRun bool
}

// BreakResult is what Break did, without what it broke.
type BreakResult struct {
	Cluster   string `json:"cluster"`
	Incidents int    `json:"incidents"`
	// Shop says that the incidents break an application in the namespace shop.
	Shop bool `json:"shop"`
	// Seed chooses the same incidents again, on a cluster of the same shape.
	Seed uint64 `json:"seed"`
	// Since is when the time to heal began; the zero time with DryRun.
	Since time.Time `json:"since,omitzero"`
}

// Break injects incidents into a cluster that kindctl made, and returns once a verification
// sees them. What was broken is not said. Heal undoes it; so does Reset. When Break fails or
// the context ends, everything is healed again.
func (c *Client) Break(ctx context.Context, o BreakOptions) (result BreakResult, err error) {
	choice := incidents.Choice{Only: o.Only, Levels: o.Levels, Count: cmp.Or(o.Count, max(1, len(o.Only))), Seed: randomSeed()}
	if o.Seed != nil {
		choice.Seed = *o.Seed
	}
	cluster, release, err := c.breakable(ctx, o.Name)
	if err != nil {
		return result, err
	}
	defer release()
	if earlier, err := incidents.Read(ctx, cluster.Nodes); err != nil {
		return result, err
	} else if earlier != nil {
		return result, hint.BreakOpen.New(fmt.Sprintf("cluster %s was broken before, and not healed since", cluster.Name),
			"first: kindctl break heal -n "+cluster.Name)
	}
	client, err := c.prepareBreak(ctx, cluster)
	if err != nil {
		return result, err
	}
	chosen, plan, err := cluster.Choose(choice)
	result = BreakResult{Cluster: cluster.Name, Incidents: plan.Incidents, Shop: plan.Shop, Seed: choice.Seed}
	if err != nil || o.DryRun {
		return result, err
	}
	record, err := cluster.Break(ctx, client, chosen, choice.Seed)
	if err == nil {
		result.Since = record.Ready
	}
	return result, err
}

func randomSeed() uint64 {
	var seed [4]byte // short, to be typed again
	_, _ = rand.Read(seed[:])
	return uint64(binary.BigEndian.Uint32(seed[:]))
}

// breakable locks a cluster of kindctl's that runs.
func (c *Client) breakable(ctx context.Context, name string) (cluster *incidents.Cluster, release func(), err error) {
	docker, found, err := c.existing(ctx, name)
	if err != nil {
		return nil, nil, err
	}
	inventory, err := docker.Inventory(ctx, found.Name)
	if err != nil {
		return nil, nil, err
	}
	metadata, made, err := inventory.Metadata()
	if err == nil && !made {
		err = hint.ClusterForeign.New(fmt.Sprintf("cluster %s was not made by kindctl, which breaks its own alone", found.Name),
			"make one to break: kindctl up -n lab")
	}
	if err == nil {
		err = errors.Join(metadata.EnsureTaken(found.Name), metadata.EnsureWhole(found.Name))
	}
	if err == nil {
		err = lifecycle.EnsureRunning(ctx, found)
	}
	if err != nil {
		return nil, nil, err
	}
	if release, err = runs.Lock(found.Name); err != nil {
		return nil, nil, err
	}
	return &incidents.Cluster{Name: found.Name, Nodes: inventory.Nodes, Version: c.options.Version, Sink: c.sink()}, release, nil
}

// prepareBreak asks a cluster what it should look like, and prepares its verification.
func (c *Client) prepareBreak(ctx context.Context, cluster *incidents.Cluster) (*kube.Client, error) {
	ref := ClusterRef{Name: cluster.Name}
	client, err := c.reach(ctx, ref)
	if err != nil {
		return nil, err
	}
	if cluster.Expect, err = c.discover(ctx, ref, client); err != nil {
		return nil, err
	}
	cluster.Checks = verify.Join(Checks(cluster.Expect.CNI), shop.Checks())
	cluster.Verify = func(ctx context.Context) (verify.Report, error) {
		run, err := c.WithSink(nil).verification(ctx, ref, client, cluster.Expect, verify.Selection{})
		if err != nil {
			return verify.Report{}, err
		}
		return run(ctx)
	}
	return client, nil
}

// opened is a cluster that was broken, locked, with its record.
func (c *Client) opened(ctx context.Context, name string) (cluster *incidents.Cluster, record *incidents.Record, release func(), err error) {
	cluster, release, err = c.breakable(ctx, name)
	if err != nil {
		return nil, nil, nil, err
	}
	record, err = incidents.Read(ctx, cluster.Nodes)
	if err == nil && record == nil {
		err = hint.NotBroken.New(fmt.Sprintf("nothing is broken in cluster %s by kindctl", cluster.Name), "break it: kindctl break -n "+cluster.Name)
	}
	if err != nil {
		release()
		return nil, nil, nil, err
	}
	return cluster, record, release, nil
}

// whole is opened for a break that came to its end.
func (c *Client) whole(ctx context.Context, name string) (cluster *incidents.Cluster, record *incidents.Record, release func(), err error) {
	cluster, record, release, err = c.opened(ctx, name)
	if err == nil && record.Ready.IsZero() {
		release()
		err = hint.BreakOpen.New(fmt.Sprintf("a break of cluster %s was interrupted", cluster.Name), "undo it: kindctl break heal -n "+cluster.Name)
	}
	return cluster, record, release, err
}

// Heal undoes what Break did in a cluster, "" is DefaultName, also what it began before its
// process was killed, and verifies the cluster. The report and the error are those of the
// verification.
func (c *Client) Heal(ctx context.Context, name string) (verify.Report, error) {
	cluster, record, release, err := c.opened(ctx, name)
	if err != nil {
		return verify.Report{Cluster: Context(cmp.Or(name, DefaultName))}, err
	}
	err = cluster.Heal(ctx, record)
	release() // a verification changes nothing
	if err != nil {
		return verify.Report{Cluster: Context(cluster.Name)}, err
	}
	return c.Verify(ctx, VerifyOptions{Cluster: ClusterRef{Name: cluster.Name}})
}

// BreakHint is one of the hints of an incident.
type BreakHint struct {
	// Incident is its number among those of the break, from 1, and Number that of the hint,
	// of Of.
	Incident int    `json:"incident"`
	Number   int    `json:"hint"`
	Of       int    `json:"of"`
	Text     string `json:"text"`
}

// Hint takes the next hint of an incident of a cluster, "" is DefaultName. Incidents count
// from 1; 0 is the first that has hints left. The score counts it.
func (c *Client) Hint(ctx context.Context, name string, incident int) (taken BreakHint, err error) {
	cluster, record, release, err := c.whole(ctx, name)
	if err != nil {
		return taken, err
	}
	defer release()
	if incident < 0 || incident > len(record.Incidents) {
		return taken, hint.BadFlag.New(fmt.Sprintf("there is no incident %d: the cluster has %d", incident, len(record.Incidents)), "count from 1, or leave --of out")
	}
	for at := range record.Incidents {
		if incident > 0 && at != incident-1 {
			continue
		}
		i := &record.Incidents[at]
		hints := hintsOf(i.ID)
		if i.Hints < len(hints) {
			i.Hints++
			return BreakHint{at + 1, i.Hints, len(hints), hints[i.Hints-1]}, cluster.Write(ctx, record)
		}
	}
	return taken, hint.NoHint.New("there are no more hints", "see what was broken: kindctl break reveal -n "+cluster.Name)
}

// hintsOf are the hints of an incident, the vaguest first.
func hintsOf(id string) []string {
	f, known := faults.Find(id)
	if !known {
		return nil
	}
	checks := incidentChecks()
	at := slices.IndexFunc(checks, func(check verify.Check) bool { return check.ID == f.Check })
	return []string{
		fmt.Sprintf("It is about %s. This does not hold any more: %s.", checks[at].Group, checks[at].Title),
		f.Story.Symptom,
		f.Story.Look,
	}
}

// BrokenIncident is what was broken.
type BrokenIncident struct {
	ID    string `json:"id"`
	Level Level  `json:"level"`
	// Check is the one that finds it, and What says what was done.
	Check string `json:"check"`
	What  string `json:"what"`
	// Symptom is what is seen; Lesson what it teaches; Repair what heals it by hand.
	Symptom string `json:"symptom"`
	Lesson  string `json:"lesson"`
	Repair  string `json:"repair"`
}

// Revealed is what was broken in a cluster.
type Revealed struct {
	Incidents []BrokenIncident `json:"incidents"`
	// Red are the checks that did not pass once it was broken, but for those that were blocked.
	Red []string `json:"red"`
}

// Reveal says what was broken in a cluster; "" is DefaultName. The score says that it was.
func (c *Client) Reveal(ctx context.Context, name string) (found Revealed, err error) {
	cluster, record, release, err := c.opened(ctx, name)
	if err != nil {
		return found, err
	}
	defer release()
	found.Red = append([]string{}, record.Red...)
	for _, i := range record.Incidents {
		f, known := faults.Find(i.ID)
		if !known {
			return found, hint.BreakUnreadable.New("this kindctl has no incident "+i.ID, "use the kindctl that broke the cluster")
		}
		found.Incidents = append(found.Incidents, BrokenIncident{
			f.ID, f.Story.Level, f.Check, f.What, f.Story.Symptom, f.Story.Lesson, f.Story.Repair,
		})
	}
	if record.Revealed.IsZero() {
		record.Revealed = time.Now()
		return found, cluster.Write(ctx, record)
	}
	return found, nil
}

// Broken says that a cluster was broken by Break.
type Broken struct {
	// Since is when the time to heal began; the zero time is a Break that was interrupted.
	Since     time.Time `json:"since,omitzero"`
	Incidents int       `json:"incidents"`
	// Green is when a verification of all checks passed first.
	Green time.Time `json:"green,omitzero"`
}

// Score is what became of a cluster since it was broken.
type Score struct {
	Cluster string `json:"cluster"`
	Broken
	// Passed says that all checks have passed since, and SecondsToGreen how long that took;
	// nil if they have not.
	Passed         bool   `json:"passed"`
	SecondsToGreen *int64 `json:"secondsToGreen"`
	// Hints is how many were taken, and Revealed says that it was told what was broken, before
	// all checks passed.
	Hints    int  `json:"hints"`
	Revealed bool `json:"revealed"`
	// Others are checks that failed on the way and are of no incident.
	Others []string `json:"others"`
	// Verifications counts those of all checks.
	Verifications int    `json:"verifications"`
	Seed          uint64 `json:"seed"`
}

// Score verifies a cluster that was broken, "" is DefaultName, unless all checks have passed
// before, and returns what became of it. The report is empty then, and the error that of the
// verification.
func (c *Client) Score(ctx context.Context, name string) (score Score, report verify.Report, err error) {
	cluster, record, release, err := c.whole(ctx, name)
	if err != nil {
		return score, report, err
	}
	release()
	var verdict error
	if record.Green.IsZero() {
		report, verdict = c.Verify(ctx, VerifyOptions{Cluster: ClusterRef{Name: cluster.Name}})
		if report.Started.IsZero() || ctx.Err() != nil {
			return score, report, verdict
		}
		if record, err = incidents.Read(ctx, cluster.Nodes); err != nil || record == nil {
			return score, report, errors.Join(verdict, err)
		}
	}
	score = Score{Cluster: cluster.Name, Broken: brokenOf(record), Passed: !record.Green.IsZero(), Hints: record.Hints(),
		Revealed: !record.Revealed.IsZero() && (record.Green.IsZero() || record.Revealed.Before(record.Green)),
		Others:   append([]string{}, record.Others...), Verifications: record.Verifications, Seed: record.Seed}
	if score.Passed {
		seconds := int64(record.Green.Sub(record.Ready).Round(time.Second) / time.Second)
		score.SecondsToGreen = &seconds
	}
	return score, report, verdict
}

func brokenOf(r *incidents.Record) Broken {
	return Broken{Since: r.Ready, Incidents: len(r.Incidents), Green: r.Green}
}

// checksOfShop are those of the shop, if a break has deployed it in a cluster in Docker.
func (c *Client) checksOfShop(ctx context.Context, r ClusterRef, client *kube.Client) ([]verify.Check, error) {
	if !r.inDocker() {
		return nil, nil
	}
	asking, cancel := context.WithTimeout(ctx, c.options.ContactTimeout)
	defer cancel()
	there, err := shop.Look(asking, client)
	if err != nil {
		return nil, c.explainUnreachable(ctx, r, client, err)
	}
	if there == shop.Shop {
		return shop.Checks(), nil
	}
	return nil, nil
}

// noteVerification has the record of a cluster that was broken count a verification of all
// checks, unless another command is at work on the cluster or there were none.
func (c *Client) noteVerification(ctx context.Context, name string, report verify.Report) {
	if report.Started.IsZero() || ctx.Err() != nil {
		return
	}
	if err := c.addVerification(ctx, name, report); err != nil && hint.ReasonOf(err) != hint.ClusterBusy.Name {
		c.warn("break", fmt.Sprintf("the score does not have this verification: %v", err))
	}
}

func (c *Client) addVerification(ctx context.Context, name string, report verify.Report) error {
	docker, err := c.open(ctx)
	if err != nil {
		return err
	}
	nodes, err := docker.Cluster(name).Nodes(ctx)
	if err != nil {
		return err
	}
	if record, err := incidents.Read(ctx, nodes); err != nil || record == nil || record.Ready.IsZero() {
		return err
	}
	release, err := runs.Lock(name)
	if err != nil {
		return err
	}
	defer release()
	record, err := incidents.Read(ctx, nodes) // once more, as it may have changed meanwhile
	if err != nil || record == nil {
		return err
	}
	record.Note(report, report.Started.Add(report.Duration))
	return (&incidents.Cluster{Nodes: nodes}).Write(ctx, record)
}
