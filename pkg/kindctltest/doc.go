// Package kindctltest gives Go tests real clusters that are proven to work.
//
// New makes a cluster for one test and removes it when the test ends, however it
// ends; FromPool takes one that was made before. Shared gives many tests one cluster, also those of several packages that
// "go test" runs side by side; Main removes it at the end, and without Main it is
// kept for the next run. Fresh does that too, but tests take turns, and each gets the cluster
// as it was when it was created. Either way the kubeconfig is a file of the test's own,
// and the user's stays as it is. Progress goes to the test's log.
//
// An interrupt removes the clusters of New, and then the process gets the signal again:
// this package never ends it. What kills a process at once, such as the timeout of
// "go test", leaves clusters, which "kindctl gc" removes.
//
// The environment has its say, so that the same tests run anywhere:
//
//	KINDCTL_IMAGES, KINDCTL_IMAGE_REGISTRY  where images come from, as for the command
//	KINDCTL_RETAIN=1                        keep the cluster of a test that fails
//	KINDCTL_TEST_REQUIRE=1                  fail where there is no Docker, instead of skipping;
//	                                        CI=true means the same, and 0 means never
//
// With "go test -artifacts", a test that fails leaves its cluster's nodes, pods,
// events and logs among its artifacts.
package kindctltest
