package lab

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/kindctl/kindctl/internal/lab/format"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/verify"
)

// trial tries a lab for its author.
type trial struct {
	*Session
	group   string
	results []verify.Result
}

// Trial goes through a lab that has begun: the verify script of each step must fail at its
// beginning and after each wrong answer, and pass after the solution. The results are in a group.
// The error is about what kept it from an end. A step that has a verify script and cannot be
// solved ends it.
func (s *Session) Trial(ctx context.Context, group string) ([]verify.Result, error) {
	t := &trial{Session: s, group: group}
	for step := range s.Lab.Steps {
		solved, err := t.step(ctx, step+1)
		if err != nil {
			return t.results, err
		}
		if !solved {
			t.skipFrom(step + 2)
			break
		}
		if step+1 < len(s.Lab.Steps) {
			if err := s.save(ctx, step+2); err != nil {
				return t.results, err
			}
		}
		if err := s.enter(ctx, step+2); err != nil {
			return t.results, err
		}
	}
	return t.results, nil
}

// try does something and notes a result: cause is what is wrong, or "".
func (t *trial) try(id, title string, do func() (cause, advice string, err error)) error {
	span := event.Start(t.Sink, event.Event{Scope: event.Check, ID: id, Title: title})
	result := verify.Result{ID: id, Title: title, Group: t.group, Outcome: verify.Pass, Attempts: 1, Started: time.Now()}
	cause, advice, err := do()
	result.Duration = time.Since(result.Started)
	switch {
	case err != nil:
		result.Outcome, result.Cause = verify.Error, err.Error()
		span.Failed(err.Error(), "")
	case cause != "":
		result.Outcome, result.Cause, result.Hint = verify.Fail, cause, advice
		span.Failed(cause, advice)
	default:
		span.Done("")
	}
	t.results = append(t.results, result)
	return err
}

func (t *trial) skip(id, title, why string) {
	t.results = append(t.results, verify.Result{ID: id, Title: title, Group: t.group, Outcome: verify.Skip, Cause: why})
}

// skipFrom notes steps that could not be tried.
func (t *trial) skipFrom(step int) {
	for ; step <= len(t.Lab.Steps); step++ {
		t.skip(fmt.Sprintf("step%d", step), fmt.Sprintf("Step %d can be passed", step), "a step before it was not solved")
	}
}

// step tries one that has begun, and reports whether the next one can begin.
func (t *trial) step(ctx context.Context, step int) (solved bool, err error) {
	page := t.Lab.Steps[step-1]
	if page.Verify == "" {
		t.skip(page.Key, fmt.Sprintf("Step %d can be passed", step), "it has no verify script")
		return true, nil
	}
	err = t.try(page.Key+".before", fmt.Sprintf("Step %d fails its check before anything is done", step), func() (string, string, error) {
		return t.refused(ctx, step, "at the beginning of the step")
	})
	for i, wrong := range page.Wrong {
		if err == nil {
			err = t.wrong(ctx, step, i, wrong)
		}
	}
	if err != nil {
		return false, err
	}
	err = t.try(page.Key+".solution", fmt.Sprintf("Step %d passes its check after its solution", step), func() (cause, advice string, err error) {
		cause, advice, err = t.solution(ctx, step)
		solved = cause == "" && err == nil
		return cause, advice, err
	})
	if err != nil || page.Background == "" {
		return solved, err
	}
	return solved, t.try(page.Key+".background", fmt.Sprintf("The background script of step %d does not fail", step), func() (string, string, error) {
		return t.backgroundOf(ctx, page)
	})
}

// refused wants the verify script not to pass.
func (t *trial) refused(ctx context.Context, step int, when string) (cause, advice string, err error) {
	found, err := t.verify(ctx, step)
	switch {
	case err != nil:
		return "", "", err
	case found.Passed:
		return "the verify script passes " + when, "have it look for what the step asks for", nil
	case found.Late:
		return fmt.Sprintf("the verify script does not end within %s %s", t.Lab.Steps[step-1].Patience(), when), "let it look once; learners check again", nil
	}
	return "", "", nil
}

// wrong gives a wrong answer, and takes it back.
func (t *trial) wrong(ctx context.Context, step, index int, wrong format.Wrong) error {
	key := t.Lab.Steps[step-1].Key
	title := fmt.Sprintf("Step %d fails its check after wrong answer %d", step, index+1)
	if wrong.Title != "" {
		title += " (" + wrong.Title + ")"
	}
	err := t.try(fmt.Sprintf("%s.wrong%d", key, index+1), title, func() (string, string, error) {
		ended, err := t.run(ctx, wrong.Script, solutionPatience, nil)
		if err != nil {
			return "", "", err
		}
		if cause := ended.problem(wrong.Script, solutionPatience); cause != "" {
			return cause, "correct the script: a wrong answer is one that can be given", nil
		}
		return t.refused(ctx, step, "after it")
	})
	if err != nil {
		return err
	}
	return t.reset(ctx, step)
}

// solution solves a step.
func (t *trial) solution(ctx context.Context, step int) (cause, advice string, err error) {
	page := t.Lab.Steps[step-1]
	if page.Solution == "" {
		return "the step has a verify script and no solution", "add kindctl.solution to it in index.json", nil
	}
	ended, err := t.run(ctx, page.Solution, solutionPatience, nil)
	if err != nil {
		return "", "", err
	}
	if cause := ended.problem(page.Solution, solutionPatience); cause != "" {
		return cause, "correct the script", nil
	}
	found, err := t.verify(ctx, step)
	switch {
	case err != nil:
		return "", "", err
	case found.Late:
		return fmt.Sprintf("the verify script does not end within %s", page.Patience()), "let it look once; kindctl.timeout of the step allows more time", nil
	case !found.Passed:
		return "the verify script does not pass" + saying(found.Output), "correct the solution, or the verify script; does the solution wait for what it makes?", nil
	}
	return "", "", nil
}

// backgroundOf wants the background script of a page not to have failed.
func (t *trial) backgroundOf(ctx context.Context, page format.Page) (cause, advice string, err error) {
	all, err := t.Backgrounds(ctx)
	for _, one := range all {
		if one.Page == page.Key && one.Failed() {
			return fmt.Sprintf("%s failed with exit code %d%s", page.Background, one.Code, saying(one.Output)), "correct the script", nil
		}
	}
	return "", "", err
}

// problem says how a script has failed, or "".
func (o outcome) problem(file string, patience time.Duration) string {
	switch {
	case o.Late:
		return fmt.Sprintf("%s did not end within %s, and was ended", file, patience)
	case o.Code != 0:
		return fmt.Sprintf("%s failed with exit code %d%s", file, o.Code, saying(o.Output))
	}
	return ""
}

// saying is the last line of what a script has printed.
func saying(output string) string {
	lines := strings.Split(strings.TrimSpace(output), "\n")
	if last := lines[len(lines)-1]; last != "" {
		return ": " + last
	}
	return ""
}
