//go:build race

package microsoft365

// slow is set under the race detector, for which thousands of contacts are too
// many.
const slow = true
