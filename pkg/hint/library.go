package hint

// Reasons that only Go programs meet.
var (
	BadEnvironment = library.reason("BAD_ENVIRONMENT", Usage,
		"A variable of `kindctltest` that is on or off has another value.",
		"Set it to 1 or 0; [library.md](library.md) has the variables.")
	TestDeadline = library.reason("TEST_DEADLINE", Timeout,
		"The deadline of a Go test is too near to create a cluster and to remove it.",
		"Allow more time: `go test -timeout 30m`.")
)
