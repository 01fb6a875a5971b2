package people

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// tokenLife is how long a sync token serves, from the full reading on.
const tokenLife = 7 * 24 * time.Hour

// token is what sync and page tokens hold.
type token struct {
	Epoch  string
	Full   time.Time // of the full reading that began it
	Since  int       // a sync token covers changes up to here; -1 lists everything
	Until  int       // of a page token: the change up to which its list goes
	From   int       // of a page token: where its page begins
	Params string    // of the first call
}

func (t token) String() string {
	data, err := json.Marshal(t)
	if err != nil {
		panic(err) // numbers and texts
	}
	return base64.RawURLEncoding.EncodeToString(data)
}

func parseToken(text string) (t token, ok bool) {
	data, err := base64.RawURLEncoding.DecodeString(text)
	return t, err == nil && json.Unmarshal(data, &t) == nil && t.Epoch != ""
}

// parameters are what must be the same in each call of a list.
func parameters(q url.Values) string {
	fields := strings.Split(q.Get("personFields"), ",")
	slices.Sort(fields)
	sources := slices.Sorted(slices.Values(q["sources"]))
	return strings.Join([]string{strings.Join(fields, ","), strings.Join(sources, ","), q.Get("pageSize"), q.Get("requestSyncToken"), q.Get("sortOrder")}, "|")
}

// connections is people.connections.list.
func (c *call) connections(string) (any, *fault) {
	q := c.URL.Query()
	wanted, wrong := mask(q.Get("personFields"), false)
	switch {
	case wrong != nil:
		return nil, wrong
	case len(wanted) == 0:
		return nil, invalid("personFields mask is required. Please specify one or more valid paths.")
	}
	size, wrong := pageSize(q, 100, 1000)
	if wrong != nil {
		return nil, wrong
	}
	sync := q.Get("requestSyncToken") == "true"
	if sync && q.Get("sortOrder") != "" {
		return nil, invalid("Sort order is not supported together with sync tokens.")
	}
	at := token{Epoch: c.u.Epoch, Full: c.s.now(), Since: -1, Until: c.s.visible(c.u), Params: parameters(q)}
	for _, name := range []string{"syncToken", "pageToken"} {
		text := q.Get(name)
		if text == "" {
			continue
		}
		t, ok := parseToken(text)
		expired := t.Epoch != c.u.Epoch || c.s.now().Sub(t.Full) >= tokenLife
		switch {
		case !ok:
			return nil, invalid("Invalid " + name + ".")
		case expired:
			return nil, c.expired()
		case t.Params != at.Params:
			return nil, invalid("Request parameters must match those of the request that gave the " + name + ".")
		case name == "syncToken":
			at.Full, at.Since = t.Full, t.Since
		default:
			at = t
		}
	}
	if sync && at.Since < 0 && at.From == 0 {
		if wrong := c.count("full", c.s.quirks.FullSyncs, "FullSyncRequestsPerMinutePerProjectPerUser"); wrong != nil {
			return nil, wrong
		}
	}
	return c.page(at, wanted, size, sync), nil
}

func (c *call) expired() *fault {
	code := http.StatusBadRequest
	if c.s.quirks.Gone {
		code = http.StatusGone
	}
	return refuse(code, "FAILED_PRECONDITION", "EXPIRED_SYNC_TOKEN", "Sync token is expired. Clear local cache and retry call without the sync token.")
}

// page gives one page of a list.
func (c *call) page(at token, wanted []string, size int, sync bool) map[string]any {
	var all []map[string]any
	for _, p := range c.u.sorted(at.Until) {
		v, ok := p.at(at.Until)
		if !ok || v.Seq <= at.Since {
			continue
		}
		switch there := !v.Gone && len(v.Fields["memberships"]) > 0; {
		case there:
			one := c.render(p, v, wanted, true)
			if m, ok := one["metadata"].(map[string]any); ok && at.Since >= 0 && len(p.Previous) > 0 {
				m["previousResourceNames"] = p.Previous
			}
			all = append(all, one)
		case at.Since >= 0:
			all = append(all, c.tombstone(p, v))
		}
	}
	end := min(at.From+size, len(all))
	out := map[string]any{}
	if end > at.From {
		out["connections"] = all[at.From:end]
	}
	if at.Since < 0 {
		out["totalItems"], out["totalPeople"] = len(all), len(all)
	}
	switch {
	case end < len(all):
		next := at
		next.From = end
		out["nextPageToken"] = next.String()
	case sync:
		out["nextSyncToken"] = token{Epoch: at.Epoch, Full: at.Full, Since: at.Until, Params: at.Params}.String()
	}
	return out
}

func pageSize(q url.Values, usual, most int) (int, *fault) {
	text := q.Get("pageSize")
	if text == "" {
		return usual, nil
	}
	n, err := strconv.Atoi(text)
	switch {
	case err != nil || n < 0 || n > most:
		return 0, invalid("Page size must be between 1 and " + strconv.Itoa(most) + ".")
	case n == 0:
		return usual, nil
	}
	return n, nil
}
