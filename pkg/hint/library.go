package hint

// Reasons that only Go programs meet.
var (
	BadEnvironment = library.reason("BAD_ENVIRONMENT", Usage,
		"A boolean variable of kindctltest has an invalid value.",
		"Set it to 1 or 0; [library.md](library.md) has the variables.")
	TestDeadline = library.reason("TEST_DEADLINE", Timeout,
		"The deadline of a Go test is too close to create and remove a cluster.",
		"Allow more time: `go test -timeout 30m`.")
)
