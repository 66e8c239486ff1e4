// Package runs keeps, in the user's cache, what commands have to clean up and which
// clusters they are at work on, so that commands do not disturb each other and gc finds
// what killed ones left. It also says where the user's data is.
package runs
