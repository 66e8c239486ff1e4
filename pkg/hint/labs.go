package hint

// Reasons that labs give.
var (
	LabMissing = labs.reason("LAB_MISSING", NotFound,
		"There is no such folder.",
		"Name the folder that has the lab's `index.json`, or that of a course.")
	LabInvalid = labs.reason("LAB_INVALID", Usage,
		"The folder is no lab, or its `index.json` has errors: bad JSON, unknown keys, files that are missing.",
		"`kindctl lab lint DIR` lists every problem with file and line; [labs.md](labs.md) describes the format.")
	LabBackend = labs.reason("LAB_BACKEND", Usage,
		"The lab's `backend.imageid` is a machine that kindctl cannot provide, such as a plain Ubuntu.",
		"Use one that the hint lists; [labs.md](labs.md) describes them.")
)
