package espocrm

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash/fnv"
	"iter"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"tandem/server/contact"
)

const (
	// maxPage is the most that a server gives at once, unless it says less.
	maxPage = 200
	// overlap is read again each time, because a change may become visible
	// later than one with a later time.
	overlap = 2 * time.Second
	// maxRestarts is how often the listing of one moment is begun again.
	maxRestarts = 5
)

// walk lists rows by an ascending time, from since on ("" for everything), in
// a set that people change meanwhile.
//
// Offsets alone would lose a row for each one that leaves the pages behind. So
// each page begins at the last time seen, with offset 0: whatever moved, what
// is still there lies at or after that time. Rows may come twice. Only where
// one moment fills a whole page is an offset used; then pages share a row, and
// where that row is not in its place the moment is listed again.
func (b *book) walk(ctx context.Context, by, since string, attributes []string) iter.Seq2[[]row, error] {
	return func(yield func([]row, error) bool) {
		offset, last, restarts := 0, "", 0
		for {
			size := b.size()
			rows, err := b.page(ctx, by, since, offset, size, attributes)
			if err != nil {
				if b.shrink(err) {
					continue
				}
				yield(nil, err)
				return
			}
			if offset > 0 && (len(rows) == 0 || rows[0].ID != last) {
				if restarts++; restarts > maxRestarts {
					yield(nil, &contact.Error{Kind: contact.ErrUnavailable,
						Message: "The list in EspoCRM kept changing while it was read. The next run tries again."})
					return
				}
				offset = 0
				continue
			}
			if !yield(rows, nil) || len(rows) < size {
				return
			}
			final := rows[len(rows)-1]
			at := final.ModifiedAt
			if by == "createdAt" {
				at = final.CreatedAt
			}
			if at > since {
				offset, since = 0, at
			} else {
				offset += len(rows) - 1
			}
			last = final.ID
		}
	}
}

// page reads one page of the scope.
func (b *book) page(ctx context.Context, by, since string, offset, size int, attributes []string) ([]row, error) {
	q := selection(attributes)
	q.Set("orderBy", by)
	q.Set("order", "asc")
	q.Set("offset", strconv.Itoa(offset))
	q.Set("maxSize", strconv.Itoa(size))
	if b.mine {
		q.Set("boolFilterList[]", "onlyMy")
	}
	if since != "" {
		q.Set("whereGroup[0][type]", "greaterThanOrEquals")
		q.Set("whereGroup[0][attribute]", by)
		q.Set("whereGroup[0][value]", since)
	}
	return b.list(ctx, b.shape.entity, q)
}

// limitPattern reads the server's own word on its greatest page.
var limitPattern = regexp.MustCompile(`should not exceed (\d+)`)

// shrink takes in a server's smaller page size, and says whether err told one.
func (b *book) shrink(err error) bool {
	var told status
	if !errors.As(err, &told) {
		return false
	}
	m := limitPattern.FindStringSubmatch(told.reason)
	if m == nil {
		return false
	}
	n, _ := strconv.Atoi(m[1])
	b.mu.Lock()
	defer b.mu.Unlock()
	if n < 2 || n >= b.pageSize {
		return false
	}
	b.pageSize = n
	return true
}

func (b *book) size() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.pageSize
}

// cursor is the latest modification seen, and what was seen at or shortly
// before it, so that it is not reported again.
type cursor struct {
	Format int    `json:"v"`
	At     string `json:"at"`
	// Seen are eight bytes for each ID and version.
	Seen string `json:"seen,omitempty"`

	seen map[uint64]bool
}

func parseCursor(raw contact.Cursor) (*cursor, error) {
	c := &cursor{seen: map[uint64]bool{}}
	if raw == nil {
		return c, nil
	}
	err := json.Unmarshal(raw, c)
	sums, err2 := base64.RawStdEncoding.DecodeString(c.Seen)
	if err = errors.Join(err, err2); err != nil || c.Format != 1 || c.At != "" && moment(c.At).IsZero() {
		return nil, &contact.Error{Kind: contact.ErrCursorExpired, Cause: err}
	}
	for ; len(sums) >= 8; sums = sums[8:] {
		c.seen[binary.BigEndian.Uint64(sums)] = true
	}
	return c, nil
}

// since is where the next listing begins.
func (c *cursor) since() string {
	if c.At == "" {
		return ""
	}
	return moment(c.At).Add(-overlap).Format(stamp)
}

func (c *cursor) marshal(recent map[contact.ID]row) contact.Cursor {
	var sums []byte
	since := c.since()
	for _, r := range recent {
		if r.ModifiedAt >= since {
			sums = binary.BigEndian.AppendUint64(sums, sum(&r))
		}
	}
	out, _ := json.Marshal(cursor{Format: 1, At: c.At, Seen: base64.RawStdEncoding.EncodeToString(sums)})
	return out
}

func sum(r *row) uint64 {
	h := fnv.New64a()
	h.Write([]byte(r.ID + " " + string(r.version())))
	return h.Sum64()
}

// Changes implements contact.Book.
func (b *book) Changes(ctx context.Context, raw contact.Cursor) iter.Seq2[contact.Page, error] {
	return func(yield func(contact.Page, error) bool) {
		from, err := parseCursor(raw)
		if err == nil {
			_, err = b.identity(ctx)
		}
		if err != nil {
			yield(contact.Page{}, err)
			return
		}
		next := *from
		recent := map[contact.ID]row{} // the last rows, by ID
		for rows, err := range b.walk(ctx, "modifiedAt", from.since(), b.shape.listed) {
			if err != nil {
				yield(contact.Page{}, err)
				return
			}
			var fresh []row
			for _, r := range rows {
				before, again := recent[contact.ID(r.ID)]
				if !from.seen[sum(&r)] && (!again || sum(&before) != sum(&r)) {
					fresh = append(fresh, r)
				}
				recent[contact.ID(r.ID)] = r
				next.At = max(next.At, r.ModifiedAt)
			}
			changes, err := b.changes(ctx, fresh)
			if err != nil {
				yield(contact.Page{}, err)
				return
			}
			if len(changes) > 0 && !yield(contact.Page{Changes: changes, Full: raw == nil}, nil) {
				return
			}
			prune(recent, next.since())
		}
		yield(contact.Page{Full: raw == nil, Next: next.marshal(recent)}, nil)
	}
}

// prune forgets rows that no later page can repeat.
func prune(recent map[contact.ID]row, since string) {
	if len(recent) < 10*maxPage {
		return
	}
	for id, r := range recent {
		if r.ModifiedAt < since {
			delete(recent, id)
		}
	}
}

// changes reads what a list showed. A record that is gone by now, or may not be
// read, is left out: absence is the sweep's matter.
func (b *book) changes(ctx context.Context, rows []row) ([]contact.Change, error) {
	var out []contact.Change
	var ids []contact.ID
	for _, r := range rows {
		if r.converted() {
			out = append(out, contact.Change{Kind: contact.Converted, ID: contact.ID(r.ID), Into: contact.ID(r.CreatedContactID)})
			continue
		}
		ids = append(ids, contact.ID(r.ID))
	}
	who, err := b.identity(ctx)
	if err != nil {
		return nil, err
	}
	full, _, err := b.fetch(ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, r := range full {
		switch {
		case r == nil:
		case r.converted():
			out = append(out, contact.Change{Kind: contact.Converted, ID: contact.ID(r.ID), Into: contact.ID(r.CreatedContactID)})
		case b.mine && r.AssignedUserID != who.User.ID:
			out = append(out, contact.Change{Kind: contact.LeftScope, ID: contact.ID(r.ID)})
		default:
			out = append(out, contact.Change{Kind: contact.Changed, ID: contact.ID(r.ID), Record: b.record(who, r)})
		}
	}
	return out, nil
}

// Sweep implements contact.Sweeper. The order is that of creation, which no
// edit alters.
func (b *book) Sweep(ctx context.Context) iter.Seq2[[]contact.Stamp, error] {
	return func(yield func([]contact.Stamp, error) bool) {
		for rows, err := range b.walk(ctx, "createdAt", "", b.shape.listed) {
			if err != nil {
				yield(nil, err)
				return
			}
			stamps := make([]contact.Stamp, len(rows))
			for i, r := range rows {
				stamps[i] = contact.Stamp{ID: contact.ID(r.ID), Version: r.version()}
			}
			if !yield(stamps, nil) {
				return
			}
		}
	}
}

// selection asks a list for some attributes. EspoCRM's newer names of both
// parameters are used, because firewalls block the older ones.
func selection(attributes []string) url.Values {
	return url.Values{"attributeSelect": {strings.Join(attributes, ",")}}
}
