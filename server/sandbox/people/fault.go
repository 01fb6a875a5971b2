package people

import (
	"net/http"
	"time"
)

// fault is an error answer in Google's form (google.rpc.Status with ErrorInfo).
type fault struct {
	code                    int
	status, reason, message string
	meta                    map[string]string
}

func refuse(code int, status, reason, message string) *fault {
	return &fault{code: code, status: status, reason: reason, message: message}
}

func invalid(message string) *fault {
	return refuse(http.StatusBadRequest, "INVALID_ARGUMENT", "", message)
}

func notFound() *fault {
	return refuse(http.StatusNotFound, "NOT_FOUND", "", "Requested entity was not found.")
}

// changed is the answer to an etag that is no more.
func changed() *fault {
	return refuse(http.StatusBadRequest, "FAILED_PRECONDITION", "failedPrecondition",
		"Request person.etag is different than the current person.etag. Clear local cache and get the latest person.")
}

func (f *fault) body() any {
	e := map[string]any{"code": f.code, "message": f.message, "status": f.status}
	if f.reason != "" {
		info := map[string]any{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": f.reason, "domain": "googleapis.com"}
		if f.meta != nil {
			info["metadata"] = f.meta
		}
		e["details"] = []any{info}
		e["errors"] = []any{map[string]any{"message": f.message, "domain": "global", "reason": f.reason}}
	}
	return map[string]any{"error": e}
}

// codes are those of google.rpc.Code that the parts of a batch are answered with.
var codes = map[string]int{"INVALID_ARGUMENT": 3, "NOT_FOUND": 5, "FAILED_PRECONDITION": 9}

// part is a fault inside a batch.
func (f *fault) part() map[string]any {
	out := map[string]any{"code": codes[f.status], "message": f.message}
	if f.reason != "" {
		out["details"] = []any{map[string]any{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": f.reason}}
	}
	return out
}

// window counts the requests of one kind in a minute.
type window struct {
	began time.Time
	n     int
}

// meter holds a request against the quotas per user and minute.
func (c *call) meter(reading bool) *fault {
	q := c.s.quirks
	kind, most, metric := "write", q.Writes, "CriticalWritesPerMinutePerProjectPerUser"
	if reading {
		kind, most, metric = "read", q.Reads, "CriticalReadsPerMinutePerProjectPerUser"
	}
	return c.count(kind, most, metric)
}

func (c *call) count(kind string, most int, metric string) *fault {
	now := c.s.now()
	w := c.u.spent[kind]
	if now.Sub(w.began) >= time.Minute {
		w = window{began: now}
	}
	w.n++
	c.u.spent[kind] = w
	if most == 0 || w.n <= most {
		return nil
	}
	f := refuse(http.StatusTooManyRequests, "RESOURCE_EXHAUSTED", "RATE_LIMIT_EXCEEDED", "Quota exceeded for quota metric and limit '"+metric+"'.")
	f.meta = map[string]string{"quota_limit": metric, "service": "people.googleapis.com"}
	if c.s.quirks.Forbidden {
		f.code, f.status, f.reason = http.StatusForbidden, "PERMISSION_DENIED", "rateLimitExceeded"
	}
	return f
}
