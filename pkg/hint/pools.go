package hint

// Reasons that the pool of frozen clusters gives.
var (
	PoolMissing = pools.reason("POOL_MISSING", NotFound,
		"No pool is defined in this Docker.",
		"Define one: `kindctl pool set --size 2`.")
	PoolDiffers = pools.reason("POOL_DIFFERS", Usage,
		"Flags ask for another cluster than those in the pool. They were verified and frozen as they are.",
		"Leave these flags out; create the cluster without `--pool`; or define the pool again: `kindctl pool set`.")
	PoolImpossible = pools.reason("POOL_IMPOSSIBLE", Usage,
		"The configuration claims host resources that only one cluster can have: fixed ports, or directories with state.",
		"Leave that out of the configuration of the pool; the message names it.")
	PoolMemory = pools.reason("POOL_MEMORY", Preflight,
		"The host does not have the memory that the pool takes: about 0.5 GB for each frozen node, and more while a cluster is made.",
		"Stop something, or define a smaller pool: fewer clusters (`--size`) or fewer nodes.")
	PoolServed = pools.reason("POOL_SERVED", Usage,
		"`kindctl pool serve` was started while another one of the same version serves the same pool.",
		"Let the other one do it, or end it first: `systemctl --user stop kindctl-pool`, if it is the unit of docs/pool.md.")
	PoolFailed = pools.reason("POOL_FAILED", Creation,
		"A cluster was made and verified, and could not be frozen. It was removed.",
		"The message has the cause. Try again: `kindctl pool fill`.")
	PoolDamaged = pools.reason("POOL_DAMAGED", Usage,
		"The file with the definition of the pool was changed, or another kindctl wrote it in a format that this one does not read.",
		"Define the pool again: `kindctl pool set`.")
	ClusterPooled = pools.reason("CLUSTER_POOLED", Usage,
		"The cluster is frozen in the pool, and cannot be used before it is taken from there.",
		"Take a cluster: `kindctl up --pool`, which gives you one of those in the pool.")
)
