package hint

// Reasons that lie in the command line, and in the files that a command writes.
var (
	UnknownCommand = commandLine.reason("UNKNOWN_COMMAND", Usage,
		"kindctl has no such command.",
		"`kindctl --help` lists the commands; the message names the one that was probably meant.")
	BadFlag = commandLine.reason("BAD_FLAG", Usage,
		"A flag is unknown, lacks its value, has a value that is not allowed, or excludes another one.",
		"The message says which it is, and the hint what is allowed. `kindctl COMMAND --help` lists the flags of a command.")
	UnexpectedArgument = commandLine.reason("UNEXPECTED_ARGUMENT", Usage,
		"The command takes no such argument, or another number of arguments. A flag without its dashes is an argument as well.",
		"Leave it out, or write the flag with two dashes.")
	NoShell = commandLine.reason("NO_SHELL", Usage,
		"`kindctl completion` was given no shell, or several.",
		"Name one: `kindctl completion bash`.")
	UnknownShell = commandLine.reason("UNKNOWN_SHELL", Usage,
		"kindctl has no completion for that shell.",
		"The hint lists the shells that have one.")
	NoCommand = commandLine.reason("NO_COMMAND", Usage,
		"`kindctl run` was given no command.",
		"Name it after two dashes: `kindctl run -- go test ./...`.")
	CommandMissing = commandLine.reason("COMMAND_MISSING", Usage,
		"The command of `kindctl run` is not in `PATH`, or may not be executed. No cluster was created.",
		"Check its name and its permissions.")
	CommandFailed = commandLine.reason("COMMAND_FAILED", OfCommand,
		"The command of `kindctl run`, or the shell of `kindctl lab shell`, failed. kindctl exits with its exit code, or with 128 and the number of the signal that "+
			"ended it.",
		"Its own output says why. The hint names the directory with what was kept of the cluster, with the verdict of every "+
			"check.")
	CommandBroken = commandLine.reason("COMMAND_BROKEN", Internal,
		"The operating system could not run the command of `kindctl run`, although it is there.",
		"The message has the system's error; a script may lack its interpreter, or a program may be for another architecture.")
	NoFile = commandLine.reason("NO_FILE", Usage,
		"`kindctl config validate` was given no file.",
		"Name one, or `-` for standard input.")
	NoImage = commandLine.reason("NO_IMAGE", Usage,
		"`kindctl load` was given neither an image nor an archive.",
		"Name what to load: `kindctl load NAME:TAG`.")
	NoNode = commandLine.reason("NO_NODE", Usage,
		"`kindctl node rm` was given no node.",
		"Name some; `kindctl get nodes` lists them.")
	CNIUnknown = commandLine.reason("CNI_UNKNOWN", Usage,
		"kindctl does not know that CNI.",
		"The hint lists those that it knows. For another one use `--cni none`, and install it yourself.")
	ImagesMode = commandLine.reason("IMAGES_MODE", Usage,
		"There is no such source of images.",
		"The hint lists the values of `--images`; [images.md](images.md) describes them.")
	NetworkName = commandLine.reason("NETWORK_NAME", Usage,
		"Docker does not take that as the name of a network.",
		"Use letters, digits, `_`, `.` and `-`, beginning with a letter or a digit.")
	CheckUnknown = commandLine.reason("CHECK_UNKNOWN", Usage,
		"`--only` or `--skip` names a check or a group that does not exist.",
		"`kindctl verify --list` lists them; so does [checks.md](checks.md).")
	CheckElsewhere = commandLine.reason("CHECK_ELSEWHERE", Usage,
		"`--only` names a check of another CNI than the cluster has.",
		"`kindctl verify --list` with `--cni` lists the checks that a CNI has.")
	NothingSelected = commandLine.reason("NOTHING_SELECTED", Usage,
		"`--only`, `--skip` and `--quick` together leave no check.",
		"Leave one of them out; `kindctl verify --list` lists the checks.")
	CNIDiffers = commandLine.reason("CNI_DIFFERS", Usage,
		"`--cni` of `kindctl verify` names another CNI than the cluster has.",
		"Leave `--cni` out, or look at another cluster.")
	DifferenceUnknown = commandLine.reason("DIFFERENCE_UNKNOWN", Usage,
		"`kindctl accept` names a check that finds no differences.",
		"The hint lists the checks that do.")
	NotDifferent = commandLine.reason("NOT_DIFFERENT", Usage,
		"`kindctl accept` names a difference that the cluster does not have now.",
		"`kindctl verify` shows the differences that there are, each with the command that accepts it.")
	NotAccepted = commandLine.reason("NOT_ACCEPTED", Usage,
		"`kindctl accept --undo` names a difference that has not been accepted.",
		"`kindctl accept --list` lists what is accepted.")
	FileExists = commandLine.reason("FILE_EXISTS", Usage,
		"There is a file already where the command would write one.",
		"Name another file, or remove it.")
	FileUnwritable = commandLine.reason("FILE_UNWRITABLE", Usage,
		"The file that the command is to write cannot be created.",
		"Correct the permissions of its directory, or name another file.")
	FileFailed = commandLine.reason("FILE_FAILED", Internal,
		"Writing the file failed half way, mostly because the disk is full.",
		"Make room (`df`), then run the command again.")
	ArtifactsUnwritable = commandLine.reason("ARTIFACTS_UNWRITABLE", Usage,
		"The directory for logs and other artifacts cannot be written.",
		"Correct its permissions, or name another one: `--artifacts`, or the argument of `kindctl export logs`.")
	ReportUnwritable = commandLine.reason("REPORT_UNWRITABLE", Usage,
		"A file of `--report` or `--trace` cannot be created.",
		"Correct the permissions of its directory, or name another file.")
	ReportFailed = commandLine.reason("REPORT_FAILED", Internal,
		"A report, the timeline or the summary of a GitHub step could not be written in the end, mostly because the disk is "+
			"full.",
		"Make room (`df`). For the summary, look at what `GITHUB_STEP_SUMMARY` names, or unset it.")
)
