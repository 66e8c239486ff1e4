package hint

// Reasons that labs give.
var (
	LabMissing = labs.reason("LAB_MISSING", NotFound,
		"There is no such folder, no lab runs, or none of that name.",
		"`kindctl lab ls` lists the labs that run; `kindctl lab ls DIR` those of a course.")
	LabInvalid = labs.reason("LAB_INVALID", Usage,
		"The folder is no lab, or its `index.json` has errors: bad JSON, unknown keys, files that are missing.",
		"`kindctl lab lint DIR` lists every problem with file and line; [labs.md](labs.md) describes the format.")
	LabBackend = labs.reason("LAB_BACKEND", Usage,
		"The lab's `backend.imageid` is a machine that kindctl cannot provide, such as a plain Ubuntu.",
		"To run it on a cluster nevertheless, name one: `--backend kubernetes-kubeadm-1node`.")
	LabRuns = labs.reason("LAB_RUNS", Usage,
		"That lab runs already, or its cluster's name is taken.",
		"Go on with it: `kindctl lab show`. To begin from the start: `kindctl lab reset 1`; to remove it: `kindctl lab end`.")
	LabAmbiguous = labs.reason("LAB_AMBIGUOUS", Usage,
		"Several labs run, and the command does not say which one is meant.",
		"Name it: `-n NAME`; `kindctl lab ls` lists them.")
	LabStep = labs.reason("LAB_STEP", Usage,
		"The lab has no such step, or it has not begun.",
		"Steps begin one after the other, each when the one before has passed its check: `kindctl lab check`.")
	LabFinished = labs.reason("LAB_FINISHED", Usage,
		"Every step of the lab has passed.",
		"Go back to a step: `kindctl lab reset STEP`; or remove the lab: `kindctl lab end`.")
	LabNoHint = labs.reason("LAB_NO_HINT", Usage,
		"The step has no hints, or all of them were given.",
		"Read the step again: `kindctl lab show`. A solution may help: `kindctl lab solve`.")
	LabNoSolution = labs.reason("LAB_NO_SOLUTION", Usage,
		"The lab's author has given no solution for the step.",
		"Its text may have one: `kindctl lab show --details`.")
	LabCheckFailed = labs.reason("LAB_CHECK_FAILED", Verification,
		"The step's verify script did not pass.",
		"Do what the step asks for, and check again. `kindctl lab show` has its text, `kindctl lab hint` may have help.")
	LabCheckTimeout = labs.reason("LAB_CHECK_TIMEOUT", Timeout,
		"The step's verify script did not end in time, and was ended. The step has not passed.",
		"The script may wait for something that the step asks for. If it never ends, it is the author's to correct; `kindctl.timeout` of the step allows more time.")
	LabScriptFailed = labs.reason("LAB_SCRIPT_FAILED", Creation,
		"A script of the lab could not be run in its cluster, or a solution failed.",
		"The message has its last lines. See whether the cluster works: `kindctl verify -n NAME`.")
	LabTestFailed = labs.reason("LAB_TEST_FAILED", Verification,
		"In `kindctl lab test`, a verify script passed before its solution, did not pass after it, or passed after a wrong answer; or a script failed.",
		"The table names each case with what was seen.")
	LabState = labs.reason("LAB_STATE", Internal,
		"The progress of a lab cannot be read or written.",
		"Check the permissions of `$XDG_DATA_HOME/kindctl/labs`, by default below `~/.local/share`; `kindctl lab end` removes what is there.")
)
