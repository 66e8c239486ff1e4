package hint

// Reasons that snapshots of clusters give.
var (
	SnapshotName = snapshots.reason("SNAPSHOT_NAME", Usage,
		"The name of a snapshot or of its cluster is empty or has characters with a special meaning to file systems or shells.",
		"Use lowercase letters, digits, `-` and `.`, with a letter or digit in front and at the end.")
	SnapshotMissing = snapshots.reason("SNAPSHOT_MISSING", NotFound,
		"The cluster has no snapshot of that name.",
		"`kindctl snapshot ls` lists them; `kindctl snapshot save NAME` takes one.")
	SnapshotExists = snapshots.reason("SNAPSHOT_EXISTS", Usage,
		"The cluster has a snapshot of that name already, and none is replaced without being asked.",
		"Choose another name, `--name` for `kindctl snapshot import`, or replace it: `--replace`.")
	SnapshotDamaged = snapshots.reason("SNAPSHOT_DAMAGED", Usage,
		"A file of the snapshot is missing, truncated or changed, or its manifest cannot be read. Nothing was touched.",
		"Use another snapshot, and remove this one: `kindctl snapshot rm NAME`.")
	SnapshotFormat = snapshots.reason("SNAPSHOT_FORMAT", Usage,
		"Another kindctl wrote the snapshot, in a format that this one does not read.",
		"Use the version of kindctl that took it, which the message names.")
	SnapshotFile = snapshots.reason("SNAPSHOT_FILE", Usage,
		"The file is not a snapshot that `kindctl snapshot export` wrote, or it is truncated or was changed. Nothing was imported.",
		"Copy the file again, whole, or write it again where the snapshot is: `kindctl snapshot export SNAPSHOT FILE`.")
	SnapshotRegistry = snapshots.reason("SNAPSHOT_REGISTRY", NotFound,
		"The registry does not have the snapshot, does not take one, or cannot be reached.",
		"Check the name. If the registry needs a login: `docker login`.")
	SnapshotForeign = snapshots.reason("SNAPSHOT_FOREIGN", Usage,
		"The snapshot is of another cluster of that name, of other nodes, or of another kind of machine.",
		"The message says what differs. Use another snapshot; or remove nodes that were added since (`kindctl node rm`), and add those that were removed "+
			"(`kindctl node add`, which takes the lowest free name).")
	SnapshotImpossible = snapshots.reason("SNAPSHOT_IMPOSSIBLE", Usage,
		"Nodes keep state where a snapshot does not reach: in directories of the host, or in further volumes.",
		"Leave such mounts out of the configuration; the message names them.")
	SnapshotFailed = snapshots.reason("SNAPSHOT_FAILED", Creation,
		"The nodes' data could not be copied or written. The cluster keeps running, and no snapshot is left.",
		"The message has the cause; is there space in `$XDG_DATA_HOME/kindctl/snapshots`, by default below `~/.local/share`?")
	ResetFailed = snapshots.reason("RESET_FAILED", Creation,
		"A cluster could not be brought back to a snapshot, and is as it was before.",
		"The message has the cause. Run the same command again: a reset begins from the start.")
	RestoreFailed = snapshots.reason("RESTORE_FAILED", Creation,
		"A snapshot could not be brought into the nodes of a new cluster. The cluster was removed again.",
		"The message has the cause; is there space where Docker keeps volumes?")
	RestoreImpossible = snapshots.reason("RESTORE_IMPOSSIBLE", Usage,
		"No new cluster can be made from the snapshot here: it is on another kind of machine, Docker has another node image, the nodes would have other names or addresses, "+
			"or an older kindctl took it. Nothing was made.",
		"The message says what is in the way, and the hint what to do.")
	SubnetTaken = snapshots.reason("SUBNET_TAKEN", Preflight,
		"The members of the saved cluster's etcd know each other by address, and another network has their subnet.",
		"Remove that network, once nothing is on it, or restore on another machine.")
	ResetUnfinished = snapshots.reason("RESET_UNFINISHED", Usage,
		"The process of a reset was killed, or the old data could not be put back after a failure, so that nodes may be of different times.",
		"Repeat it: `kindctl reset -n NAME --to SNAPSHOT`.")
	NoDataDir = snapshots.reason("NO_DATA_DIR", Preflight,
		"There is no place for snapshots and the pool: neither `XDG_DATA_HOME` nor a home directory is known.",
		"Set `HOME` or `XDG_DATA_HOME`.")
	DataUnwritable = snapshots.reason("DATA_UNWRITABLE", Preflight,
		"The directory of snapshots, or that of the pool, cannot be written or read.",
		"Correct its permissions, or set `XDG_DATA_HOME`.")
)
