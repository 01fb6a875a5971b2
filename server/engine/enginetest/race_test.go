//go:build race

package enginetest_test

// raceEnabled: the race detector makes everything slower, so fewer cells are
// played.
const raceEnabled = true
