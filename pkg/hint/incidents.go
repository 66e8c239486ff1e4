package hint

// Reasons that incidents give.
var (
	IncidentUnknown = incidents.reason("INCIDENT_UNKNOWN", NotFound,
		"There is no incident of that ID.",
		"`kindctl break list --all` lists them; [incidents.md](incidents.md) describes each.")
	NoIncident = incidents.reason("NO_INCIDENT", Usage,
		"No incident of those that were asked for fits the cluster, by its CNI, mode of kube-proxy, nodes or etcd, or as many as were asked for would hide each other.",
		"`kindctl break list -n NAME` lists those that fit. Ask for fewer, or for another level.")
	BreakOpen = incidents.reason("BREAK_OPEN", Usage,
		"The cluster was broken before, and has not been healed by `kindctl break heal` since.",
		"Heal it first: `kindctl break heal -n NAME`. It also removes what is left of an incident that you have solved.")
	NotBroken = incidents.reason("NOT_BROKEN", NotFound,
		"Nothing was broken in the cluster by `kindctl break`, or it was healed since.",
		"`kindctl break -n NAME` breaks it.")
	NoHint = incidents.reason("NO_HINT", NotFound,
		"All hints of the incident have been given.",
		"`kindctl break reveal -n NAME` says what was broken.")
	BreakFailed = incidents.reason("BREAK_FAILED", Creation,
		"An incident could not be injected. What had been injected was healed again.",
		"The message has the cause. `kindctl verify -n NAME` says whether the cluster was healthy before.")
	BreakUnseen = incidents.reason("BREAK_UNSEEN", Creation,
		"An incident was injected, and its check did not show it. It was healed again.",
		"Was the cluster healthy? `kindctl verify -n NAME`. A check that is blocked by another fault shows nothing.")
	BreakUnreadable = incidents.reason("BREAK_UNREADABLE", Usage,
		"The sealed record of what was broken in the cluster was changed, or another kindctl wrote it in a format that this one does not read.",
		"Use the version of kindctl that broke the cluster, go back to a snapshot (`kindctl reset -n NAME`), or recreate the cluster.")
	HealFailed = incidents.reason("HEAL_FAILED", Creation,
		"Something that `kindctl break` did could not be undone. The record of it is kept.",
		"Run `kindctl break heal -n NAME` again, or go back to a snapshot: `kindctl reset -n NAME`.")
	ShopTaken = incidents.reason("SHOP_TAKEN", Usage,
		"The application that some incidents break would be in the namespace `shop`, and the cluster has one.",
		"Delete that namespace, or choose incidents that do without: `kindctl break list` marks those with the shop.")
)
