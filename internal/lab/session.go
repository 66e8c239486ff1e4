package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kindctl/kindctl/internal/lab/format"
	"github.com/kindctl/kindctl/internal/lab/hosts"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

// Cluster is the one that a lab runs on.
type Cluster interface {
	// Save keeps the cluster as it is, under a name, in place of what has that name.
	Save(ctx context.Context, name string) error
	// Reset brings it back.
	Reset(ctx context.Context, name string) error
}

// Session is a lab that runs.
type Session struct {
	Lab   format.Lab
	State *State
	// Keep writes the State down; it is called after each change.
	Keep    func(State) error
	Cluster Cluster
	// Hosts are the machines of the lab, the control plane first.
	Hosts []hosts.Host
	// Out gets what foreground scripts print.
	Out  io.Writer
	Sink event.Sink
}

// foregroundPatience bounds a foreground script: one that waits for a background script that has
// failed never ends.
const foregroundPatience = 10 * time.Minute

// solutionPatience bounds a solution, and a wrong answer.
const solutionPatience = 5 * time.Minute

// snapshotName is that of the beginning of a step.
func snapshotName(step int) string { return fmt.Sprintf("lab-step-%d", step) }

func (s *Session) host() hosts.Host { return s.Hosts[0] }

// phase does a part of the work and reports it.
func (s *Session) phase(id, title string, work func() error) error {
	span := event.Start(s.Sink, event.Event{Scope: event.Phase, ID: id, Title: title})
	err := work()
	if err != nil {
		span.Failed(err.Error(), hint.AdviceOf(err))
		return err
	}
	span.Done("")
	return nil
}

func (s *Session) warn(message, advice string) {
	event.Warn(s.Sink, event.Phase, "lab", message, advice)
}

// Start prepares the hosts, and begins the intro and the first step. The beginning of the first
// step is that of the lab.
func (s *Session) Start(ctx context.Context) error {
	s.State.Steps = make([]Progress, len(s.Lab.Steps))
	if err := s.phase("hosts", "Prepare the hosts", func() error { return s.prepare(ctx) }); err != nil {
		return err
	}
	if len(s.Lab.Assets) > 0 {
		if err := s.phase("assets", "Copy the assets", func() error { return s.copyAssets(ctx) }); err != nil {
			return err
		}
	}
	if len(s.Lab.Steps) > 0 {
		if err := s.save(ctx, 1); err != nil {
			return err
		}
	}
	return s.enterFirst(ctx)
}

// enterFirst runs the scripts of the intro and of the first step.
func (s *Session) enterFirst(ctx context.Context) error {
	s.State.Current = 0
	if s.Lab.Intro != nil {
		if err := s.scripts(ctx, *s.Lab.Intro); err != nil {
			return err
		}
	}
	return s.enter(ctx, 1)
}

// enter begins a step, or after the last one the finish.
func (s *Session) enter(ctx context.Context, step int) error {
	s.State.Current = step
	page := s.Lab.Finish
	if step <= len(s.Lab.Steps) {
		page = &s.Lab.Steps[step-1]
		s.State.Steps[step-1].Began = time.Now().UTC()
	}
	if err := s.Keep(*s.State); err != nil || page == nil {
		return err
	}
	return s.scripts(ctx, *page)
}

// scripts runs those with which a page begins.
func (s *Session) scripts(ctx context.Context, page format.Page) error {
	if page.Background != "" {
		if err := s.background(ctx, page); err != nil {
			return err
		}
	}
	if page.Foreground == "" {
		return nil
	}
	ended, err := s.run(ctx, page.Foreground, foregroundPatience, s.Out)
	switch {
	case err != nil:
		return err
	case ended.Late:
		s.warn(fmt.Sprintf("the foreground script of %s did not end within %s, and was ended", page.Key, foregroundPatience), "")
	case ended.Code != 0:
		s.warn(fmt.Sprintf("the foreground script of %s failed with exit code %d", page.Key, ended.Code), "")
	}
	return nil
}

// begun are the pages that have.
func (s *Session) begun() (pages []format.Page) {
	if s.Lab.Intro != nil {
		pages = append(pages, *s.Lab.Intro)
	}
	pages = append(pages, s.Lab.Steps[:min(max(s.State.Current, 0), len(s.Lab.Steps))]...)
	if s.State.Finished() && s.Lab.Finish != nil {
		pages = append(pages, *s.Lab.Finish)
	}
	return pages
}

// Prepare makes the nodes hosts of the lab, if they are not, as after a start.
func (s *Session) Prepare(ctx context.Context) error {
	for _, host := range s.Hosts {
		is, err := host.Prepared(ctx)
		if err != nil {
			return s.failed(err, "prepare")
		}
		if !is {
			return s.prepare(ctx)
		}
	}
	return nil
}

func (s *Session) prepare(ctx context.Context) error {
	if err := hosts.Prepare(ctx, s.Hosts, s.State.Key); err != nil {
		return s.failed(err, "prepare")
	}
	return nil
}

// copyAssets brings the lab's files to its hosts.
func (s *Session) copyAssets(ctx context.Context) error {
	for _, asset := range s.Lab.Assets {
		if asset.Host > len(s.Hosts) {
			return hint.LabInvalid.New(fmt.Sprintf("assets are for host %d, and the lab has %d", asset.Host, len(s.Hosts)), "see kindctl lab lint")
		}
		target := asset.Target
		if rest, is := strings.CutPrefix(target, "~"); is {
			target = "/root" + rest
		}
		var files []hosts.File
		chmod := []string{"chmod", asset.Chmod}
		for _, name := range asset.Files {
			content, err := fs.ReadFile(s.Lab.Files, path.Join("assets", name))
			if err != nil {
				return hint.LabInvalid.Wrap(err, "an asset of the lab cannot be read", "see kindctl lab lint")
			}
			to := path.Join(target, path.Base(name))
			files = append(files, hosts.File{Path: to, Mode: 0o644, Content: content})
			chmod = append(chmod, to)
		}
		host := s.Hosts[asset.Host-1]
		if err := host.Write(ctx, files...); err != nil {
			return s.failed(err, "assets")
		}
		if asset.Chmod == "" {
			continue
		}
		output, code, err := host.Node.Exec(ctx, chmod...)
		if err == nil && code != 0 {
			err = hint.LabInvalid.New(fmt.Sprintf("chmod %s of assets: %s", asset.Chmod, output), "correct chmod in index.json")
		}
		if err != nil {
			return s.failed(err, "assets")
		}
	}
	return nil
}

// tmpArchive keeps what is in /tmp, which is in memory and in no snapshot.
const tmpArchive = "/var/lib/kindctl-lab/tmp.tar"

// save keeps the beginning of a step.
func (s *Session) save(ctx context.Context, step int) error {
	backgrounds, err := s.Backgrounds(ctx)
	if err != nil {
		return err
	}
	var running []string
	for _, one := range backgrounds {
		if !one.Ended {
			running = append(running, one.Page)
		}
	}
	s.State.Steps[step-1].Running = running
	keep := "mkdir -p $(dirname " + tmpArchive + ") && tar --create --file " + tmpArchive + " --directory /tmp . 2>/dev/null || true"
	if err := s.everywhere(ctx, keep); err != nil {
		return err
	}
	return s.Cluster.Save(ctx, snapshotName(step))
}

func (s *Session) everywhere(ctx context.Context, command string) error {
	group, bounded := errgroup.WithContext(ctx)
	for _, host := range s.Hosts {
		group.Go(func() error {
			output, code, err := host.Node.Exec(bounded, "sh", "-c", command)
			if err == nil && code != 0 {
				err = errors.New(output)
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return s.failed(err, "tmp")
	}
	return nil
}

// CheckResult is what a check of a step has found.
type CheckResult struct {
	// Step is its number, from 1.
	Step   int
	Passed bool
	// Late says that the verify script did not end in time, and was ended.
	Late bool
	// Output is the end of what the verify script has printed.
	Output string
	// Unchecked says that the step has no verify script.
	Unchecked bool
	// Backgrounds are background scripts that have failed.
	Backgrounds []Background
	// Began says that the check has begun the next step, or the finish.
	Began bool
}

// current is the step that is meant: 0 is the one that has begun last.
func (s *Session) current(step int) (int, error) {
	switch {
	case len(s.Lab.Steps) == 0:
		return 0, hint.LabStep.New("the lab has no steps", "look around: kindctl lab shell")
	case step == 0 && s.State.Finished():
		return 0, hint.LabFinished.New("every step of the lab has passed", "go back to a step: kindctl lab reset STEP; or remove the lab: kindctl lab end")
	case step == 0:
		return max(s.State.Current, 1), nil
	case step < 1 || step > len(s.Lab.Steps):
		return 0, hint.LabStep.New(fmt.Sprintf("the lab has no step %d: it has %d", step, len(s.Lab.Steps)), "leave it out for the current one")
	case step > s.State.Current:
		return 0, hint.LabStep.New(fmt.Sprintf("step %d has not begun: the current one is %d", step, s.State.Current), "pass that first: kindctl lab check")
	}
	return step, nil
}

// Check runs the verify script of a step; 0 is the current one. When that passes, the next one
// begins. A step that does not pass is no error.
func (s *Session) Check(ctx context.Context, step int) (result CheckResult, err error) {
	if step, err = s.current(step); err != nil {
		return result, err
	}
	if err := s.Prepare(ctx); err != nil {
		return result, err
	}
	if result, err = s.verify(ctx, step); err != nil {
		return result, err
	}
	progress := &s.State.Steps[step-1]
	progress.Checks++
	if !result.Passed || step != s.State.Current {
		return result, s.Keep(*s.State)
	}
	progress.Passed = time.Now().UTC()
	progress.Points = s.points(step)
	result.Began = true
	if step < len(s.Lab.Steps) {
		err := s.save(ctx, step+1)
		if err != nil && ctx.Err() != nil {
			return result, err
		}
		s.State.Steps[step].Unsaved = err != nil
		if err != nil { // what a step asks for may be a cluster that cannot be saved
			s.warn(fmt.Sprintf("step %d cannot be reset, because its beginning could not be saved: %v", step+1, err),
				fmt.Sprintf("go back further, if you have to: kindctl lab reset %d", step))
		}
	}
	return result, s.enter(ctx, step+1)
}

// verify runs the verify script of a step, and changes nothing.
func (s *Session) verify(ctx context.Context, step int) (result CheckResult, err error) {
	page := s.Lab.Steps[step-1]
	result = CheckResult{Step: step, Unchecked: page.Verify == "", Passed: page.Verify == ""}
	backgrounds, err := s.Backgrounds(ctx)
	if err != nil {
		return result, err
	}
	result.Backgrounds = slices.DeleteFunc(backgrounds, func(b Background) bool { return !b.Failed() })
	if result.Unchecked {
		return result, nil
	}
	ended, err := s.run(ctx, page.Verify, page.Patience(), nil)
	result.Passed, result.Late, result.Output = ended.Code == 0 && err == nil, ended.Late, ended.Output
	return result, err
}

// points are those of a step that passes now.
func (s *Session) points(step int) int {
	page, progress := s.Lab.Steps[step-1], s.State.Steps[step-1]
	if progress.Solved {
		return 0
	}
	points := page.Points
	for _, one := range page.Hints[:min(progress.Hints, len(page.Hints))] {
		points -= one.Cost
	}
	return max(points, 0)
}

// GivenHint is a hint for the current step.
type GivenHint struct {
	// Number is its own, from 1, and Of how many there are.
	Number, Of int
	// Text is Markdown.
	Text string
	// Cost is how many points it has cost.
	Cost int
}

// Hint gives the next hint for the current step. Those of a lab that has none of kindctl's are
// the details of its text.
func (s *Session) Hint() (GivenHint, error) {
	step, err := s.current(0)
	if err != nil {
		return GivenHint{}, err
	}
	page, progress := s.Lab.Steps[step-1], &s.State.Steps[step-1]
	var texts []string
	for _, one := range page.Hints {
		text, err := s.Lab.Read(s.State.Language, one.Text)
		if err != nil {
			return GivenHint{}, hint.LabInvalid.Wrap(err, "a hint of the lab is gone", "")
		}
		texts = append(texts, text)
	}
	if len(page.Hints) == 0 {
		text, err := s.Lab.Read(s.State.Language, page.Text)
		if err != nil {
			return GivenHint{}, hint.LabInvalid.Wrap(err, "the text of the step is gone", "")
		}
		for _, one := range format.DetailsIn(text) {
			texts = append(texts, fmt.Sprintf("**%s**\n\n%s", one.Summary, one.Text))
		}
	}
	if progress.Hints >= len(texts) {
		message, advice := fmt.Sprintf("step %d has no hints", step), "read it again: kindctl lab show"
		if len(texts) > 0 {
			message = fmt.Sprintf("all %d hints for step %d were given", len(texts), step)
		}
		if page.Solution != "" {
			advice = "have the step solved: kindctl lab solve"
		}
		return GivenHint{}, hint.LabNoHint.New(message, advice)
	}
	given := GivenHint{Number: progress.Hints + 1, Of: len(texts), Text: texts[progress.Hints]}
	if len(page.Hints) > 0 {
		given.Cost = page.Hints[progress.Hints].Cost
	}
	progress.Hints++
	return given, s.Keep(*s.State)
}

// Solve runs the lab's own solution of the current step, which has no points then.
func (s *Session) Solve(ctx context.Context) (step int, err error) {
	if step, err = s.current(0); err != nil {
		return 0, err
	}
	page := s.Lab.Steps[step-1]
	if page.Solution == "" {
		return step, hint.LabNoSolution.New(fmt.Sprintf("the lab has no solution for step %d", step), "its text may have one: kindctl lab show --details")
	}
	if err := s.Prepare(ctx); err != nil {
		return step, err
	}
	s.State.Steps[step-1].Solved = true
	if err := s.Keep(*s.State); err != nil {
		return step, err
	}
	ended, err := s.run(ctx, page.Solution, solutionPatience, s.Out)
	switch {
	case err != nil:
		return step, err
	case ended.Late:
		return step, hint.LabScriptFailed.New(fmt.Sprintf("the solution of step %d did not end within %s, and was ended", step, solutionPatience), "go back to its beginning: kindctl lab reset")
	case ended.Code != 0:
		return step, hint.LabScriptFailed.New(fmt.Sprintf("the solution of step %d failed with exit code %d", step, ended.Code), "go back to its beginning, and try again: kindctl lab reset")
	}
	return step, nil
}

// Reset brings the lab back to the beginning of a step; 0 is the current one. Hints that were
// given stay given.
func (s *Session) Reset(ctx context.Context, step int) (int, error) {
	if step == 0 && s.State.Finished() {
		step = len(s.Lab.Steps)
	}
	step, err := s.current(step)
	if err != nil {
		return 0, err
	}
	if s.State.Steps[step-1].Unsaved {
		return 0, hint.LabStep.New(fmt.Sprintf("the beginning of step %d could not be saved", step),
			fmt.Sprintf("go back further: kindctl lab reset %d", step-1))
	}
	return step, s.reset(ctx, step)
}

func (s *Session) reset(ctx context.Context, step int) error {
	if err := s.Cluster.Reset(ctx, snapshotName(step)); err != nil {
		return err
	}
	for i := step - 1; i < len(s.State.Steps); i++ {
		old := s.State.Steps[i]
		s.State.Steps[i] = Progress{Hints: old.Hints, Solved: old.Solved, Checks: old.Checks}
		if i == step-1 {
			s.State.Steps[i].Running = old.Running
		}
	}
	s.State.Current = step
	if err := s.Keep(*s.State); err != nil {
		return err
	}
	if err := s.prepare(ctx); err != nil {
		return err
	}
	if err := s.everywhere(ctx, "tar --extract --file "+tmpArchive+" --directory /tmp"); err != nil {
		return err
	}
	if step == 1 {
		return s.enterFirst(ctx)
	}
	for _, page := range s.begun() {
		if slices.Contains(s.State.Steps[step-1].Running, page.Key) {
			if err := s.background(ctx, page); err != nil {
				return err
			}
		}
	}
	return s.enter(ctx, step)
}

// IsSnapshot reports whether a snapshot is one that a lab has saved.
func IsSnapshot(name string) bool { return strings.HasPrefix(name, "lab-step-") }
