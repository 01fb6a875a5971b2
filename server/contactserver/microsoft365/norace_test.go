//go:build !race

package microsoft365

const slow = false
