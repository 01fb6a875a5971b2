package kit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Keeper is a sandbox whose state can be kept in a file.
type Keeper interface {
	// Changes grows with every change of what Save writes.
	Changes() uint64
	Save(file string) error
}

// Keep saves k to file, at most once per interval and only after a change,
// until ctx ends; then it saves once more and returns.
func Keep(ctx context.Context, k Keeper, file string, interval time.Duration) error {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	var saved uint64
	save := func() error {
		n := k.Changes()
		if n == saved {
			return nil
		}
		if err := k.Save(file); err != nil {
			return err
		}
		saved = n
		return nil
	}
	for {
		select {
		case <-ctx.Done():
			return save()
		case <-ticker.C:
			if err := save(); err != nil {
				return err
			}
		}
	}
}

// SaveJSON writes v to a file that only its owner can read. The file is
// replaced as a whole, so that a crash leaves the old or the new one.
func SaveJSON(file string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("the sandbox's state cannot be written as JSON: %w", err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*")
	if err != nil {
		return fmt.Errorf("the sandbox's state cannot be saved: %w", err)
	}
	_, err = tmp.Write(data)
	if err = errors.Join(err, tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), file)
	}
	if err != nil {
		_ = os.Remove(tmp.Name()) // the first error is the one to tell
		return fmt.Errorf("the sandbox's state cannot be saved: %w", err)
	}
	return nil
}

// LoadJSON reads what SaveJSON wrote. A file that does not exist is no error:
// found is false and v is left as it is.
func LoadJSON(file string, v any) (found bool, err error) {
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("the sandbox's state cannot be read: %w", err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		return false, fmt.Errorf("the sandbox's state in %s is damaged; delete the file to start anew: %w", file, err)
	}
	return true, nil
}
