//go:build !unix

package storetest

import "syscall"

// unprivileged has nothing to do on systems without root.
func unprivileged(string) (*syscall.SysProcAttr, error) { return nil, nil }
