// Package host looks at the machine that runs the nodes: whether Docker
// answers, what its kernel can do, how much room there is. It finds out before
// anything is created what would otherwise fail half way.
package host
